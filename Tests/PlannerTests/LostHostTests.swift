import SpecModel
import Testing

@testable import Planner

/// What is known of hosts that have left the spec, or were lost and come back.
@Suite("Hosts that are lost")
struct LostHostTests {
  private static func spec(hosts: [String] = ["alpha", "beta", "gamma"], _ vms: String) -> String {
    Scenario.header(hosts: hosts)
      + "pools: {nas: {path: /srv/nas, shared: true}, local: {path: /srv/local}}\n"
      + "defaults: {memory: 1GiB, pool: nas, disks: {root: {size: 1GiB}}}\nvms:\n\(vms)"
  }

  private static func fleet() -> SimulatedFleet {
    var fleet = SimulatedFleet([SimulatedHost("alpha"), SimulatedHost("beta"), SimulatedHost("gamma")])
    fleet.sharedPools = ["nas"]
    return fleet
  }

  private static func options(fenced: String) throws -> SitePlanner.Options {
    var options = SitePlanner.Options()
    options.fenced = [try ResourceName(parsing: fenced)]
    return options
  }

  @Test("a host that leaves the spec with a VM is as good as out of reach, until somebody vouches for it")
  func former() throws {
    let both = Self.spec("  web: {host: any}\n  db: {host: gamma}\n")
    var scenario = try Scenario.applied(both, on: Self.fleet())
    let without = Self.spec(hosts: ["alpha", "beta"], "  web: {host: any}\n  db: {host: any}\n")
    let plan = try scenario.plan(without)
    #expect(plan.isEmpty && plan.unknown.map(\.host.rawValue) == ["gamma"])
    #expect(plan.unknown.first?.machines.map(\.rawValue) == ["db"])
    // Nothing is said to belong to nobody, and nothing of it can be deleted.
    let gone = Self.spec(hosts: ["alpha", "beta"], "  web: {host: any}\n")
    let consent = try scenario.plan(gone, allowsDataLoss: true)
    #expect(consent.changes.isEmpty && consent.unknown.count == 1)
    let fenced = try scenario.plan(without, try Self.options(fenced: "gamma"))
    #expect(fenced.changes.contains { $0.action == .create && $0.address.name == "db" })
    scenario.fleet.run(fenced)
    scenario.fleet.expectNoViolations()
    let after = try scenario.plan(without)
    #expect(after.isEmpty && after.unknown.isEmpty, "\(PlanText(after).render())")
  }

  @Test("a host whose VMs have left may leave the spec, too")
  func emptied() throws {
    var scenario = try Scenario.applied(
      Self.spec("  web: {host: alpha}\n  db: {host: gamma}\n"), on: Self.fleet())
    let moved = Self.spec("  web: {host: alpha}\n  db: {host: beta}\n")
    _ = try scenario.text(moved)
    let plan = try scenario.plan(
      Self.spec(hosts: ["alpha", "beta"], "  web: {host: alpha}\n  db: {host: beta}\n"))
    #expect(plan.isEmpty && plan.unknown.isEmpty, "\(PlanText(plan).render())")
    // So may one whose last VM was removed.
    _ = try scenario.text(Self.spec("  db: {host: beta}\n"))
    let one = try scenario.plan(Self.spec(hosts: ["beta", "gamma"], "  db: {host: beta}\n"))
    #expect(one.unknown.isEmpty)
  }

  @Test("of a VM that was started elsewhere, what the lost host has counts no more, whichever is off")
  func comesBack() throws {
    let spec = Self.spec("  web: {host: [alpha, beta]}\n")
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let fenced = try scenario.plan(spec, try Self.options(fenced: "alpha"), lost: ["alpha"])
    #expect(fenced.changes.contains { $0.action == .create && $0.address.host.rawValue == "beta" })
    scenario.fleet.run(fenced)
    scenario.fleet["alpha"].guests = [:]
    try scenario.fleet["beta"].stop("web")
    let off = spec.with("[alpha, beta]}", "[alpha, beta], state: off}")
    let back = try scenario.apply(off)
    #expect(
      back.changes.contains {
        $0.action == .delete && $0.address.name == "web" && $0.address.host.rawValue == "alpha"
      },
      "\(PlanText(back).render())")
    #expect(try scenario.fleet["beta"].machine("web").name == "web")
    let second = try scenario.plan(off)
    #expect(second.isEmpty, "\(PlanText(second).render())")
    #expect(scenario.fleet["beta"].notes["nas"]?.contains { $0.hasSuffix(".lost") } != true)
  }

  /// A VM that was to be copied from `gamma` to `alpha`, of which nobody knows any more.
  private static func cutOff() throws -> (Scenario, String) {
    let spec = Self.spec("  web: {host: gamma, pool: local}\n")
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let volumes = scenario.fleet["gamma"].state.pools.filter { $0.name == "local" }.flatMap(\.volumes)
    let notes = Set(volumes.map { Identity.movingName(of: $0.name) })
    try scenario.fleet["alpha"].changePool("local") { $0.volumes += volumes }
    for host in ["alpha", "gamma"] { scenario.fleet[host].notes["local"] = notes }
    return (scenario, spec.with("host: gamma", "host: alpha"))
  }

  @Test("a copy that was cut off is never taken for the disk, whatever becomes of the VM")
  func torso() throws {
    var (scenario, spec) = try Self.cutOff()
    // Its host is dead: the VM is left out, as one with disks of its host's own.
    let fenced = try scenario.plan(spec, try Self.options(fenced: "gamma"), lost: ["gamma"])
    #expect(fenced.changes.isEmpty && fenced.unknown.first?.machines.map(\.rawValue) == ["web"])
    // Its definition is gone: nobody knows which disk is whole.
    scenario.fleet["gamma"].state.machines = []
    scenario.fleet["gamma"].guests = [:]
    #expect(
      try scenario.refusal(spec).contains(
        "disk.web.root cannot be used again: a move of its VM was cut off, and /srv/local/web.root-"))
  }

  @Test("a VM that went back to its host before its move was over moves again")
  func thereAndBack() throws {
    let there = Self.spec("  web: {host: alpha}\n")
    var scenario = try Scenario.applied(there, on: Self.fleet())
    // What was about to arrive on the new host is there still.
    let machine = try scenario.fleet["alpha"].machine("web")
    scenario.fleet["beta"].state.machines.append(machine)
    let moved = Self.spec("  web: {host: beta}\n")
    let plan = try scenario.apply(moved)
    #expect(plan.summary.moves == 1)
    #expect(try scenario.plan(moved).isEmpty)
  }

  @Test("a guest that was started only to be moved is no change that somebody made")
  func onlyMoved() throws {
    let spec = Self.spec("  web: {host: alpha, state: off}\n")
    var scenario = try Scenario.applied(spec, on: Self.fleet())
    let machine = try scenario.fleet["alpha"].machine("web")
    var guest = machine
    guest.settings.state = .paused
    guest.transit = .off
    scenario.fleet["alpha"].guests[machine.uuid] = guest
    let text = try scenario.text(spec)
    #expect(text.contains("~ state  started for a move → off") && !text.contains("last applied"), "\(text)")
  }
}

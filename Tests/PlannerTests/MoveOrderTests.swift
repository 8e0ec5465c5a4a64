import SpecModel
import Testing

@testable import Planner

/// VMs that are in each other's way, and moves that are asked for on the command line.
@Suite("Order of moves")
struct MoveOrderTests {
  /// - Parameter room: of the third host.
  private static func header(room: String? = nil) -> String {
    let third = room.map { "  gamma: {uri: qemu+tls://gamma/system, reserve: {memory: \($0)}}\n" } ?? ""
    return """
      virtform: 1
      stack: shop
      hosts:
        alpha: {uri: qemu+tls://alpha/system, reserve: {memory: 5GiB}}
        beta: {uri: qemu+tls://beta/system, reserve: {memory: 5GiB}}
      \(third)pools: {main: {path: /srv/main}}

      """
  }

  private static func fleet() -> SimulatedFleet {
    var hosts = ["alpha", "beta", "gamma"].map { SimulatedHost($0) }
    for index in hosts.indices {
      hosts[index].state.capabilities.cpus = 4
      hosts[index].state.capabilities.memory = .gibibytes(8)
    }
    return SimulatedFleet(hosts)
  }

  private static let apart = "vms: {a: {host: beta, memory: 2GiB}, b: {host: alpha, memory: 2GiB}}\n"
  private static let swapped = "vms:\n  a: {host: alpha, memory: 2GiB}\n  b: {host: beta, memory: 2GiB}\n"

  @Test("VMs that the spec has change places do so over a third host, in two runs")
  func swap() throws {
    var scenario = try Scenario.applied(Self.header(room: "1GiB") + Self.apart, on: Self.fleet())
    let spec = Self.header(room: "1GiB") + Self.swapped
    let plan = try scenario.apply(spec)
    expect(
      PlanText(plan).render(),
      is: """
        alpha
          > vm.a  # the spec has it on host 'alpha'
              ~ host  beta → alpha, live  (live)

        gamma
          > vm.b  # makes way: it goes on to host 'beta' in the next run
              ~ host  alpha → gamma, live  (live)

        Plan: 0 to add, 0 to change, 2 to move, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    // Where they make way is no word of the spec's: it says the same when it is planned again.
    #expect(plan.placement == [:])
    #expect(
      try scenario.apply(spec).changes.map { "\($0.address) on \($0.address.host)" } == ["vm.b on beta"])
    #expect(try scenario.plan(spec).isEmpty)
  }

  @Test("VMs that can change places over no host are told of, and never taken to be where they are wanted")
  func deadlock() throws {
    for room in [nil, "7GiB"] {
      let header = Self.header(room: room)
      let scenario = try Scenario.applied(header + Self.apart, on: Self.fleet())
      let line = room == nil ? 8 : 9
      expect(
        try scenario.refusal(header + Self.swapped),
        is: """
          site.yaml:\(line):13: error: VMs 'a', 'b' wait for each other and cannot move: each needs room that another of them has, and no other host has room for one meanwhile
            \(line) |   a: {host: alpha, memory: 2GiB}
              |             ^
            help: once VM 'a' is stopped (state: off), the others can move; or give another host room for it

          """)
    }
    // As the help says.
    var scenario = try Scenario.applied(Self.header() + Self.apart, on: Self.fleet())
    try scenario.apply(Self.header() + Self.swapped.with("a: {host: alpha,", "a: {host: alpha, state: off,"))
    try scenario.apply(Self.header() + Self.swapped)
    #expect(try scenario.plan(Self.header() + Self.swapped).isEmpty)
  }

  @Test("who asks for moves gets those and what they need; others are told of")
  func asked() throws {
    let start =
      Self.header(room: "1GiB") + "vms:\n  a: {host: any, memory: 1GiB}\n  b: {host: alpha, memory: 1GiB}\n"
    var scenario = try Scenario.applied(start, on: Self.fleet())
    let spec = start.with("b: {host: alpha,", "b: {host: beta,").with(
      "a: {host: any,", "a: {host: [alpha, beta, gamma],")
    let home = try #require(
      scenario.fleet.hosts.first { $0.value.state.machines.contains { $0.name == "a" } }?.key)
    let other = try #require(["beta", "gamma"].first { $0 != home })
    var options = SitePlanner.Options()
    options.destinations = [try ResourceName(parsing: "a"): try ResourceName(parsing: other)]
    options.isOnlyMoves = true
    let plan = try scenario.plan(spec, options)
    #expect(plan.changes.map { "\($0.address) on \($0.address.host)" } == ["vm.a on \(other)"])
    #expect(
      plan.notes.map { "\($0.address) on \($0.address.host): \($0.text)" } == [
        "vm.b on beta: moves here with the next apply: this run makes the moves that it was asked for"
      ])
    #expect(plan.partial?.omitted == 1)
    scenario.fleet.run(plan)
    #expect(try scenario.plan(spec).changes.map(\.address.name) == ["b"])
    // The spec's own host of a VM may be asked for, too.
    options.destinations = [try ResourceName(parsing: "b"): try ResourceName(parsing: "beta")]
    #expect(try scenario.plan(spec, options).changes.map(\.address.name) == ["b"])
  }

  @Test("a VM that moves is found on its new host, and the message says so")
  func target() throws {
    let start = Self.header() + "vms: {a: {host: alpha, memory: 1GiB}}\n"
    let scenario = try Scenario.applied(start, on: Self.fleet())
    var options = SitePlanner.Options()
    options.scope = PlanScope(targets: [try AddressPattern(parsing: "alpha/vm.a")], excluded: [])
    do {
      let plan = try scenario.plan(start.with("host: alpha", "host: beta"), options)
      Issue.record("planned: \(PlanText(plan).render())")
    } catch let failure as SitePlanner.Failure {
      #expect(
        failure.diagnostics.map(\.message) == [
          "VM 'a' moves from host 'alpha' to 'beta', and is planned there"
        ])
      #expect(failure.diagnostics.first?.help == "write beta/vm.a")
    }
  }

  @Test("while a VM has no place, nothing is said of its disks")
  func noPlace() throws {
    let start =
      Self.header() + "vms:\n  a: {host: [beta], memory: 1GiB, disks: {root: {size: 1GiB}}}\n"
    var scenario = try Scenario.applied(start, on: Self.fleet())
    // An overlay of the file that lies where the spec has the VM now.
    let volume = try #require(scenario.fleet["beta"].state.pools.first?.volumes.first)
    try scenario.fleet["alpha"].changePool("main") { pool in
      pool.volumes = [volume]
      pool.foreignBackingPaths = [volume.path]
    }
    let spec =
      start.with("host: [beta]", "host: [alpha]").with(
        "reserve: {memory: 5GiB}}\n  beta", "state: drained}\n  beta")
    expect(
      try scenario.refusal(spec),
      is: """
        site.yaml:8:13: error: there is no place for VM 'a': no host takes it (alpha: is drained; beta: is not among those that the spec allows and that can run it)
          8 |   a: {host: [alpha], memory: 1GiB, disks: {root: {size: 1GiB}}}
            |             ^
          help: any of these would be enough: VM 'a' on host 'beta', if the spec allowed it there; VMs on host 'alpha' again, not drained

        """)
  }

  @Test(
    "what is in the way of a copy goes with the consent that the message names, in a run without the move")
  func obstacle() throws {
    let start = Self.header() + "vms:\n  a: {host: alpha, memory: 1GiB, disks: {root: {size: 1GiB}}}\n"
    var scenario = try Scenario.applied(start, on: Self.fleet())
    let volume = try #require(scenario.fleet["alpha"].state.pools.first?.volumes.first)
    try scenario.fleet["beta"].changePool("main") { $0.volumes.append(volume) }
    let moved = start.with("host: alpha", "host: beta")
    let refusal = try scenario.refusal(moved)
    let consent = "in a run in which the VM does not move, --allow-data-loss-of beta/disk.a.root deletes it"
    #expect(refusal.contains(consent), "\(refusal)")
    var options = SitePlanner.Options()
    options.dataLoss = .only([try AddressPattern(parsing: "beta/disk.a.root")])
    let plan = try scenario.plan(start, options)
    #expect(
      plan.changes.map { "\($0.action) \($0.address) on \($0.address.host)" } == [
        "delete disk.a.root on beta"
      ])
    scenario.fleet.run(plan)
    #expect(try scenario.apply(moved).summary.moves == 1)
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// What each rule of a policy forbids, and how that reads.
@Suite("Policies")
struct PolicyTests {
  /// Thursday, 2026-11-26 14:05 in UTC.
  private static let now = Date(timeIntervalSince1970: 1_795_701_900)

  /// What the plan of `spec` with `policy` breaks, as people see it; `size` is that of all hosts.
  private func breaches(
    _ scenario: Scenario, _ spec: String, _ policy: String, _ options: SitePlanner.Options = .init(),
    size: (cpus: Int, memory: ByteCount)? = nil, at time: Date = now
  ) throws -> [String] {
    let spec = spec + "policy: {\(policy)}\n"
    let site = try Scenario.site(spec)
    var states = scenario.fleet.states(for: site)
    for index in states.indices {
      (states[index].capabilities.cpus, states[index].capabilities.memory) = (size?.cpus, size?.memory)
    }
    let plan = try scenario.plan(spec, options).checked(against: site, hosts: states, at: time)
    return plan.breaches.map { "\($0.text): \($0.places)" }
  }

  private static let counted = Specs.web.with("web:\n", "web:\n    count: 3\n").with(
    "10.0.0.11", "10.0.0.11+")

  @Test("data_loss: forbid counts over any consent")
  func dataLoss() throws {
    let scenario = try Scenario.applied(Specs.web)
    let spec = Specs.web.without("vms:") + "\n"
    #expect(try breaches(scenario, spec, "data_loss: forbid") == [])
    #expect(
      try breaches(scenario, spec, "data_loss: forbid", .init(allowsDataLoss: true)) == [
        "data_loss (site.yaml:10:10): content would be lost, which no consent allows: disk.web.root on alpha"
      ])
  }

  @Test("max_changes counts all objects, and objects in a row are told in short")
  func changes() throws {
    #expect(try breaches(Scenario(), Self.counted, "max_changes: 8") == [])
    #expect(
      try breaches(Scenario(), Self.counted, "max_changes: 7") == [
        "max_changes (site.yaml:15:10): 8 objects change, and 7 may at most: pool.main on alpha, disk.web-1.root … disk.web-3.root on alpha, network.lan on alpha, vm.web-1 … vm.web-3 on alpha"
      ])
  }

  @Test("max_removals counts what is removed, and none may be none")
  func removals() throws {
    let scenario = try Scenario.applied(Self.counted)
    let spec = Self.counted.with("count: 3", "count: 1")
    #expect(try breaches(scenario, spec, "max_removals: 2") == [])
    #expect(
      try breaches(scenario, spec, "max_removals: 0") == [
        "max_removals (site.yaml:15:10): 2 objects are removed, and none may: vm.web-2 … vm.web-3 on alpha"
      ])
  }

  @Test("max_replacements counts VMs")
  func replacements() throws {
    let scenario = try Scenario.applied(Specs.web)
    var options = SitePlanner.Options(allowsDataLoss: true)
    options.replaced = [try AddressPattern(parsing: "vm.web")]
    #expect(try breaches(scenario, Specs.web, "max_replacements: 1", options) == [])
    #expect(
      try breaches(scenario, Specs.web, "max_replacements: 0", options) == [
        "max_replacements (site.yaml:14:10): 1 VM is replaced, and none may: vm.web on alpha"
      ])
  }

  @Test("max_restarts counts guests that stop and start, not changes that wait for a restart")
  func restarts() throws {
    let scenario = try Scenario.applied(Self.counted)
    let spec = Self.counted.with("memory: 2GiB", "memory: 3GiB")
    #expect(try breaches(scenario, spec, "max_restarts: 2") == [])
    #expect(
      try breaches(scenario, spec, "max_restarts: 2", .init(restarts: true)) == [
        "max_restarts (site.yaml:15:10): 3 guests restart, and 2 may at most: vm.web-1 … vm.web-3 on alpha"
      ])
    #expect(try breaches(scenario, spec, "max_restarts: 3", .init(restarts: true)) == [])
  }

  @Test("restart_window holds back restarts alone, and says what time it is")
  func window() throws {
    let scenario = try Scenario.applied(Specs.web)
    let spec = Specs.web.with("memory: 2GiB", "memory: 3GiB")
    let policy = #"restart_window: {days: [sat, sun], from: "22:00", to: "05:00", zone: Europe/Berlin}"#
    #expect(try breaches(scenario, spec, policy) == [])
    let text =
      "restart_window (site.yaml:14:10): 1 guest restarts, and it is Thu 15:05 (Europe/Berlin): they may on sat, sun from 22:00 to 05:00 (Europe/Berlin): vm.web on alpha"
    #expect(try breaches(scenario, spec, policy, .init(restarts: true)) == [text])
    let saturday = Self.now.addingTimeInterval(2 * 86_400 + 7 * 3600)
    #expect(try breaches(scenario, spec, policy, .init(restarts: true), at: saturday) == [])
  }

  @Test("of several windows one has to be open, and all that other places say, too")
  func windows() throws {
    let scenario = try Scenario.applied(Specs.web)
    let spec = Specs.web.with("memory: 2GiB", "memory: 3GiB")
    let open = #"{days: [thu], from: "14:00", to: "15:00"}"#
    let policy = "restart_window: [{days: [sat]}, \(open)]"
    #expect(try breaches(scenario, spec, policy, .init(restarts: true)) == [])
    let site = try Scenario.site(spec + "policy: {restart_window: {days: [sat]}}\n")
    let plan = try scenario.plan(spec, .init(restarts: true))
    let stop = try #require(plan.restarts.first)
    #expect(
      plan.hold(on: stop, of: site.policy, at: Self.now)
        == "restart_window (site.yaml:14:10): it is Thu 14:05 (UTC): they may on sat (UTC)")
    // What was stopped is started, come what may.
    for step in plan.steps where step.id != stop.id {
      #expect(plan.hold(on: step, of: site.policy, at: Self.now) == nil)
    }
  }

  @Test("overcommit counts the VMs that run after the plan, and names those that take more")
  func overcommit() throws {
    let spec = Self.counted.with("memory: 2GiB", "memory: 2GiB\n    cpus: 2")
    let policy = "overcommit: {cpus: 1.5, memory: 1}"
    #expect(try breaches(Scenario(), spec, policy, size: (4, .gibibytes(6))) == [])
    #expect(
      try breaches(Scenario(), spec, policy, size: (3, .gibibytes(5))) == [
        "overcommit.cpus (site.yaml:16:23): the VMs that run on host 'alpha' would have 6 vCPUs, and 4 vCPUs may be: 1.5 times its 3 CPUs: vm.web-1 … vm.web-3 on alpha",
        "overcommit.memory (site.yaml:16:34): the VMs that run on host 'alpha' would have 6 GiB, and 5 GiB may be: 1 times its 5 GiB: vm.web-1 … vm.web-3 on alpha",
      ])
    #expect(
      try breaches(Scenario(), spec, "overcommit: {cpus: 8}") == [
        "overcommit.cpus (site.yaml:16:23): host 'alpha' does not say what CPUs it has: vm.web-1 … vm.web-3 on alpha"
      ])
    // VMs that are off take nothing.
    let off = spec.with("cpus: 2", "cpus: 2\n    state: off")
    #expect(try breaches(Scenario(), off, policy, size: (1, .gibibytes(1))) == [])
  }

  @Test("a host that has too much already may be relieved, and not be given more")
  func overcommittedHost() throws {
    let scenario = try Scenario.applied(Self.counted)
    let policy = "overcommit: {memory: 1}"
    let fewer = Self.counted.with("count: 3", "count: 2")
    #expect(try breaches(scenario, fewer, policy, size: (8, .gibibytes(1))) == [])
    let more = Self.counted.with("count: 3", "count: 4")
    #expect(
      try breaches(scenario, more, policy, size: (8, .gibibytes(1))) == [
        "overcommit.memory (site.yaml:15:23): the VMs that run on host 'alpha' would have 8 GiB, and 1 GiB may be: 1 times its 1 GiB: vm.web-4 on alpha"
      ])
  }

  @Test("labels and fields are required of VMs that a plan makes or changes")
  func requirements() throws {
    let spec = Specs.web.with("memory: 2GiB", "memory: 2GiB\n    labels: {owner: ann}")
    let policy = "required_labels: [owner, tier], required_fields: [description, protect]"
    #expect(
      try breaches(Scenario(), spec, policy) == [
        "required_labels (site.yaml:15:10): the label 'tier' is missing: vm.web on alpha",
        "required_fields (site.yaml:15:42): 'description' is missing: vm.web on alpha",
        "required_fields (site.yaml:15:42): 'protect: true' is missing: vm.web on alpha",
      ])
    let scenario = try Scenario.applied(spec)
    #expect(try breaches(scenario, spec, policy) == [])
    let complete = spec.with("{owner: ann}", "{owner: ann, tier: web}\n    description: x\n    protect: true")
    #expect(try breaches(Scenario(), complete, policy) == [])
  }

  @Test("an empty plan breaks nothing, and what a plan leaves out does not count")
  func scope() throws {
    let scenario = try Scenario.applied(Specs.web)
    #expect(try breaches(scenario, Specs.web, "max_changes: 0, required_labels: [owner]") == [])
    var options = SitePlanner.Options()
    options.scope = PlanScope(targets: [try AddressPattern(parsing: "pool.main")], excluded: [])
    #expect(try breaches(Scenario(), Self.counted, "max_changes: 1", options) == [])
  }

  @Test("the plan's text has the breaches after its sums")
  func text() throws {
    let spec = Specs.web + "policy: {max_changes: 0, max_restarts: 0}\n"
    let site = try Scenario.site(spec)
    let plan = try Scenario().plan(spec).checked(against: site, hosts: [], at: Self.now)
    let text = PlanText(plan).render()
    #expect(
      text.hasSuffix(
        """

        Plan: 4 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        Refused by the policy:
          max_changes (site.yaml:14:10): 4 objects change, and none may
              pool.main on alpha, disk.web.root on alpha, network.lan on alpha, vm.web on alpha

        """), "\(text)")
    #expect(plan.breaches.rules == "max_changes (site.yaml:14:10)")
  }

  @Test("a saved plan does not rest on the policy, which is looked at again")
  func savedPlan() throws {
    func saved(_ policy: String) throws -> SavedPlan {
      let scenario = Scenario()
      let site = try Scenario.site(Specs.web + policy)
      return SavedPlan(
        try scenario.plan(Specs.web + policy), of: site, at: "site.yaml",
        hosts: scenario.fleet.states(for: site),
        options: .init(), version: "1"
      ) { $0 }
    }
    #expect(try saved("policy: {max_changes: 9}\n") == saved("policy: {max_changes: 1, data_loss: forbid}\n"))
    #expect(try saved("") == saved("policy: {required_labels: [owner]}\n"))
  }
}

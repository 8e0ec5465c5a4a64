import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// The law that everything rests on, for specs that nobody thought of.
@Suite("Convergence")
struct ConvergenceTests {
  /// `VIRTFORM_TEST_SEEDS=5000` looks further than every run has to.
  static let seeds: [UInt64] = {
    let count = ProcessInfo.processInfo.environment["VIRTFORM_TEST_SEEDS"].flatMap(UInt64.init) ?? 300
    return Array(1...count)
  }()

  @Test("a random spec converges, its successors do, and a run cut off anywhere does", arguments: seeds)
  func converges(seed: UInt64) throws {
    var generator = SpecGenerator(seed: seed)
    var scenario = Scenario(Self.hostsOfOthers(generator.hosts))
    let others = Self.others(scenario.fleet)
    for round in 0..<4 {
      if round > 0 { generator.advance() }
      let spec = generator.text
      let allowsDataLoss = generator.random.chance(40)
      let context = "seed \(seed), round \(round), data loss \(allowsDataLoss)\n\(spec)"
      let plan: Plan
      do {
        plan = try scenario.plan(spec, allowsDataLoss: allowsDataLoss)
      } catch let refusal as SitePlanner.Failure {
        // A disk that one VM hands to another is free only when the first one stops.
        #expect(
          refusal.diagnostics.allSatisfy { $0.message.contains("has its disk") }, "\(refusal)\n\(context)")
        continue
      }
      let order = Self.shuffledOrder(of: plan, &generator.random)
      let before = scenario
      scenario.fleet.run(plan, order: order)
      scenario.fleet.expectNoViolations(context + PlanText(plan).render())
      try Self.expectEmptyPlan(scenario, spec, allowsDataLoss, context + PlanText(plan).render())
      for count in 1..<max(order.count, 1) {
        var cut = before
        cut.fleet.run(plan, order: order, first: count)
        let rest = try cut.plan(spec, allowsDataLoss: allowsDataLoss)
        cut.fleet.run(rest)
        let story =
          "\(context)cut after \(order.prefix(count)) of\n\(PlanText(plan).render())\nthen\n\(PlanText(rest).render())"
        cut.fleet.expectNoViolations(story)
        try Self.expectEmptyPlan(cut, spec, allowsDataLoss, story)
        #expect(cut.fleet.inventory == scenario.fleet.inventory, "\(story)")
      }
      if generator.random.chance(30) {
        try Self.disturb(&scenario, &generator.random)
        // What is in a pool that is not active nobody knows: only the spec that was applied is sure to come back.
        try scenario.apply(spec)
        try Self.expectEmptyPlan(scenario, spec, false, context)
        try Self.disturbGuests(&scenario, &generator.random)
      }
      #expect(Self.others(scenario.fleet) == others, "\(context)")
    }
    try Self.destroy(&scenario, generator.text, "seed \(seed)\n")
    #expect(Self.others(scenario.fleet) == others, "seed \(seed)")
  }

  @Test("the random specs lead to every kind of step")
  func coverage() throws {
    var kinds: Set<String> = []
    for seed in Self.seeds.prefix(200) {
      var generator = SpecGenerator(seed: seed)
      var scenario = Scenario(Self.hostsOfOthers(generator.hosts))
      for _ in 0..<4 {
        let plan = try? scenario.apply(generator.text, allowsDataLoss: seed % 2 == 0)
        for step in plan?.steps ?? [] { kinds.insert(String("\(step.operation)".prefix { $0 != "(" })) }
        generator.advance()
      }
    }
    #expect(
      kinds == [
        "ensurePool", "setPoolAutostart", "removePool", "uploadImage", "createVolume", "growVolume",
        "deleteVolume",
        "ensureNetwork", "redefineNetwork", "updateReservations", "setNetworkAutostart", "removeNetwork",
        "defineMachine", "updateMachine", "startMachine", "stopMachine", "powerOffMachine", "undefineMachine",
      ])
  }

  // MARK: Parts

  static func hostsOfOthers(_ names: [String]) -> SimulatedFleet {
    SimulatedFleet(
      names.map { name in
        var host = SimulatedHost(name)
        host.addForeignNetwork("default")
        host.addForeignPool("images", directory: "/var/lib/libvirt/images")
        host.addForeignMachine(
          "router", files: ["/var/lib/libvirt/images/router.qcow2"], network: "default",
          mark: Mark(stack: "office"))
        return host
      })
  }

  /// What does not belong to the stack.
  static func others(_ fleet: SimulatedFleet) -> [Set<AnyHashable>] {
    fleet.hosts.sorted { $0.key < $1.key }.map { _, host in
      let state = host.observed
      return Set(
        state.machines.filter { $0.name == "router" }.map(AnyHashable.init)
          + state.networks.filter { $0.name == "default" }.map(AnyHashable.init)
          + state.pools.filter { $0.name == "images" }.map(AnyHashable.init))
    }
  }

  static func shuffledOrder(of plan: Plan, _ random: inout SeededNumbers) -> [Int] {
    var done: Set<Int> = []
    var order: [Int] = []
    while order.count < plan.steps.count {
      let ready = plan.steps.filter { !done.contains($0.id) && done.isSuperset(of: $0.dependsOn) }.map(\.id)
      guard !ready.isEmpty else { break }
      let next = random.pick(ready)
      order.append(next)
      done.insert(next)
    }
    return order
  }

  static func expectEmptyPlan(_ scenario: Scenario, _ spec: String, _ allowsDataLoss: Bool, _ context: String)
    throws
  {
    let second = try scenario.plan(spec, allowsDataLoss: allowsDataLoss)
    #expect(second.isEmpty, "\(context)\nthe second plan:\n\(PlanText(second).render())")
  }

  /// What happens to hosts between two runs.
  static func disturb(_ scenario: inout Scenario, _ random: inout SeededNumbers) throws {
    for name in scenario.fleet.hosts.keys.sorted() {
      var host = scenario.fleet[name]
      for network in host.state.networks where network.name != "default" && random.chance(20) {
        let users = host.guests.values.contains { SimulatedHost.networks(of: $0).contains(network.name) }
        if !users { try host.changeNetwork(network.name) { $0.isActive = false } }
      }
      for pool in host.state.pools where pool.name != "images" && random.chance(20) {
        try host.changePool(pool.name) { $0.isActive = false }
      }
      scenario.fleet[name] = host
    }
    try disturbGuests(&scenario, &random)
  }

  static func disturbGuests(_ scenario: inout Scenario, _ random: inout SeededNumbers) throws {
    for name in scenario.fleet.hosts.keys.sorted() {
      for machine in scenario.fleet[name].state.machines where machine.name != "router" && random.chance(30) {
        try scenario.fleet[name].stop(machine.name)
        if random.chance(30) { try scenario.fleet[name].start(machine.name) }
      }
    }
  }

  static func destroy(_ scenario: inout Scenario, _ spec: String, _ context: String) throws {
    let plan = try scenario.destroyPlan(spec, allowsDataLoss: true)
    let before = Set(scenario.fleet.hosts.values.flatMap { $0.observed.pools.flatMap(\.volumes).map(\.path) })
    scenario.fleet.run(plan)
    let story = "\(context)\(spec)\n\(PlanText(plan).render())"
    scenario.fleet.expectNoViolations(story)
    for host in scenario.fleet.hosts.values {
      let state = host.observed
      #expect(state.machines.map(\.name) == ["router"], "\(story)")
      #expect(state.networks.map(\.name) == ["default"], "\(story)")
      #expect(state.pools.map(\.name) == ["images"], "\(story)")
    }
    for path in before where !plan.deletes(path) {
      #expect(plan.notes.contains { $0.text.contains(path) }, "nothing tells that \(path) stays\n\(story)")
    }
    #expect(try scenario.destroyPlan(spec, allowsDataLoss: true).isEmpty, "\(story)")
  }
}

extension Plan {
  func deletes(_ path: String) -> Bool {
    steps.contains { step in
      if case .deleteVolume(_, let name) = step.operation { path.hasSuffix("/\(name)") } else { false }
    }
  }
}

extension SimulatedFleet {
  /// What is on the hosts, without what depends on the number of runs that it took.
  var inventory: [HostInventory] { hosts.sorted { $0.key < $1.key }.map { HostInventory($0.value) } }

  struct HostInventory: Equatable {
    let pools: Set<Pool>
    let networks: Set<Network>
    let machines: Set<Machine>
    let guests: Set<UUID>

    init(_ host: SimulatedHost) {
      pools = Set(
        host.state.pools.map { pool in
          var pool = pool
          pool.volumes.sort { $0.name < $1.name }
          return pool
        })
      networks = Set(
        host.state.networks.map { network in
          var network = network
          network.bridge = nil
          return network
        })
      machines = Set(
        host.state.machines.map { machine in
          var machine = machine
          machine.mark?.staged = []
          machine.mark?.disks.sort { $0.name < $1.name }
          machine.mark?.nics.sort { $0.name < $1.name }
          for index in machine.disks.indices { machine.disks[index].target = nil }
          machine.mark?.disks = machine.disks.map { .init(name: $0.name, target: "", keep: $0.keep) }
          machine.disks.sort { $0.name < $1.name }
          machine.nics.sort { $0.name < $1.name }
          return machine
        })
      guests = Set(host.guests.keys)
    }
  }
}

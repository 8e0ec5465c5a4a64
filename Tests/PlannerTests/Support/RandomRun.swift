import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// A stack's life by chance: specs, options and what people do beside virtform; all laws are checked on the way.
struct RandomRun {
  private let seed: UInt64
  private var generator: SpecGenerator
  private var scenario: Scenario
  private let others: [Set<AnyHashable>]

  init(seed: UInt64) throws {
    self.seed = seed
    generator = SpecGenerator(seed: seed)
    scenario = Scenario(Self.hosts(for: generator))
    others = Self.others(scenario.fleet)
  }

  // MARK: A round

  mutating func round(_ number: Int) throws {
    if number > 0 { generator.advance() }
    if number > 0, generator.random.chance(25) { scenario.imageVersions["debian", default: 1] += 1 }
    let spec = generator.text
    var story: [String] = []
    if generator.random.chance(50) {
      var changes = OutsideChanges(random: SeededNumbers(seed: generator.random.next()))
      try changes.makeSome(on: &scenario.fleet)
      story = changes.story
    }
    var options = try self.options(spec)
    let context =
      "seed \(seed), round \(number), \(generator.driver), KVM \(generator.hasKVM), consent \(options.dataLoss), "
      + "restarts \(options.restarts), replaces \(options.replaced)\nby hand: \(story)\n\(spec)"
    try checkLostMark(spec, context)
    guard let whole = try plan(spec, options, context) else { return }
    if generator.random.chance(20), let change = generator.random.any(of: whole.changes) {
      var part = options
      let pattern = try AddressPattern(parsing: "\(change.address.host)/\(change.address)")
      part.scope =
        generator.random.chance(50)
        ? PlanScope(targets: [pattern], excluded: []) : PlanScope(targets: [], excluded: [pattern])
      if let plan = try plan(spec, part, context) { try carryOut(plan, part, context) }
      // What was made anew is not made anew a second time.
      options.replaced = []
    }
    guard let plan = try plan(spec, options, context) else { return }
    let before = scenario
    let order = Self.shuffledOrder(of: plan, &generator.random)
    try carryOut(plan, options, context, order)
    let text = context + PlanText(plan).render()
    try expectQuiet(scenario, spec, options, text)
    try checkCuts(of: plan, order, before, spec, options, text)
    #expect(Self.others(scenario.fleet) == others, "\(context)")
    if generator.random.chance(30) { try disturb(spec, context) }
  }

  /// nil where a refusal is right.
  private func plan(_ spec: String, _ options: SitePlanner.Options, _ context: String) throws -> Plan? {
    do {
      return try Self.plan(scenario, spec, options)
    } catch let refusal as SitePlanner.Failure {
      let known = [
        // A disk that one VM hands to another is free only when the first one stops.
        "cannot have disk", "cannot change while its guest runs", "cannot grow while", "replacing VM",
        "cannot be replaced", "has a saved state", "stays on its host", "on_image_change: replace destroys",
        // Nobody can look into a pool that is not active, and one of its disks may have another name by now.
        "but the pool is not active",
        // What a refused round was to rename is there under its old name still.
        "cannot be renamed",
      ]
      for diagnostic in refusal.diagnostics where diagnostic.severity == .error {
        let isKnown = known.contains { diagnostic.message.contains($0) }
        if !isKnown { Issue.record("refused: \(diagnostic.message)\n\(context)") }
      }
      return nil
    }
  }

  /// Consent for a disk that is gone by now is refused as a slip of the pen: then there is none to give.
  private static func plan(_ scenario: Scenario, _ spec: String, _ options: SitePlanner.Options) throws
    -> Plan
  {
    do {
      return try scenario.plan(spec, options)
    } catch let refusal as SitePlanner.Failure {
      guard case .only(let disks) = options.dataLoss, !disks.isEmpty,
        refusal.diagnostics.allSatisfy({ $0.message.hasPrefix("there is no 'disk.") })
      else { throw refusal }
      var options = options
      options.dataLoss = .only([])
      return try scenario.plan(spec, options)
    }
  }

  private mutating func carryOut(
    _ plan: Plan, _ options: SitePlanner.Options, _ context: String, _ order: [Int]? = nil
  ) throws {
    let before = scenario.fleet
    scenario.fleet.run(plan, order: order)
    let text = context + PlanText(plan).render()
    scenario.fleet.expectNoViolations(text)
    RunLaws(
      plan: plan, before: before, after: scenario.fleet, site: try Scenario.site(generator.text),
      options: options, context: text
    ).check()
  }

  /// Nothing is left to do, and after a run that was to restart guests, nothing is pending.
  private func expectQuiet(
    _ scenario: Scenario, _ spec: String, _ options: SitePlanner.Options, _ context: String
  ) throws {
    var options = options
    options.replaced = []
    // Pools that were started are looked into by the next plan only.
    let second = try Self.plan(scenario, spec, options)
    if !second.isEmpty { Issue.record("\(context)\nthe second plan:\n\(PlanText(second).render())") }
    VerificationLaws.check(scenario.fleet, try Scenario.site(spec), wasCutOff: true, context)
  }

  private func checkCuts(
    of plan: Plan, _ order: [Int], _ before: Scenario, _ spec: String, _ options: SitePlanner.Options,
    _ context: String
  ) throws {
    var cut = before
    for count in 1..<max(order.count, 1) {
      cut.fleet.run(plan, order: [order[count - 1]])
      var rest = cut
      let next: Plan
      do {
        next = try Self.plan(rest, spec, options)
      } catch let refusal as SitePlanner.Failure {
        // The disks that the new VM has got by now are not thrown away with it.
        if refusal.diagnostics.allSatisfy({ $0.message.hasPrefix("replacing VM") }) { continue }
        Issue.record("\(context)\ncut after \(order.prefix(count)): \(refusal.diagnostics.map(\.message))")
        continue
      }
      rest.fleet.run(next)
      let story = "\(context)cut after \(order.prefix(count)) of it, then\n\(PlanText(next).render())"
      rest.fleet.expectNoViolations(story)
      RunLaws(
        plan: next, before: cut.fleet, after: rest.fleet, site: try Scenario.site(spec), options: options,
        context: story
      ).check()
      try expectQuiet(rest, spec, options, story)
      // With a VM that was to be made anew goes what its mark knew: that a disk or a NIC once had another name.
      let there = Set(cut.fleet.hosts.values.flatMap(\.state.machines).map(\.uuid))
      let isForgotten = before.fleet.hosts.values.flatMap(\.state.machines).contains {
        !there.contains($0.uuid)
      }
      if !options.replaced.isEmpty, isForgotten { continue }
      if let difference = rest.fleet.difference(from: scenario.fleet) {
        Issue.record("it ends otherwise: \(difference)\n\(story)")
      }
    }
  }

  /// A VM that lost its mark is neither edited nor made again.
  private mutating func checkLostMark(_ spec: String, _ context: String) throws {
    guard generator.random.chance(15) else { return }
    for name in scenario.fleet.hosts.keys.sorted() {
      let host = scenario.fleet[name]
      guard
        let machine = host.state.machines.first(where: {
          $0.mark?.stack == "shop" && $0.mark?.origin == nil && $0.mark?.name == $0.domainName
            && generator.machines[$0.name] != nil
        })
      else { continue }
      var lost = scenario
      try lost.fleet[name].change(machine.name) { machine in
        machine.mark = nil
        (machine.disks, machine.drives, machine.nics) = ([], [], [])
      }
      lost.fleet[name].guests[machine.uuid]?.mark = nil
      do {
        _ = try lost.plan(spec, SitePlanner.Options(allowsDataLoss: true, restarts: true))
        Issue.record("\(machine.name) has lost its mark, and there is a plan\n\(context)")
      } catch let refusal as SitePlanner.Failure {
        let messages = refusal.diagnostics.map(\.message)
        #expect(messages.contains { $0.contains("has lost virtform's mark") }, "\(messages)\n\(context)")
      }
    }
  }

  // MARK: Options

  private mutating func options(_ spec: String) throws -> SitePlanner.Options {
    var options = SitePlanner.Options(
      allowsDataLoss: generator.random.chance(40), restarts: generator.random.chance(30))
    let identity = Identity(stack: try Scenario.site(spec).stack)
    let hosts = scenario.fleet.hosts.sorted { $0.key < $1.key }
    let disks = hosts.flatMap { $0.value.observed.pools.flatMap(\.volumes) }
      .compactMap { identity.volume(named: $0.name) }.filter { !$0.kind.isCopy }.map(\.base)
    if generator.random.chance(20), let disk = generator.random.any(of: disks) {
      options.dataLoss = .only([try AddressPattern(parsing: "disk.\(disk)")])
    }
    let machines = hosts.flatMap { $0.value.state.machines.map(\.name) }.filter {
      generator.machines[$0] != nil
    }
    if generator.random.chance(10), let machine = generator.random.any(of: machines) {
      options.replaced = [try AddressPattern(parsing: "vm.\(machine)")]
    }
    return options
  }

  // MARK: Networks and pools

  /// What happens to networks and pools between two runs. What is in a pool that is not active nobody knows: only the
  /// spec that was applied is sure to come back.
  private mutating func disturb(_ spec: String, _ context: String) throws {
    for name in scenario.fleet.hosts.keys.sorted() {
      var host = scenario.fleet[name]
      let own = host.state.networks.filter { $0.name != "default" }
      for network in own where generator.random.chance(30) {
        // Under the guests that are on it, too.
        try host.stopNetwork(network.name)
        if generator.random.chance(50) { try host.startNetwork(network.name) }
      }
      for network in own where generator.random.chance(20) {
        try host.changeNetwork(network.name) { $0.ipv4.ranges.removeAll() }
        if host.liveNetworks[network.uuid] != nil, generator.random.chance(50) {
          try host.changeLiveNetwork(network.name) { network in
            network.ipv4.reservations.removeAll()
            network.ipv6.reservations.removeAll()
            network.records = network.records.filter { $0.key.family == .ipv4 }
          }
        }
      }
      for pool in host.state.pools where pool.name != "images" && generator.random.chance(20) {
        try host.changePool(pool.name) { $0.isActive = false }
      }
      scenario.fleet[name] = host
    }
    let options = SitePlanner.Options()
    guard let plan = try plan(spec, options, context) else {
      // Another spec than this one is not to be the next to look into them.
      for name in scenario.fleet.hosts.keys {
        for pool in scenario.fleet[name].state.pools {
          try scenario.fleet[name].changePool(pool.name) { $0.isActive = true }
        }
      }
      return
    }
    try carryOut(plan, options, context)
    // What a pool that is started shows may take a consent which this run lacks.
    guard try self.plan(spec, options, context) != nil else { return }
    try expectQuiet(scenario, spec, options, context + PlanText(plan).render())
  }

  // MARK: The end

  mutating func destroy() throws {
    generator.unprotect()
    let spec = generator.text
    let context = "seed \(seed), the end\n\(spec)"
    let converging = SitePlanner.Options(allowsDataLoss: true, restarts: true)
    let last = try plan(spec, converging, context)
    if let last { try carryOut(last, converging, context) }
    let options = SitePlanner.Options(goal: .destroy, allowsDataLoss: true)
    let plan = try scenario.plan(spec, options)
    let before = scenario.fleet
    try carryOut(plan, options, context)
    let story = context + PlanText(plan).render()
    for (name, host) in before.hosts { checkRest(of: host, scenario.fleet[name], plan, story) }
    // Where the spec's last words could not be applied, disks stay for which it has had no consent until now.
    #expect(try last == nil || scenario.plan(spec, options).isEmpty, "\(story)")
    #expect(Self.others(scenario.fleet) == others, "\(story)")
  }

  /// What is left is others', protected, or told of.
  private func checkRest(of before: SimulatedHost, _ after: SimulatedHost, _ plan: Plan, _ story: String) {
    let state = after.observed
    let own = state.machines.filter { $0.mark?.stack == "shop" }
    let forgotten = generator.removed
    #expect(
      own.allSatisfy { $0.isProtected || forgotten.contains("vms.\($0.name)") },
      "\(own.map(\.name)) are left\n\(story)")
    for network in state.networks where network.mark?.stack == "shop" {
      let address = Address(.network, network.specName, on: state.name)
      if plan.notes.contains(where: { $0.address == address && $0.text.hasPrefix("stays: a guest") }) {
        continue
      }
      let isUsed = state.machines.contains { $0.networks.contains(network.name) }
      #expect(isUsed || network.isProtected, "\(network.name) is left\n\(story)")
    }
    let stays = plan.notes.filter { $0.address.kind == .pool && $0.text.contains("protected") }.map(
      \.address.name)
    #expect(state.pools.map(\.name).filter { !stays.contains($0) } == ["images"], "\(story)")
    for path in before.observed.pools.flatMap(\.volumes).map(\.path) where !plan.deletes(path) {
      let isTold = plan.notes.contains { $0.text.contains(path) }
      let isUsed = state.machines.contains { $0.files.contains(path) }
      #expect(isTold || isUsed, "nothing tells that \(path) stays\n\(story)")
    }
  }

  // MARK: Others

  static func hosts(for generator: SpecGenerator) -> SimulatedFleet {
    SimulatedFleet(
      generator.hosts.map { name in
        var host = SimulatedHost(name, driver: generator.driver, hasKVM: generator.hasKVM)
        host.addForeignNetwork("default")
        host.addForeignPool("images", directory: "/var/lib/libvirt/images")
        host.addForeignMachine(
          "router", files: ["/var/lib/libvirt/images/router.qcow2"], network: "default",
          mark: Mark(stack: "office"))
        return host
      })
  }

  /// What does not belong to the stack.
  private static func others(_ fleet: SimulatedFleet) -> [Set<AnyHashable>] {
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
}

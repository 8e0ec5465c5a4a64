import FoundationEssentials
import Placement

/// How many random problems a test solves: `PLACEMENT_EFFORT=20` in the environment asks for twenty times as many as usual.
enum Sample {
  private static let effort = ProcessInfo.processInfo.environment["PLACEMENT_EFFORT"].flatMap { Int($0) } ?? 1

  static func seeds(_ usual: Int) -> Range<Int> { 0..<usual * effort }
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(seed) &* 0xD134_2543_DE82_EF95 ^ 0x5851_F42D_4C95_7F2D }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }
}

extension PlacementProblem {
  /// Any mixture of hosts, machines and rules, most of which leave a placement.
  static func random(_ seed: Int, machines: ClosedRange<Int>, hosts: ClosedRange<Int>) -> PlacementProblem {
    var dice = Dice(seed)
    let hostCount = dice.number(hosts)
    let machineCount = dice.number(machines)
    let resources = Array(["memory", "cpus", "space"].prefix(dice.number(1...3)))
    let perHost = max(1, machineCount / hostCount)
    let tightness = dice.number(4...9)
    var problem = PlacementProblem(resources: resources, hosts: [], machines: [])
    for index in 0..<hostCount {
      let capacity = resources.map { _ in UInt64(dice.number(3...6) * (perHost + 1) * tightness / 4) }
      var host = PlacementHost(name: "h\(index)", capacity: capacity)
      if dice.chance(0.2) { host.foreignLoad = capacity.map { UInt64(dice.number(0...Int($0 / 2))) } }
      if dice.chance(0.8) { host.labels["room"] = ["a", "b", "c"].randomElement(using: &dice) }
      let fate = dice.number(0...19)
      host.availability = fate == 0 ? .closed : fate <= 2 ? .drained : .open
      problem.hosts.append(host)
    }
    for index in 0..<machineCount {
      var machine = PlacementMachine(
        name: "m\(index)", demand: resources.map { _ in UInt64(dice.number(0...5)) },
        moveCost: UInt64(dice.number(0...9)))
      if dice.chance(0.6) { machine.current = dice.number(0...hostCount - 1) }
      if dice.chance(0.15) {
        machine.allowedHosts = Set((0..<hostCount).filter { _ in dice.chance(0.6) })
      }
      machine.isPinned = machine.current != nil && dice.chance(0.08)
      problem.machines.append(machine)
    }
    for index in 0..<dice.number(0...3) {
      let count = min(machineCount, dice.number(2...max(2, min(machineCount, hostCount))))
      let members = Array((0..<machineCount).shuffled(using: &dice).prefix(count))
      problem.rules.append(
        [
          .spread("r\(index)", members, max: dice.number(1...2)),
          .spread("r\(index)", members, over: .label("room"), max: dice.number(1...2)),
          .keepTogether("r\(index)", Array(members.prefix(3))),
          .avoid("r\(index)", Array(members.prefix(3))),
        ][dice.number(0...3)])
    }
    return problem
  }

  /// The same problem in another order, and the new index of each host and machine.
  func shuffled(_ seed: Int) -> (problem: PlacementProblem, hosts: [Int], machines: [Int]) {
    var dice = Dice(seed)
    let hostOrder = hosts.indices.shuffled(using: &dice)
    let machineOrder = machines.indices.shuffled(using: &dice)
    var (newHost, newMachine) = (hostOrder, machineOrder)
    for (new, old) in hostOrder.enumerated() { newHost[old] = new }
    for (new, old) in machineOrder.enumerated() { newMachine[old] = new }
    let machines = machineOrder.map { old in
      var machine = self.machines[old]
      machine.current = machine.current.map { newHost[$0] }
      machine.allowedHosts = machine.allowedHosts.map { Set($0.map { newHost[$0] }) }
      return machine
    }
    let rules = rules.map { rule in
      var rule = rule
      rule.machines = rule.machines.map { newMachine[$0] }.shuffled(using: &dice)
      return rule
    }.shuffled(using: &dice)
    let problem = PlacementProblem(
      resources: resources, hosts: hostOrder.map { hosts[$0] }, machines: machines, rules: rules)
    return (problem, newHost, newMachine)
  }
}

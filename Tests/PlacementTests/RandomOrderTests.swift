import Testing

@testable import Placement

/// Random moves, carried out in random order and speed.
@Suite("Order of moves at random")
struct RandomOrderTests {
  /// Machines on hosts that they nearly fill, and another placement of them.
  private func problem(_ seed: Int) -> (PlacementProblem, wanted: [Int]) {
    var dice = Dice(seed)
    let hosts = dice.number(2...5)
    let machines = dice.number(3...7)
    var problem = PlacementProblem(resources: ["memory", "cpus"], hosts: [], machines: [])
    var (now, wanted) = ([Int](), [Int]())
    for index in 0..<machines {
      var machine = PlacementMachine(
        name: "m\(index)", demand: [UInt64(dice.number(1...6)), UInt64(dice.number(0...3))],
        moveCost: UInt64(dice.number(1...9)))
      now.append(dice.number(0...hosts - 1))
      wanted.append(dice.number(0...hosts - 1))
      machine.current = dice.chance(0.9) ? now[index] : nil
      problem.machines.append(machine)
    }
    for index in 0..<hosts {
      let capacity = (0..<2).map { resource in
        let loads = [now, wanted].map { hosts in
          hosts.indices.filter { hosts[$0] == index }.reduce(UInt64(0)) {
            $0 + problem.machines[$1].demand[resource]
          }
        }
        return max(loads[0], loads[1]) + UInt64(dice.number(0...3))
      }
      problem.hosts.append(PlacementHost(name: "h\(index)", capacity: capacity))
    }
    if dice.chance(0.5) {
      let members = Array(problem.machines.indices.shuffled(using: &dice).prefix(2))
      if wanted[members[0]] != wanted[members[1]] { problem.rules.append(.avoid("apart", members)) }
    }
    return (problem, wanted)
  }

  @Test("no host is ever too full and no rule broken, whichever moves run at once; a deadlock has no way out")
  func small() {
    var (detours, deadlocks, breaking) = (0, 0, 0)
    var dice = Dice(7)
    for seed in Sample.seeds(300) {
      let (problem, wanted) = problem(seed)
      switch problem.order(to: wanted) {
      case .sequence(let moves):
        if moves.contains(where: \.isDetour) { detours += 1 }
        if moves.contains(where: { $0.breaksMeanwhile != nil }) { breaking += 1 }
        let simulation = Simulation(problem: problem, wanted: wanted, moves: moves)
        for _ in 0..<4 { #expect(simulation.faults(&dice) == [], "seed \(seed)") }
      case .deadlock(_, let machines, let stopping):
        deadlocks += 1
        #expect(!machines.isEmpty, "seed \(seed)")
        #expect(!Simulation(problem: problem, wanted: wanted, moves: []).isSolvable(), "seed \(seed)")
        if let stopping {
          var relaxed = problem
          relaxed.machines[stopping].current = nil
          guard case .sequence = relaxed.order(to: wanted) else {
            Issue.record("seed \(seed): stopping it does not help")
            continue
          }
        }
      }
    }
    #expect(detours > 3 && deadlocks > 3 && breaking > 0)
  }
}

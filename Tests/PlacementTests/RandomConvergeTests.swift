import Testing

@testable import Placement

/// Answers to random problems, each verified by the checker and small ones compared with all placements there are.
@Suite("Converge at random")
struct RandomConvergeTests {
  @Test("small problems: infeasible only if there is no placement, else as few moves and bytes as any")
  func small() {
    var (placed, infeasible) = (0, 0)
    for seed in Sample.seeds(400) {
      let problem = PlacementProblem.random(seed, machines: 1...6, hosts: 2...4)
      let checker = Checker(problem: problem)
      let cheapest = checker.cheapest()
      switch problem.converged() {
      case .placed(let assignment):
        placed += 1
        #expect(checker.faults(of: assignment.hosts).isEmpty, "seed \(seed)")
        #expect(assignment.isProvenMinimal, "seed \(seed)")
        let cost = checker.cost(of: assignment.hosts)
        #expect(
          cheapest.map { $0 == cost } ?? false, "seed \(seed): \(cost), not \(String(describing: cheapest))")
      case .infeasible(let explanation):
        infeasible += 1
        #expect(cheapest == nil && explanation.isProven, "seed \(seed)")
        #expect(!explanation.machines.isEmpty, "seed \(seed)")
        for relaxation in explanation.relaxations {
          #expect(
            Checker(problem: problem.relaxed(relaxation)).cheapest() != nil, "seed \(seed): \(relaxation)")
        }
      }
    }
    #expect(placed > 150 && infeasible > 40)
  }

  @Test("larger problems: placements hold, whatever is drained, pinned or apart")
  func large() {
    var placed = 0
    for seed in Sample.seeds(25) {
      let problem = PlacementProblem.random(seed, machines: 20...60, hosts: 4...12)
      let options = PlacementOptions(preference: seed % 2 == 0 ? .balance : .pack, searchBudget: 20_000)
      guard case .placed(let assignment) = problem.converged(options) else { continue }
      placed += 1
      let checker = Checker(problem: problem)
      #expect(checker.faults(of: assignment.hosts) == [], "seed \(seed)")
      let moved = problem.machines.indices.filter { assignment.hosts[$0] != problem.machines[$0].current }
      #expect(Set(assignment.decisions.map(\.machine)) == Set(moved), "seed \(seed)")
      guard case .sequence(let moves) = problem.order(to: assignment.hosts) else { continue }
      var dice = Dice(seed)
      let simulation = Simulation(problem: problem, wanted: assignment.hosts, moves: moves)
      #expect(simulation.faults(&dice) == [], "seed \(seed)")
    }
    #expect(placed > 8)
  }

  @Test("once placed, nothing moves")
  func settled() {
    for seed in Sample.seeds(60) {
      var problem = PlacementProblem.random(seed, machines: 5...30, hosts: 3...8)
      guard case .placed(let first) = problem.converged(PlacementOptions(searchBudget: 20_000)) else {
        continue
      }
      for machine in problem.machines.indices { problem.machines[machine].current = first.hosts[machine] }
      guard case .placed(let second) = problem.converged() else {
        Issue.record("seed \(seed): no placement any more")
        continue
      }
      #expect(second.decisions == [] && second.isProvenMinimal, "seed \(seed)")
    }
  }

  @Test("the order of hosts, machines and rules has no influence")
  func order() {
    for seed in Sample.seeds(60) {
      let problem = PlacementProblem.random(seed, machines: 3...20, hosts: 2...6)
      let (other, host, machine) = problem.shuffled(seed + 1)
      let options = PlacementOptions(searchBudget: 20_000)
      switch (problem.converged(options), other.converged(options)) {
      case (.placed(let first), .placed(let second)):
        for index in problem.machines.indices {
          #expect(host[first.hosts[index]] == second.hosts[machine[index]], "seed \(seed)")
        }
        guard case .sequence(let moves) = problem.order(to: first.hosts),
          case .sequence(let others) = other.order(to: second.hosts)
        else { continue }
        #expect(moves.map { machine[$0.machine] } == others.map(\.machine), "seed \(seed)")
        #expect(moves.map(\.waitsFor) == others.map(\.waitsFor), "seed \(seed)")
      case (.infeasible(let first), .infeasible(let second)):
        #expect(first.isProven == second.isProven, "seed \(seed)")
        #expect(first.machines.map { machine[$0.machine] } == second.machines.map(\.machine), "seed \(seed)")
        #expect(first.relaxations.count == second.relaxations.count, "seed \(seed)")
      default: Issue.record("seed \(seed): placed in one order only")
      }
    }
  }
}

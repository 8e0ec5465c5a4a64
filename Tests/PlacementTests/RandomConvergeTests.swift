import Testing

@testable import Placement

/// Answers to random problems, each verified by the checker and small ones compared with all placements there are.
@Suite("Converge at random")
struct RandomConvergeTests {
  @Test("small problems: infeasible only if there is no placement, else as few moves and bytes as any")
  func small() {
    var (placed, infeasible) = (0, 0)
    for seed in 0..<1500 {
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
    #expect(placed > 500 && infeasible > 100)
  }
}

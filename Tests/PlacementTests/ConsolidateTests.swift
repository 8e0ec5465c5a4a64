import Testing

@testable import Placement

@Suite("Consolidation")
struct ConsolidateTests {
  private func machine(_ name: String, _ demand: [UInt64], on host: Int?, bytes: UInt64 = 1)
    -> PlacementMachine
  {
    PlacementMachine(name: name, demand: demand, current: host, moveCost: bytes)
  }

  @Test("empties the host from which least has to be moved, and says what binds and what still fits")
  func example() {
    let problem = PlacementProblem(
      resources: ["memory", "vCPUs"],
      hosts: ["a", "b", "c"].map { PlacementHost(name: $0, capacity: [10, 20]) },
      machines: [
        machine("db", [6, 2], on: 0, bytes: 6), machine("web-1", [2, 8], on: 1, bytes: 2),
        machine("web-2", [2, 8], on: 2, bytes: 3),
      ])
    guard case .consolidated(let result) = problem.consolidated(headroom: [0.2, 0]) else {
      Issue.record("infeasible")
      return
    }
    #expect(result.assignment.hosts == [0, 0, 2])
    #expect(
      result.assignment.decisions == [PlacementDecision(machine: 1, from: 1, to: 0, reason: .consolidation)])
    #expect((result.hostsBefore, result.hostsAfter) == ([0, 1, 2], [0, 2]))
    #expect((result.lowerBound, result.movedBytes) == (2, 2))
    #expect(result.moves == .sequence([OrderedMove(machine: 1, from: 1, to: 0)]))
    #expect(result.usage.map(\.bindingResource) == [0, 1])
    #expect(result.usage.map(\.load) == [[8, 10], [2, 8]])
    #expect(result.usage[0].utilisation(of: 0) == 0.8)
    #expect(problem.remaining(for: [2, 2], hosts: result.assignment.hosts) == 1 + 4 + 5)
    #expect(problem.remaining(for: [0, 7], hosts: result.assignment.hosts) == 1 + 2 + 1)
  }

  @Test("what does not fit with headroom is infeasible")
  func infeasible() {
    let problem = PlacementProblem(
      resources: ["memory"], hosts: [PlacementHost(name: "a", capacity: [10])],
      machines: [machine("x", [9], on: 0)])
    guard case .infeasible(let explanation) = problem.consolidated(headroom: [0.2]) else {
      Issue.record("feasible")
      return
    }
    #expect(explanation.isProven)
    #expect(explanation.machines.map(\.obstacles) == [[.capacity(resource: 0, missing: 1)]])
  }

  @Test("small problems: as few hosts as any placement has, then as few bytes")
  func random() {
    var (consolidated, emptied) = (0, 0)
    for seed in Sample.seeds(50) {
      var problem = PlacementProblem.random(seed, machines: 1...6, hosts: 2...4)
      let headroom = problem.resources.map { _ in [0, 0.1, 0.25][seed % 3] }
      let outcome = problem.consolidated(headroom: headroom)
      let original = problem
      for host in problem.hosts.indices {
        problem.hosts[host].capacity = problem.hosts[host].capacity.map {
          UInt64(Double($0) * (1 - headroom[0]))
        }
      }
      let checker = Checker(problem: problem)
      let fewest = checker.fewestHosts()
      switch outcome {
      case .consolidated(let result):
        consolidated += 1
        #expect(checker.faults(of: result.assignment.hosts) == [], "seed \(seed)")
        let reached = (hosts: result.hostsAfter.count, bytes: checker.cost(of: result.assignment.hosts).bytes)
        #expect(
          fewest.map { $0 == reached } ?? false, "seed \(seed): \(reached), not \(String(describing: fewest))"
        )
        #expect(result.lowerBound <= result.hostsAfter.count, "seed \(seed)")
        #expect(Set(result.hostsAfter) == checker.used(result.assignment.hosts), "seed \(seed)")
        #expect(result.movedBytes == reached.bytes, "seed \(seed)")
        if result.hostsAfter.count < result.hostsBefore.count { emptied += 1 }
        guard case .sequence(let moves) = result.moves else { continue }
        var dice = Dice(seed)
        let simulation = Simulation(problem: original, wanted: result.assignment.hosts, moves: moves)
        #expect(simulation.faults(&dice) == [], "seed \(seed)")
      case .infeasible(let explanation):
        #expect(fewest == nil && explanation.isProven, "seed \(seed)")
      }
    }
    #expect(consolidated > 15 && emptied > 3)
  }

  @Test("the order of hosts and machines has no influence")
  func order() {
    for seed in Sample.seeds(15) {
      let problem = PlacementProblem.random(seed, machines: 4...15, hosts: 3...10)
      let (other, host, machine) = problem.shuffled(seed + 1)
      let headroom = problem.resources.map { _ in 0.1 }
      let options = PlacementOptions(searchBudget: 20_000)
      let outcomes = (
        problem.consolidated(headroom: headroom, options), other.consolidated(headroom: headroom, options)
      )
      guard case (.consolidated(let first), .consolidated(let second)) = outcomes else { continue }
      for index in problem.machines.indices {
        #expect(
          host[first.assignment.hosts[index]] == second.assignment.hosts[machine[index]], "seed \(seed)")
      }
      #expect(first.hostsAfter.map { host[$0] } == second.hostsAfter, "seed \(seed)")
    }
  }
}

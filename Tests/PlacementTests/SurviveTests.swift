import Testing

@testable import Placement

@Suite("Failures of hosts")
struct SurviveTests {
  private func host(_ name: String, _ memory: UInt64) -> PlacementHost {
    PlacementHost(name: name, capacity: [memory])
  }

  private func machine(_ name: String, _ memory: UInt64, on host: Int?) -> PlacementMachine {
    PlacementMachine(name: name, demand: [memory], current: host)
  }

  @Test("names the machines without a place and what is missing")
  func gap() {
    let problem = PlacementProblem(
      resources: ["memory"], hosts: [host("a", 8), host("b", 8), host("c", 4)],
      machines: [machine("db", 6, on: 0), machine("web-1", 2, on: 1), machine("web-2", 2, on: 2)])
    #expect(problem.gaps(after: 1, hosts: [0, 1, 2]) == [])
    #expect(
      problem.gaps(after: 2, hosts: [0, 1, 2]) == [
        FailureGap(failed: [0, 1], machines: [0], resource: 0, isProven: true),
        FailureGap(failed: [0, 2], machines: [2], resource: 0, isProven: true),
        FailureGap(failed: [1, 2], machines: [2], resource: 0, isProven: true),
      ])
    #expect(problem.gaps(after: 1, hosts: [0, 0, 1]) == [])
    #expect(
      problem.gaps(after: 1, hosts: [1, 0, 0]) == [
        FailureGap(failed: [1], machines: [0], resource: 0, isProven: true)
      ])
  }

  @Test("rules and allowed hosts hold after a failure; machines that need not survive are let go")
  func limits() {
    var problem = PlacementProblem(
      resources: ["memory"], hosts: [host("a", 8), host("b", 8)],
      machines: [machine("x", 1, on: 0), machine("y", 1, on: 1)], rules: [.avoid("apart", [0, 1])])
    #expect(problem.gaps(after: 1, hosts: [0, 1]).map(\.machines) == [[0], [1]])
    #expect(problem.gaps(after: 1, hosts: [0, 1]).map(\.resource) == [nil, nil])
    problem.rules = []
    #expect(problem.gaps(after: 1, hosts: [0, 1]) == [])
    problem.machines[0].allowedHosts = [0]
    #expect(problem.gaps(after: 1, hosts: [0, 1]).map(\.machines) == [[0]])
    problem.machines[0].survives = false
    #expect(problem.gaps(after: 1, hosts: [0, 1]) == [])
  }

  @Test("agrees with all ways to place what has failed")
  func random() {
    var (gapCount, survived) = (0, 0)
    for seed in Sample.seeds(100) {
      var problem = PlacementProblem.random(seed, machines: 2...7, hosts: 2...5)
      for index in problem.hosts.indices { problem.hosts[index].availability = .open }
      guard case .placed(let assignment) = problem.converged() else { continue }
      let gaps = problem.gaps(after: 1, hosts: assignment.hosts)
      for failed in problem.hosts.indices {
        var after = problem
        after.hosts[failed].availability = .drained
        for index in after.machines.indices {
          after.machines[index].current = assignment.hosts[index] == failed ? nil : assignment.hosts[index]
          after.machines[index].isPinned = assignment.hosts[index] != failed
        }
        let isSurvived = Checker(problem: after).cheapest() != nil
        isSurvived ? (survived += 1) : (gapCount += 1)
        #expect(
          gaps.contains { $0.failed == [failed] && $0.isProven } == !isSurvived,
          "seed \(seed), host \(failed)")
      }
    }
    #expect(gapCount > 15 && survived > 15)
  }

  @Test("new machines go where failures are survived, if told to")
  func reserve() {
    // Balanced, no host has room for the large one besides the small ones.
    let problem = PlacementProblem(
      resources: ["memory"], hosts: [host("a", 10), host("b", 10), host("c", 10)],
      machines: [machine("large", 8, on: nil)] + (1...4).map { machine("small-\($0)", 2, on: nil) })
    guard case .placed(let plain) = problem.converged(),
      case .placed(let reserved) = problem.converged(PlacementOptions(survivedFailures: 1))
    else {
      Issue.record("not placed")
      return
    }
    #expect(problem.gaps(after: 1, hosts: plain.hosts).map(\.machines) == [[0]])
    #expect(Checker(problem: problem).faults(of: reserved.hosts) == [])
    #expect(problem.gaps(after: 1, hosts: reserved.hosts) == [])
  }
}

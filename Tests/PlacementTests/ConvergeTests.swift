import Testing

@testable import Placement

@Suite("Converge")
struct ConvergeTests {
  private func host(_ name: String, _ capacity: UInt64..., labels: [String: String] = [:]) -> PlacementHost {
    PlacementHost(name: name, capacity: capacity, labels: labels)
  }

  private func machine(_ name: String, _ demand: UInt64..., on host: Int? = nil, bytes: UInt64 = 1)
    -> PlacementMachine
  {
    PlacementMachine(name: name, demand: demand, current: host, moveCost: bytes)
  }

  private func placed(_ problem: PlacementProblem, _ options: PlacementOptions = PlacementOptions())
    -> Assignment?
  {
    guard case .placed(let assignment) = problem.converged(options) else {
      Issue.record("not placed")
      return nil
    }
    return assignment
  }

  private func refused(_ problem: PlacementProblem) -> Infeasibility? {
    guard case .infeasible(let explanation) = problem.converged() else {
      Issue.record("placed")
      return nil
    }
    return explanation
  }

  @Test("new machines go where the fullest resource stays emptiest, or where least is left")
  func preference() {
    let problem = PlacementProblem(
      resources: ["memory", "vCPUs"], hosts: [host("a", 10, 10), host("b", 10, 10), host("c", 3, 3)],
      machines: [machine("old", 2, 6, on: 0), machine("new", 2, 2)])
    #expect(
      placed(problem)?.decisions == [
        PlacementDecision(machine: 1, from: nil, to: 1, reason: .new(alternatives: 2))
      ])
    #expect(placed(problem, PlacementOptions(preference: .pack))?.hosts == [0, 2])
  }

  @Test("machines leave a drained host, and stay on one that does not answer")
  func availability() {
    var problem = PlacementProblem(
      resources: ["memory"], hosts: [host("a", 10), host("b", 10), host("c", 10)],
      machines: [machine("x", 2, on: 0), machine("y", 20, on: 2), machine("z", 1, on: 1)])
    problem.hosts[0].availability = .drained
    problem.hosts[2].availability = .closed
    #expect(
      placed(problem)
        == Assignment(
          hosts: [1, 2, 1], decisions: [PlacementDecision(machine: 0, from: 0, to: 1, reason: .hostDrained)],
          isProvenMinimal: true))
  }

  @Test("from a full host goes what costs least and is enough")
  func capacity() {
    let problem = PlacementProblem(
      resources: ["memory"], hosts: [host("a", 10), host("b", 10)],
      machines: [
        machine("x", 5, on: 0, bytes: 5), machine("y", 4, on: 0, bytes: 4), machine("z", 3, on: 0, bytes: 3),
        machine("w", 1, on: 0, bytes: 1),
      ])
    #expect(
      placed(problem)?.decisions == [
        PlacementDecision(
          machine: 2, from: 0, to: 1, reason: .overCapacity(resource: 0, load: 13, capacity: 10))
      ])
  }

  @Test("rules move as few machines as they need to")
  func rules() {
    var problem = PlacementProblem(
      resources: ["memory"],
      hosts: [
        host("a", 10, labels: ["room": "1"]), host("b", 10, labels: ["room": "1"]),
        host("c", 10, labels: ["room": "2"]),
        host("d", 10),
      ],
      machines: [machine("x", 1, on: 0), machine("y", 1, on: 0, bytes: 9), machine("z", 1, on: 1)])
    problem.rules = [.spread("web", [0, 1])]
    #expect(placed(problem)?.decisions.map(\.machine) == [0])
    #expect(placed(problem)?.decisions.map(\.reason) == [.rule(0)])
    problem.rules = [.spread("web", [0, 1], over: .label("room"))]
    #expect(placed(problem)?.hosts == [2, 0, 1])
    problem.rules = [.avoid("apart", [1, 2]), .keepTogether("pair", [1, 2])]
    #expect(refused(problem)?.cause == .contradiction(rules: [0, 1]))
    problem.rules = [.keepTogether("pair", [1, 2])]
    #expect(
      placed(problem)?.decisions == [PlacementDecision(machine: 2, from: 1, to: 0, reason: .rule(0))])
  }

  @Test("a machine that may not be on its host moves, and one makes room where nothing else helps")
  func room() {
    var problem = PlacementProblem(
      resources: ["memory"], hosts: [host("a", 10), host("b", 10)],
      machines: [machine("large", 8), machine("x", 3, on: 0), machine("y", 3, on: 1)])
    #expect(
      placed(problem)?.decisions.map(\.reason) == [.new(alternatives: 0), .makesRoom(for: 0)])
    problem.machines[0] = machine("large", 1)
    problem.machines[2].allowedHosts = [0]
    #expect(
      placed(problem)?.decisions.last == PlacementDecision(machine: 2, from: 1, to: 0, reason: .notAllowed))
  }

  @Test("says what is missing on each host, and what would help")
  func shortage() {
    let problem = PlacementProblem(
      resources: ["memory", "vCPUs"], hosts: [host("rack1", 8, 8), host("rack2", 8, 8)],
      machines: [machine("a", 6, 1, on: 0), machine("b", 7, 1, on: 1), machine("c", 4, 1)])
    #expect(
      refused(problem)
        == Infeasibility(
          isProven: true, cause: .totalCapacity(resource: 0, demand: 17, capacity: 16),
          machines: [
            .init(
              machine: 2,
              obstacles: [.capacity(resource: 0, missing: 2), .capacity(resource: 0, missing: 3)])
          ],
          relaxations: [.capacity(host: 0, resource: 0, amount: 2, capacity: 10), .anotherHost(like: 0)]))
  }

  @Test("says which rule is too narrow")
  func narrow() {
    var problem = PlacementProblem(
      resources: ["memory"], hosts: [host("rack1", 8), host("rack2", 8), host("rack3", 8)],
      machines: [machine("web-1", 1), machine("web-2", 1), machine("web-3", 1)],
      rules: [.spread("web", [0, 1, 2])])
    problem.hosts[2].availability = .drained
    let explanation = refused(problem)
    #expect(explanation?.cause == .spread(rule: 0, machines: 3, places: 2))
    #expect(explanation?.machines.map(\.obstacles) == [[.rule(0), .rule(0), .drained]])
    #expect(explanation?.relaxations == [.spread(rule: 0, max: 2), .open(host: 2), .anotherHost(like: 0)])
  }

  @Test("a pinned machine on a drained host is named")
  func pinned() {
    var problem = PlacementProblem(
      resources: ["memory"], hosts: [host("rack1", 8), host("rack2", 8)], machines: [machine("db", 1, on: 0)])
    problem.hosts[0].availability = .drained
    problem.machines[0].isPinned = true
    let explanation = refused(problem)
    #expect(explanation?.cause == .noHost)
    #expect(explanation?.machines.map(\.obstacles) == [[.drained, .pinned(to: 0)]])
    #expect(explanation?.relaxations == [.unpin(machine: 0), .open(host: 0)])
  }

  @Test("amounts of any size count")
  func extremes() {
    let most = UInt64.max
    var problem = PlacementProblem(
      resources: ["memory"], hosts: [host("a", most), host("b", most / 2)],
      machines: [machine("x", most - 100, bytes: most), machine("y", most / 2 - 64, bytes: most)])
    #expect(placed(problem)?.hosts == [0, 1])
    problem.machines.append(machine("z", most))
    #expect(refused(problem)?.isProven == true)
    #expect(placed(PlacementProblem(resources: [], hosts: [], machines: [])) != nil)
    #expect(refused(PlacementProblem(resources: [], hosts: [], machines: [machine("x")]))?.cause == .noHost)
  }
}

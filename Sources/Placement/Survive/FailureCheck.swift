/// Whether the machines of failed hosts find a place on the others, while those stay where they are.
struct FailureCheck {
  private let model: Model
  private let now: Occupancy
  private let budget: Int
  private let tree: HostTree

  /// - Parameter hosts: The host of each machine, both as indices of the problem.
  init(_ problem: PlacementProblem, hosts: [Int], budget: Int = 50_000) {
    model = Model(Self.failing(problem, hosts))
    self.budget = budget
    var now = Occupancy(model)
    for unit in model.units.indices {
      if let host = model.home(of: unit) { now.put(unit, on: host) }
    }
    self.now = now
    tree = HostTree(now, preference: .pack, hosts: model.isOpen)
  }

  /// The problem after a failure: all are where they are wanted, and nobody is pinned, since who starts anew was not moved.
  /// From a host that does not answer its machines go as from any other when it fails.
  private static func failing(_ problem: PlacementProblem, _ hosts: [Int]) -> PlacementProblem {
    var problem = problem
    for index in problem.machines.indices {
      problem.machines[index].isPinned = false
      problem.machines[index].current = hosts[index]
    }
    for index in problem.hosts.indices where problem.hosts[index].availability == .closed {
      problem.hosts[index].availability = .drained
    }
    return problem
  }

  /// All failures of one host, or two where each of them alone is survived, that are not. In the order of the names.
  func gaps(_ count: Int) -> [FailureGap] {
    guard count > 0 else { return [] }
    var gaps: [FailureGap] = []
    var survived: [Int] = []
    for host in 0..<model.hostCount {
      if let gap = gap([host]) { gaps.append(gap) } else { survived.append(host) }
    }
    guard count > 1 else { return gaps }
    for (position, first) in survived.enumerated() {
      for second in survived.dropFirst(position + 1) {
        if let gap = gap([first, second]) { gaps.append(gap) }
      }
    }
    return gaps
  }

  private func gap(_ failed: [Int]) -> FailureGap? {
    // What does not start again is gone; of what stays together all starts again if any does.
    let leaving = failed.flatMap { now.residents[$0] }.filter { unit in
      model.units[unit].members.contains { model.machine($0).survives }
    }.sorted { (model.size(of: $0), $1) < (model.size(of: $1), $0) }
    guard !leaving.isEmpty else { return nil }
    var occupancy = now
    var tree = tree
    for host in failed {
      for unit in occupancy.residents[host] { occupancy.take(unit) }
      tree.close(host)
    }
    let emptied = occupancy
    var left: [Int] = []
    for unit in leaving.reversed() {
      if let host = tree.best(for: unit, occupancy) {
        occupancy.put(unit, on: host)
        tree.update(host, occupancy)
      } else {
        left.append(unit)
      }
    }
    guard !left.isEmpty else { return nil }
    var hosts = model.isOpen
    for host in failed { hosts[host] = false }
    var search = ExactSearch(
      emptied, movable: model.units.map { _ in false }, pending: leaving, hosts: hosts, preference: .pack,
      budget: budget, below: nil, stopsAtFirst: true)
    search.run()
    if search.best != nil { return nil }
    return FailureGap(
      failed: failed.map { model.hostOrder[$0] },
      machines: left.flatMap { model.units[$0].members }.sorted().map { model.machineOrder[$0] },
      resource: scarceResource(left, occupancy, hosts), isProven: search.isComplete)
  }

  /// The resource that keeps the units from most hosts.
  private func scarceResource(_ units: [Int], _ occupancy: Occupancy, _ hosts: [Bool]) -> Int? {
    var refusals = Array(repeating: 0, count: model.resourceCount)
    for unit in units {
      for host in model.candidates(of: unit) where hosts[host] {
        for resource in 0..<model.resourceCount where model.units[unit].demand[resource] > 0 {
          let index = host * model.resourceCount + resource
          if occupancy.load[index] + model.units[unit].demand[resource] > model.capacity[index] {
            refusals[resource] += 1
          }
        }
      }
    }
    guard let most = refusals.max(), most > 0 else { return nil }
    return refusals.firstIndex(of: most)
  }
}

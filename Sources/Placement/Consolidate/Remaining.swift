/// What still fits besides a placement.
struct Remaining {
  let problem: PlacementProblem
  let hosts: [Int]

  init(_ problem: PlacementProblem, hosts: [Int]) {
    self.problem = problem
    self.hosts = hosts
  }

  /// How many machines of this demand. Without any demand they are endlessly many: `Int.max`.
  func count(of demand: [UInt64]) -> Int {
    guard demand.contains(where: { $0 > 0 }) else { return .max }
    var loads = problem.hosts.map(\.foreignLoad)
    for (machine, host) in zip(problem.machines, hosts) {
      for resource in problem.resources.indices {
        loads[host][resource] = loads[host][resource].saturatingAdding(machine.demand[resource])
      }
    }
    var count = 0
    for (host, load) in zip(problem.hosts, loads) where host.availability == .open {
      let places = problem.resources.indices.filter { demand[$0] > 0 }.map { resource in
        host.capacity[resource] < load[resource]
          ? 0 : (host.capacity[resource] - load[resource]) / demand[resource]
      }
      count += Int(min(places.min() ?? 0, UInt64(Int.max / max(1, problem.hosts.count))))
    }
    return count
  }
}

/// Complete searches for an order, for few moves.
struct MoveSearch {
  struct Way {
    var machine: Int
    var host: Int
  }

  private let start: Yard
  private let wanted: [Int]
  private let machines: [Int]

  init(_ start: Yard, _ wanted: [Int]) {
    self.start = start
    self.wanted = wanted
    machines = wanted.indices.filter { start.host[$0] >= 0 && start.host[$0] != wanted[$0] }
  }

  /// An order in which each machine moves once; nil where there is none, or none was found.
  func direct() -> [Way]? {
    guard machines.count <= 14 else { return nil }
    var budget = 5_000
    var deadEnds: Set<[Int]> = []
    func extend(_ yard: Yard, _ left: [Int], _ ways: [Way]) -> [Way]? {
      if left.isEmpty { return ways }
      budget -= 1
      guard budget > 0, !deadEnds.contains(left) else { return nil }
      for machine in left where yard.fits(machine, on: wanted[machine]) {
        var next = yard
        next.move(machine, to: wanted[machine])
        let way = Way(machine: machine, host: wanted[machine])
        if let found = extend(next, left.filter { $0 != machine }, ways + [way]) { return found }
      }
      deadEnds.insert(left)
      return nil
    }
    return extend(start, machines, [])
  }

  /// The fewest moves, of which any may lead over other hosts; nil where there are none, or none were found.
  func overDetours(keepsRules: Bool) -> [Way]? {
    guard machines.count <= 10 else { return nil }
    let first = machines.map { start.host[$0] }
    let last = machines.map { wanted[$0] }
    var origin: [[Int]: (former: [Int], way: Way)] = [:]
    var queue = [first]
    var next = 0
    while next < queue.count, queue.count < 20_000 {
      let state = queue[next]
      next += 1
      var yard = start
      for (machine, host) in zip(machines, state) where yard.host[machine] != host {
        yard.move(machine, to: host)
      }
      for (position, machine) in machines.enumerated() {
        for host in 0..<start.model.hostCount where host != state[position] {
          guard yard.isAllowed(machine, on: host), yard.hasRoom(machine, on: host),
            !keepsRules || yard.brokenLimit(machine, on: host) == nil
          else { continue }
          var reached = state
          reached[position] = host
          guard reached != first, origin[reached] == nil else { continue }
          origin[reached] = (state, Way(machine: machine, host: host))
          guard reached != last else { return path(to: last, origin) }
          queue.append(reached)
        }
      }
    }
    return nil
  }

  private func path(to state: [Int], _ origin: [[Int]: (former: [Int], way: Way)]) -> [Way] {
    var ways: [Way] = []
    var state = state
    while let (former, way) = origin[state] {
      ways.append(way)
      state = former
    }
    return ways.reversed()
  }
}

/// Places units by putting others out, which are placed again in turn. A unit that found no place counts more from then on and
/// is put out less readily, so that the search does not go round in circles.
struct EjectionSearch {
  let model: Model
  let movable: [Bool]
  let hosts: [Bool]
  private(set) var occupancy: Occupancy
  private(set) var pending: [Int]
  private var tree: HostTree
  private var penalty: [Int]
  private var budget: Int

  /// - Parameters:
  ///   - pending: Units that need a host. The last is placed first.
  ///   - budget: So many looks at a unit on a host.
  init(
    _ occupancy: Occupancy, movable: [Bool], pending: [Int], hosts: [Bool],
    preference: PlacementOptions.Preference,
    budget: Int
  ) {
    model = occupancy.model
    self.movable = movable
    self.hosts = hosts
    self.occupancy = occupancy
    self.pending = pending
    self.budget = budget
    tree = HostTree(occupancy, preference: preference, hosts: hosts)
    penalty = model.units.map { _ in 1 }
  }

  /// Whether all have a host. The fewest that were left over are `pending` otherwise.
  mutating func run() -> Bool {
    var best = (occupancy, pending)
    while let unit = pending.popLast() {
      if let host = tree.best(for: unit, occupancy) {
        put(unit, on: host)
      } else {
        penalty[unit] += 1
        budget -= 20
        guard budget > 0, let (host, ejected) = ejection(for: unit) else {
          (occupancy, pending) = best
          if pending.isEmpty { pending = [unit] }
          return false
        }
        for other in ejected { take(other) }
        put(unit, on: host)
        pending += ejected.sorted { size($0) < size($1) }
      }
      if pending.count < best.1.count { best = (occupancy, pending) }
    }
    return true
  }

  private func size(_ unit: Int) -> Double { model.size(of: unit) }

  private mutating func put(_ unit: Int, on host: Int) {
    occupancy.put(unit, on: host)
    tree.update(host, occupancy)
  }

  private mutating func take(_ unit: Int) {
    let host = occupancy.host[unit]
    occupancy.take(unit)
    tree.update(host, occupancy)
  }

  /// The host where those that make room count least, and who they are.
  private mutating func ejection(for unit: Int) -> (host: Int, ejected: [Int])? {
    var best: (score: Double, host: Int, ejected: [Int])?
    for host in model.candidates(of: unit) where hosts[host] {
      guard let ejected = ejected(for: unit, on: host, below: best?.score ?? .infinity) else { continue }
      let score = score(ejected)
      if let best, best.score <= score { continue }
      best = (score, host, ejected)
    }
    return best.map { ($0.host, $0.ejected) }
  }

  private func score(_ units: [Int]) -> Double {
    units.reduce(0) { sum, unit in
      let isAtHome = model.home(of: unit) == occupancy.host[unit]
      return sum + Double(penalty[unit]) + (isAtHome ? 0.5 : 0) + min(0.4, size(unit) / 4)
    }
  }

  /// Units on the host, three at most, without which this one fits there.
  private mutating func ejected(for unit: Int, on host: Int, below limit: Double) -> [Int]? {
    let residents = occupancy.residents[host].filter { movable[$0] }.sorted {
      (penalty[$0], size($0), $0) < (penalty[$1], size($1), $1)
    }
    var out: [Int] = []
    defer { for other in out.reversed() { occupancy.put(other, on: host) } }
    // One alone, if it is enough.
    for other in residents {
      budget -= 1
      guard score([other]) < limit else { break }
      occupancy.take(other)
      let fits = occupancy.fits(unit, on: host)
      occupancy.put(other, on: host)
      if fits { return [other] }
    }
    for other in residents where isInTheWay(other, of: unit, on: host) {
      guard out.count < 3 else { return nil }
      occupancy.take(other)
      out.append(other)
      if occupancy.fits(unit, on: host) {
        return out
      }
    }
    return nil
  }

  private func isInTheWay(_ other: Int, of unit: Int, on host: Int) -> Bool {
    for resource in 0..<model.resourceCount {
      let index = host * model.resourceCount + resource
      let missing = occupancy.load[index] + model.units[unit].demand[resource] - model.capacity[index]
      if missing > 0 && model.units[other].demand[resource] > 0 { return true }
    }
    guard let group = occupancy.brokenGroup(unit, on: host) else { return false }
    return model.units[other].groups.contains { $0.group == group }
  }
}

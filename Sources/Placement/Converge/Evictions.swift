/// Finds units that have to leave their hosts so that rules and capacity hold for those that stay.
struct Evictions {
  let model: Model
  let movable: [Bool]
  private(set) var occupancy: Occupancy
  private(set) var evicted: [Int] = []
  /// Hosts and groups where this is not possible, since those in the way cannot move.
  private(set) var isStuck = false
  /// So many moves at least are needed for it.
  private(set) var fewestMoves = 0

  init(_ occupancy: Occupancy, movable: [Bool]) {
    model = occupancy.model
    self.movable = movable
    self.occupancy = occupancy
    fewestMoves = lowerBound()
    for group in model.groups.indices { clear(group: group) }
    for host in 0..<model.hostCount where !model.isClosed[host] { clear(host: host) }
    bringBack()
  }

  private func isMovable(_ unit: Int) -> Bool { movable[unit] && occupancy.host[unit] >= 0 }

  private mutating func evict(_ unit: Int) {
    occupancy.take(unit)
    evicted.append(unit)
  }

  /// Members that may not be where they are, since they are too many in a domain.
  private func crowds(of group: Int) -> [(domain: Int, units: [Int], surplus: Int)] {
    var units: [Int: [Int]] = [:]
    for unit in model.groups[group].units where occupancy.host[unit] >= 0 {
      units[model.domain(of: occupancy.host[unit], in: group), default: []].append(unit)
    }
    return units.keys.sorted().compactMap { domain in
      let here = units[domain] ?? []
      guard here.contains(where: { !model.isClosed[occupancy.host[$0]] }) else { return nil }
      let count = here.reduce(0) { $0 + self.count(of: $1, in: group) }
      let surplus = domain < 0 ? count : count - model.groups[group].max
      return surplus > 0 ? (domain, here, surplus) : nil
    }
  }

  private func count(of unit: Int, in group: Int) -> Int {
    model.units[unit].groups.first { $0.group == group }?.count ?? 0
  }

  private mutating func clear(group: Int) {
    for crowd in crowds(of: group) {
      var surplus = crowd.surplus
      // One that has to leave a full host anyway is the first to go.
      let order = crowd.units.filter { isMovable($0) }.sorted { left, right in
        let keys = [left, right].map { unit in
          (isOverfull(occupancy.host[unit]) ? 0 : 1, model.units[unit].fullCost)
        }
        return (keys[0].0, keys[0].1, left) < (keys[1].0, keys[1].1, right)
      }
      for unit in order where surplus > 0 {
        surplus -= count(of: unit, in: group)
        evict(unit)
      }
      let stays = crowd.units.contains { occupancy.host[$0] >= 0 && !model.isClosed[occupancy.host[$0]] }
      if surplus > 0 && stays { isStuck = true }
    }
  }

  private func isOverfull(_ host: Int) -> Bool {
    (0..<model.resourceCount).contains { occupancy.excess(of: $0, on: host) > 0 }
  }

  /// The share of what is missing on a host that the unit's leaving gives back.
  private func relief(_ unit: Int, _ excess: [Int]) -> Double {
    var relief = 0.0
    for (resource, amount) in excess.enumerated() where amount > 0 {
      relief += Double(min(amount, model.units[unit].demand[resource])) / Double(amount)
    }
    return relief / Double(max(1, model.units[unit].fullCost.moves))
  }

  /// What is missing of each resource on a host as far as units there take it.
  private func excess(on host: Int) -> [Int] {
    (0..<model.resourceCount).map { resource in
      let excess = occupancy.excess(of: resource, on: host)
      guard excess > 0 else { return 0 }
      let taken = occupancy.residents[host].reduce(0) { $0 + model.units[$1].demand[resource] }
      return min(excess, taken)
    }
  }

  private mutating func clear(host: Int) {
    while true {
      let excess = excess(on: host)
      guard excess.contains(where: { $0 > 0 }) else { return }
      var best: (relief: Double, unit: Int)?
      for unit in occupancy.residents[host].sorted() where isMovable(unit) {
        let relief = relief(unit, excess)
        guard relief > 0 else { continue }
        if let known = best,
          (-known.relief, model.units[known.unit].fullCost) <= (-relief, model.units[unit].fullCost)
        {
          continue
        }
        best = (relief, unit)
      }
      guard let best else {
        isStuck = true
        return
      }
      evict(best.unit)
    }
  }

  /// Those that need not have left: the costliest stay first.
  private mutating func bringBack() {
    for unit in evicted.sorted(by: { (model.units[$1].fullCost, $1) < (model.units[$0].fullCost, $0) }) {
      guard let home = model.home(of: unit), occupancy.fits(unit, on: home) else { continue }
      occupancy.put(unit, on: home)
      evicted.removeAll { $0 == unit }
    }
  }

  /// At least so many moves mend what is wrong: per host the most of what each resource and rule there needs, or, if that is
  /// more, of a rule over labels.
  private func lowerBound() -> Int {
    var byHost: [Int: Int] = [:]
    var byLabel = 0
    for host in 0..<model.hostCount where !model.isClosed[host] {
      for (resource, excess) in excess(on: host).enumerated() where excess > 0 {
        byHost[host] = max(byHost[host] ?? 0, fewest(on: host, resource, excess))
      }
    }
    for group in model.groups.indices {
      var sum = 0
      for crowd in crowds(of: group) {
        let moves = fewest(of: crowd.units.filter { movable[$0] }, group, crowd.surplus)
        if model.groups[group].domains == nil {
          byHost[crowd.domain] = max(byHost[crowd.domain] ?? 0, moves)
        }
        sum += moves
      }
      byLabel = max(byLabel, sum)
    }
    return max(byLabel, byHost.values.reduce(0, +))
  }

  private func fewest(on host: Int, _ resource: Int, _ excess: Int) -> Int {
    let amounts = occupancy.residents[host].filter { movable[$0] }.map {
      (gain: model.units[$0].demand[resource], moves: max(1, model.units[$0].fullCost.moves))
    }
    return fewest(amounts, excess)
  }

  private func fewest(of units: [Int], _ group: Int, _ surplus: Int) -> Int {
    fewest(units.map { (count(of: $0, in: group), max(0, model.units[$0].fullCost.moves)) }, surplus)
  }

  /// As many moves as it takes to gain so much, where parts of a unit may be taken.
  private func fewest(_ amounts: [(gain: Int, moves: Int)], _ needed: Int) -> Int {
    var needed = Double(needed)
    var moves = 0.0
    for (gain, cost) in amounts.sorted(by: {
      Double($0.gain) * Double($1.moves) > Double($1.gain) * Double($0.moves)
    }) {
      guard needed > 0 else { break }
      if Double(gain) >= needed {
        moves += cost == 1 ? 1 : Double(cost) * needed / Double(gain)
        needed = 0
      } else {
        moves += Double(cost)
        needed -= Double(gain)
      }
    }
    return moves > 1e-6 ? Int(moves - 1e-6) + 1 : 0
  }
}

/// So many hosts are in use however machines are placed.
struct ConsolidationBound {
  private let model: Model
  private let isAlwaysUsed: [Bool]

  init(_ model: Model, _ isAlwaysUsed: [Bool]) {
    self.model = model
    self.isAlwaysUsed = isAlwaysUsed
  }

  func hosts() -> Int {
    let always = isAlwaysUsed.count { $0 }
    return max(always + bySums(), byPacking(), bySpread())
  }

  /// Units that are not on hosts which neither take nor give.
  private var units: [Int] {
    model.units.indices.filter { unit in model.units[unit].fixedHost.map { !model.isClosed[$0] } ?? true }
  }

  /// Hosts besides those in use anyway: as many of the largest as have enough of each resource.
  private func bySums() -> Int {
    (0..<model.resourceCount).map { resource in
      var left = units.reduce(0) { $0 + model.units[$1].demand[resource] }
      var others: [Int] = []
      for host in 0..<model.hostCount where model.isOpen[host] {
        let index = host * model.resourceCount + resource
        let free = max(0, model.capacity[index] - model.foreignLoad[index])
        if isAlwaysUsed[host] { left -= min(left, free) } else { others.append(free) }
      }
      var count = 0
      for free in others.sorted(by: >) where left > 0 {
        left -= min(left, free)
        count += 1
      }
      return count
    }.max() ?? 0
  }

  /// As if all hosts were empty and as large as the largest.
  private func byPacking() -> Int {
    let largest = (0..<model.resourceCount).map { resource in
      (0..<model.hostCount).filter { model.isOpen[$0] }.map {
        model.capacity[$0 * model.resourceCount + resource]
      }
      .max() ?? 0
    }
    let demands = units.map { model.units[$0].demand }
    return (0..<model.resourceCount).map { resource in
      PackingBound.bins(demands.map { $0[resource] }, capacity: largest[resource])
    }.max() ?? 0
  }

  private func bySpread() -> Int {
    model.groups.map { group in
      let count = group.units.reduce(0) { sum, unit in
        guard model.units[unit].fixedHost.map({ !model.isClosed[$0] }) ?? true else { return sum }
        return sum
          + (model.units[unit].groups.first { model.groups[$0.group].rule == group.rule }?.count ?? 0)
      }
      return group.max > 0 ? (count + group.max - 1) / group.max : 0
    }.max() ?? 0
  }
}

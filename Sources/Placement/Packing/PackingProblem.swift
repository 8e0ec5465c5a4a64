/// Items for equal bins, without any rules: what is left of a consolidation on empty hosts that are alike. As it has been studied
/// for long, there are strong ways to solve it.
struct PackingProblem {
  let resources: Int
  /// Of a bin.
  let capacity: [Int]
  /// By item and resource.
  let demand: [Int]
  let count: Int
  /// What a unit of each resource counts: scarce ones more, and together a full bin about 1.
  let weight: [Double]
  /// The weighted demand of each item.
  let size: [Double]

  init(capacity: [Int], demands: [[Int]]) {
    resources = capacity.count
    self.capacity = capacity
    demand = demands.flatMap { $0 }
    count = demands.count
    let totals = capacity.indices.map { resource in
      capacity[resource] == 0
        ? 0 : demands.reduce(0.0) { $0 + Double($1[resource]) } / Double(capacity[resource])
    }
    let most = totals.max() ?? 0
    // A resource of which a tenth more bins would have enough for all counts little.
    let shares = totals.map { most > 0 ? $0 / most : 0 }.map { $0 * $0 * $0 * $0 }
    let sum = max(shares.reduce(0, +), 1e-9)
    let weight = zip(shares, capacity).map { $1 == 0 ? 0 : $0 / sum / Double($1) }
    self.weight = weight
    size = demands.map { zip($0, weight).reduce(0) { $0 + Double($1.0) * $1.1 } }
  }

  /// The largest first.
  var order: [Int] {
    (0..<count).sorted { (size[$0], $1) > (size[$1], $0) }
  }

  func demand(_ item: Int, _ resource: Int) -> Int { demand[item * resources + resource] }
}

/// Fills one bin after the other as full as can be: the largest item that is left, with those that leave least of the bin free
/// (the minimum bin slack heuristic). Other fillings than the best are tried as far as the budget goes, few of them in one
/// attempt (limited discrepancy search).
struct BinCompletion {
  private struct Filling {
    var waste: Double
    var types: [Int]
  }

  private let problem: PackingProblem
  /// Items of the same demand are of one type; the largest first.
  private let types: [[Int]]
  private let demand: [Int]
  private let size: [Double]
  private let resources: Int
  private let smallest: Int
  private var count: [Int]
  private var bins: [[Int]] = []
  private var allowance: [Int] = []
  private var target = 0
  private var budget: Int

  init(_ problem: PackingProblem, budget: Int) {
    self.problem = problem
    self.budget = budget
    resources = problem.resources
    var types: [[Int]] = []
    var known: [[Int]: Int] = [:]
    for item in problem.order {
      let key = (0..<problem.resources).map { problem.demand(item, $0) }
      if let type = known[key] {
        types[type].append(item)
      } else {
        known[key] = types.count
        types.append([item])
      }
    }
    self.types = types
    demand = types.flatMap { type in (0..<problem.resources).map { problem.demand(type[0], $0) } }
    size = types.map { problem.size[$0[0]] }
    smallest = demand.min() ?? 0
    count = types.map(\.count)
  }

  /// A packing without any second thoughts.
  mutating func greedy() -> [[Int]] {
    reset(target: problem.count)
    allowance = allowance.map { _ in Int.max / 2 }
    let kept = budget
    budget = .max
    _ = fill(from: 0, discrepancies: 0, width: 1)
    budget = kept
    return items(bins)
  }

  /// A packing into so many bins; nil where none was found.
  mutating func solve(bins target: Int) -> [[Int]]? {
    for (discrepancies, width) in [(1, 2), (.max, 32)] {
      reset(target: target)
      if fill(from: 0, discrepancies: discrepancies, width: width) { return items(bins) }
      if budget <= 0 { return nil }
    }
    return nil
  }

  private mutating func reset(target: Int) {
    self.target = target
    count = types.map(\.count)
    bins = []
    allowance = (0..<resources).map { resource in
      let (room, overflow) = problem.capacity[resource].multipliedReportingOverflow(by: target)
      let total = types.indices.reduce(0) { $0 + demand[$1 * resources + resource] * types[$1].count }
      return overflow ? .max / 2 : room - total
    }
  }

  private func items(_ bins: [[Int]]) -> [[Int]] {
    var next = types.map { _ in 0 }
    return bins.map { bin in
      bin.map { type in
        next[type] += 1
        return types[type][next[type] - 1]
      }
    }
  }

  private mutating func fill(from first: Int, discrepancies: Int, width: Int) -> Bool {
    var first = first
    while first < types.count, count[first] == 0 { first += 1 }
    guard first < types.count else { return true }
    guard bins.count < target, budget > 0 else { return false }
    for (rank, filling) in fillings(of: first, width: discrepancies > 0 ? width : 1).enumerated() {
      guard rank <= discrepancies else { break }
      use(filling.types)
      if allowance.allSatisfy({ $0 >= 0 }),
        fill(from: first, discrepancies: discrepancies - rank, width: width)
      {
        return true
      }
      giveBack()
      if budget <= 0 { return false }
    }
    return false
  }

  private mutating func use(_ filling: [Int]) {
    bins.append(filling)
    for resource in 0..<resources {
      let taken = filling.reduce(0) { $0 + demand[$1 * resources + resource] }
      allowance[resource] -= problem.capacity[resource] - taken
    }
    for type in filling { count[type] -= 1 }
  }

  private mutating func giveBack() {
    guard let filling = bins.popLast() else { return }
    for resource in 0..<resources {
      let taken = filling.reduce(0) { $0 + demand[$1 * resources + resource] }
      allowance[resource] += problem.capacity[resource] - taken
    }
    for type in filling { count[type] += 1 }
  }

  /// The best fillings that begin with an item of this type.
  private mutating func fillings(of seed: Int, width: Int) -> [Filling] {
    var free = problem.capacity
    var chosen = [seed]
    var found: [Filling] = []
    count[seed] -= 1
    for resource in 0..<resources { free[resource] -= demand[seed * resources + resource] }
    var left = 20_000
    extend(seed, &free, &chosen, &found, width, &left)
    count[seed] += 1
    budget -= 20_000 - left + 1
    return found
  }

  /// With one resource, types before this one are too large.
  private func firstFitting(_ free: [Int], from first: Int) -> Int {
    guard resources == 1 else { return first }
    var (low, high) = (first, types.count)
    while low < high {
      let middle = (low + high) / 2
      if demand[middle] > free[0] { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func extend(
    _ first: Int, _ free: inout [Int], _ chosen: inout [Int], _ found: inout [Filling], _ width: Int,
    _ left: inout Int
  ) {
    var isFull = true
    var type = firstFitting(free, from: first)
    // No two items fit: the largest one is the best, and there is no other way to be as good.
    let isLast = resources == 1 && free[0] < 2 * smallest
    while type < types.count, left > 0 {
      defer { type += 1 }
      guard count[type] > 0 else { continue }
      left -= 1
      let base = type * resources
      var fits = true
      for resource in 0..<resources where demand[base + resource] > free[resource] {
        fits = false
        break
      }
      guard fits else { continue }
      isFull = false
      for resource in 0..<resources { free[resource] -= demand[base + resource] }
      count[type] -= 1
      chosen.append(type)
      extend(type, &free, &chosen, &found, width, &left)
      chosen.removeLast()
      count[type] += 1
      for resource in 0..<resources { free[resource] += demand[base + resource] }
      if isLast || (found.count == width && found[width - 1].waste <= 1e-12) { return }
    }
    guard isFull else { return }
    var waste = 0.0
    for resource in 0..<resources { waste += Double(free[resource]) * problem.weight[resource] }
    if found.count == width, let last = found.last, last.waste <= waste + 1e-12 { return }
    // Of equal ones the one of fewer and larger items comes first.
    let position = found.firstIndex { $0.waste > waste + 1e-12 } ?? found.count
    found.insert(Filling(waste: waste, types: chosen), at: position)
    if found.count > width { found.removeLast() }
  }
}

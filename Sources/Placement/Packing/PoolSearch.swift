/// Packs into a given number of bins by exchanging items between bins and a pool of those without one, such that the pool shrinks:
/// a consistent neighbourhood search with a tabu list, after Buljubašić and Vasquez (2016).
struct PoolSearch {
  private struct Exchange {
    var delta: Double
    var bin = -1
    var out: (Int, Int) = (-1, -1)
    var into: (Int, Int) = (-1, -1)
  }

  private let problem: PackingProblem
  private let resources: Int
  private var bins: [[Int]]
  private var free: [Int]
  private var pool: [Int]
  /// Until which round an item neither leaves nor enters a bin.
  private var rest: [Int]
  private var dice: UInt64 = 0x2545_F491_4F6C_DD1D
  private var looks = 0

  init(_ problem: PackingProblem, bins: [[Int]], pool: [Int]) {
    self.problem = problem
    self.bins = bins
    self.pool = pool
    resources = problem.resources
    rest = Array(repeating: 0, count: problem.count)
    free = bins.flatMap { bin in
      problem.capacity.indices.map { resource in
        bin.reduce(problem.capacity[resource]) { $0 - problem.demand($1, resource) }
      }
    }
  }

  private mutating func random(_ limit: Int) -> Int {
    dice ^= dice << 13
    dice ^= dice >> 7
    dice ^= dice << 17
    return Int(dice % UInt64(limit))
  }

  /// The bins if all items have one before so many exchanges have been looked at.
  mutating func run(budget: Int) -> [[Int]]? {
    var round = 0
    var best = Double.infinity
    var poolSize = pool.reduce(0) { $0 + problem.size[$1] }
    var lastGain = 0
    while !pool.isEmpty {
      guard looks < budget else { return nil }
      round += 1
      guard let exchange = bestExchange(round, aspiration: best - poolSize) else {
        shake(200)
        continue
      }
      apply(exchange, round)
      poolSize += exchange.delta
      if poolSize < best - 1e-12 {
        best = poolSize
        lastGain = round
      } else if round - lastGain > 50 {
        shake(2 * bins.count)
        lastGain = round
      }
    }
    return bins
  }

  /// The exchange after which the pool is smallest, of those with no item that rests.
  private mutating func bestExchange(_ round: Int, aspiration: Double) -> Exchange? {
    var best = Exchange(delta: .infinity)
    if pool.count > 10 {
      for index in 0..<10 { pool.swapAt(index, index + random(pool.count - index)) }
    }
    let candidates = Array(pool.prefix(10))
    let offset = random(max(1, bins.count))
    for step in 0..<min(bins.count, 60) {
      let bin = (step + offset) % bins.count
      for (position, entering) in candidates.enumerated() {
        if rest[entering] > round && problem.size[entering] < -aspiration { continue }
        consider(bin, entering, -1, round, &best)
        for other in candidates.dropFirst(position + 1) where rest[other] <= round {
          consider(bin, entering, other, round, &best)
        }
      }
    }
    return best.bin < 0 ? nil : best
  }

  /// Looks at all ways to let one or two items of the pool into a bin.
  private mutating func consider(
    _ bin: Int, _ first: Int, _ second: Int, _ round: Int, _ best: inout Exchange
  ) {
    let gain = problem.size[first] + (second >= 0 ? problem.size[second] : 0)
    let base = bin * resources
    // What is missing in the bin.
    var (m0, m1, m2) = (Int.min, Int.min, Int.min)
    for resource in 0..<resources {
      let demand = problem.demand(first, resource) + (second >= 0 ? problem.demand(second, resource) : 0)
      let missing = demand - free[base + resource]
      switch resource {
      case 0: m0 = missing
      case 1: m1 = missing
      default: m2 = max(m2, missing)
      }
    }
    looks += 1
    if m0 <= 0, m1 <= 0, m2 <= 0 {
      if -gain < best.delta { best = Exchange(delta: -gain, bin: bin, out: (-1, -1), into: (first, second)) }
      return
    }
    let items = bins[bin]
    for (position, leaving) in items.enumerated() where rest[leaving] <= round {
      let delta = problem.size[leaving] - gain
      guard delta < best.delta else { continue }
      looks += 1
      if frees(leaving, -1, first, second, base) {
        best = Exchange(delta: delta, bin: bin, out: (leaving, -1), into: (first, second))
        continue
      }
      for other in items.dropFirst(position + 1) where rest[other] <= round {
        let delta = delta + problem.size[other]
        guard delta < best.delta else { continue }
        looks += 1
        if frees(leaving, other, first, second, base) {
          best = Exchange(delta: delta, bin: bin, out: (leaving, other), into: (first, second))
        }
      }
    }
  }

  private func frees(_ leaving: Int, _ other: Int, _ first: Int, _ second: Int, _ base: Int) -> Bool {
    for resource in 0..<resources {
      var room = free[base + resource] + problem.demand(leaving, resource) - problem.demand(first, resource)
      if other >= 0 { room += problem.demand(other, resource) }
      if second >= 0 { room -= problem.demand(second, resource) }
      if room < 0 { return false }
    }
    return true
  }

  private mutating func apply(_ exchange: Exchange, _ round: Int) {
    for item in [exchange.out.0, exchange.out.1] where item >= 0 {
      remove(item, from: exchange.bin)
      pool.append(item)
      rest[item] = round + 2 + random(3 + pool.count)
    }
    for item in [exchange.into.0, exchange.into.1] where item >= 0 {
      pool.removeAll { $0 == item }
      add(item, to: exchange.bin)
      rest[item] = round + 3 + random(8)
    }
  }

  private mutating func remove(_ item: Int, from bin: Int) {
    bins[bin].removeAll { $0 == item }
    for resource in 0..<resources { free[bin * resources + resource] += problem.demand(item, resource) }
  }

  private mutating func add(_ item: Int, to bin: Int) {
    bins[bin].append(item)
    for resource in 0..<resources { free[bin * resources + resource] -= problem.demand(item, resource) }
  }

  private func slack(_ bin: Int) -> Double {
    (0..<resources).reduce(0) { $0 + Double(free[bin * resources + $1]) * problem.weight[$1] }
  }

  /// Exchanges items between pairs of bins, which gathers what is free in one of them.
  private mutating func shake(_ count: Int) {
    guard bins.count > 1 else { return looks += 1 }
    for _ in 0..<count {
      let left = random(bins.count)
      let right = random(bins.count)
      guard left != right, !bins[left].isEmpty, !bins[right].isEmpty else { continue }
      looks += bins[left].count * bins[right].count
      gather(left, right)
    }
  }

  private mutating func gather(_ left: Int, _ right: Int) {
    let (a, b) = (slack(left), slack(right))
    var best: (gain: Double, first: Int, second: Int)?
    for first in bins[left] {
      for second in [-1] + bins[right] {
        let change = problem.size[first] - (second >= 0 ? problem.size[second] : 0)
        let gain = (a + change) * (a + change) + (b - change) * (b - change) - a * a - b * b
        guard gain > (best?.gain ?? 1e-9) else { continue }
        let fits = (0..<resources).allSatisfy { resource in
          let moved = problem.demand(first, resource) - (second >= 0 ? problem.demand(second, resource) : 0)
          return free[right * resources + resource] >= moved && free[left * resources + resource] + moved >= 0
        }
        if fits { best = (gain, first, second) }
      }
    }
    guard let best else { return }
    remove(best.first, from: left)
    if best.second >= 0 {
      remove(best.second, from: right)
      add(best.second, to: left)
    }
    add(best.first, to: right)
  }
}

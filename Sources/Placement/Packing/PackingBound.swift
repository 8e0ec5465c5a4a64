/// Lower bounds on the number of bins.
struct PackingBound {
  /// The bound of Martello and Toth (L2) and those of the dual feasible functions of Fekete and Schepers, the best of all
  /// resources. Items that exceed a bin are left to the caller.
  static func bins(_ problem: PackingProblem) -> Int {
    (0..<problem.resources).map { resource in
      let demands = (0..<problem.count).map { problem.demand($0, resource) }
      return bins(demands, capacity: problem.capacity[resource])
    }.max() ?? 0
  }

  static func bins(_ demands: [Int], capacity: Int) -> Int {
    let sorted = demands.filter { $0 > 0 }.sorted(by: >)
    guard let smallest = sorted.last, capacity > 0 else { return 0 }
    var sums = [0]
    for demand in sorted { sums.append(sums[sums.count - 1] + demand) }
    let sum = sums[sorted.count]
    guard sum > capacity else { return 1 }
    var best = rounded(sum, capacity)
    // At most so many items fit into a bin.
    best = max(best, rounded(sorted.count, max(1, capacity / smallest)))
    for threshold in Set(sorted.filter { $0 <= capacity / 2 } + [0]) {
      best = max(best, twoClasses(sorted, sums, capacity, threshold))
    }
    guard sum < Int.max / 64 else { return best }
    for factor in 1...20 {
      best = max(best, rounded(sorted.reduce(0) { $0 + stretched($1, capacity, factor) }, factor * capacity))
    }
    return best
  }

  private static func rounded(_ amount: Int, _ capacity: Int) -> Int { (amount + capacity - 1) / capacity }

  /// L2: what is larger than the capacity without the threshold shares a bin with nothing that counts, what is larger than a
  /// half with nothing like it, and the rest down to the threshold fills what those leave.
  private static func twoClasses(_ sorted: [Int], _ sums: [Int], _ capacity: Int, _ threshold: Int) -> Int {
    func end(_ isIn: (Int) -> Bool) -> Int {
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if isIn(sorted[middle]) { low = middle + 1 } else { high = middle }
      }
      return low
    }
    let alone = end { $0 > capacity - threshold }
    let large = end { $0 > capacity / 2 }
    let small = end { $0 >= threshold }
    let middle = max(alone, large)
    let left = (middle - alone) * capacity - (sums[middle] - sums[alone])
    let rest = (small > middle ? sums[small] - sums[middle] : 0) - left
    return middle + (rest > 0 ? rounded(rest, capacity) : 0)
  }

  /// The function u(k) of Fekete and Schepers, times `factor` and the capacity.
  private static func stretched(_ demand: Int, _ capacity: Int, _ factor: Int) -> Int {
    let (product, overflow) = demand.multipliedReportingOverflow(by: factor + 1)
    guard !overflow, product % capacity != 0 else { return demand * factor }
    return product / capacity * capacity
  }
}

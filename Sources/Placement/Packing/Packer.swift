/// Packs items into few equal bins.
struct Packer {
  /// The items of each bin, and the number of bins that no packing undercuts.
  static func pack(_ problem: PackingProblem, budget: Int) -> (bins: [[Int]], lowerBound: Int) {
    let bound = PackingBound.bins(problem)
    var completion = BinCompletion(problem, budget: budget)
    var best = bestFit(problem)
    let filled = completion.greedy()
    if filled.count < best.count { best = filled }
    if best.count > bound, let exact = completion.solve(bins: bound) { return (exact, bound) }
    while best.count > bound {
      guard let fewer = reduced(best, problem, budget) else { break }
      best = fewer
    }
    return (best, bound)
  }

  /// One bin fewer; nil where that was not found.
  private static func reduced(_ bins: [[Int]], _ problem: PackingProblem, _ budget: Int) -> [[Int]]? {
    let sizes = bins.map { $0.reduce(0) { $0 + problem.size[$1] } }
    let order = bins.indices.sorted { (sizes[$0], $0) > (sizes[$1], $1) }
    guard let emptiest = order.last else { return nil }
    var search = PoolSearch(problem, bins: order.dropLast().map { bins[$0] }, pool: bins[emptiest])
    return search.run(budget: budget)
  }

  /// The largest first, each into the bin that it leaves least of.
  private static func bestFit(_ problem: PackingProblem) -> [[Int]] {
    var bins: [[Int]] = []
    var free: [[Int]] = []
    for item in problem.order {
      var best: (slack: Double, bin: Int)?
      for bin in bins.indices {
        var slack = 0.0
        var fits = true
        for resource in 0..<problem.resources {
          let left = free[bin][resource] - problem.demand(item, resource)
          if left < 0 {
            fits = false
            break
          }
          slack += Double(left) * problem.weight[resource]
        }
        if fits, slack < best?.slack ?? .infinity { best = (slack, bin) }
      }
      let bin = best?.bin ?? bins.count
      if bin == bins.count {
        bins.append([])
        free.append(problem.capacity)
      }
      bins[bin].append(item)
      for resource in 0..<problem.resources { free[bin][resource] -= problem.demand(item, resource) }
    }
    return bins
  }
}

/// Finds few hosts that hold all machines: it empties one host after the other, packs anew where that leaves more hosts than the
/// lower bound, and tries all sets of hosts where they are few.
struct Consolidator {
  /// Units on few hosts.
  struct Candidate {
    var hosts: [Int]
    var used: Int
    var cost: Cost
  }

  private let original: PlacementProblem
  private let options: PlacementOptions
  /// With the headroom taken off.
  private let problem: PlacementProblem
  private let model: Model
  /// Hosts that are in use whatever is done.
  private let isAlwaysUsed: [Bool]

  init(_ problem: PlacementProblem, headroom: [Double], _ options: PlacementOptions) {
    original = problem
    var reduced = problem
    for host in reduced.hosts.indices {
      for resource in reduced.resources.indices where headroom[resource] > 0 {
        let share = max(0, 1 - headroom[resource])
        reduced.hosts[host].capacity[resource] = UInt64(
          Double(problem.hosts[host].capacity[resource]) * share)
      }
    }
    self.problem = reduced
    var packing = options
    packing.preference = .pack
    self.options = packing
    let model = Model(reduced, countsBytes: true)
    self.model = model
    let start = Convergence(model, packing)
    isAlwaysUsed = (0..<model.hostCount).map { host in
      model.host(host).foreignLoad.contains { $0 > 0 }
        || start.start.residents[host].contains { !start.movable[$0] }
    }
  }

  func run() -> ConsolidationOutcome {
    let hosts: [Int]
    switch Convergence(model, options).run() {
    case .found(let found, _): hosts = found
    case .none(let isProven, let partial, let unplaced):
      return .infeasible(
        InfeasibilityFinder(
          model: model, partial: partial, unplaced: unplaced, isProven: isProven, options: options
        ).find())
    }
    var bound = ConsolidationBound(model, isAlwaysUsed).hosts()
    var best = emptied(candidate(hosts))
    var isMinimal = false
    if best.used > bound, let packed = packed(below: best.used, bound) { best = packed }
    if let (exact, isProven) = allSets(from: bound, best) {
      best = exact
      isMinimal = isProven
      if isProven { bound = best.used }
    }
    return .consolidated(answer(best, max(bound, 0), isMinimal))
  }

  private func candidate(_ hosts: [Int]) -> Candidate {
    var isUsed = isAlwaysUsed
    for host in hosts { isUsed[host] = true }
    let cost = hosts.indices.reduce(Cost()) { $0 + model.cost(of: $1, on: hosts[$1]) }
    return Candidate(hosts: hosts, used: isUsed.count { $0 }, cost: cost)
  }

  private var movable: [Bool] { Convergence(model, options).movable }

  /// Empties hosts into others, the one with the fewest bytes to move first.
  private func emptied(_ candidate: Candidate) -> Candidate {
    let movable = movable
    var occupancy = Occupancy(model)
    for unit in candidate.hosts.indices { occupancy.put(unit, on: candidate.hosts[unit]) }
    var isUsed = isAlwaysUsed
    for host in candidate.hosts { isUsed[host] = true }
    var takes = (0..<model.hostCount).map { isUsed[$0] && model.isOpen[$0] }
    let order = (0..<model.hostCount).filter { takes[$0] && !isAlwaysUsed[$0] }.map { host in
      (
        host: host, size: occupancy.residents[host].reduce(0.0) { $0 + model.size(of: $1) },
        cost: occupancy.residents[host].reduce(Cost()) { $0 + model.units[$1].fullCost }
      )
    }.sorted { ($0.cost, $0.size, $0.host) < ($1.cost, $1.size, $1.host) }
    var budget = options.searchBudget
    for (host, _, _) in order {
      takes[host] = false
      var without = occupancy
      let leaving = without.residents[host].sorted {
        (model.size(of: $0), $1) < (model.size(of: $1), $0)
      }
      for unit in leaving { without.take(unit) }
      let (placed, left) = Convergence.place(leaving, in: without, .pack, hosts: takes)
      if left.isEmpty {
        occupancy = placed
        continue
      }
      var search = EjectionSearch(
        placed, movable: movable, pending: left, hosts: takes, preference: .pack,
        budget: min(budget, options.searchBudget / 20))
      budget -= options.searchBudget / 20
      if budget > 0, search.run() { occupancy = search.occupancy } else { takes[host] = true }
    }
    return settled(self.candidate(occupancy.host), takes)
  }

  /// The same hosts with as little moved as can be found.
  private func settled(_ candidate: Candidate, _ takes: [Bool]) -> Candidate {
    guard case .found(let hosts, _) = converged(onto: takes, budget: options.searchBudget / 4) else {
      return candidate
    }
    let other = self.candidate(hosts)
    return (other.used, other.cost) < (candidate.used, candidate.cost) ? other : candidate
  }

  /// A placement near the present one, with hosts that take none as good as drained.
  private func converged(onto takes: [Bool], budget: Int) -> Convergence.Result {
    var problem = problem
    for host in takes.indices where !takes[host] && model.isOpen[host] {
      problem.hosts[model.hostOrder[host]].availability = .drained
    }
    var options = options
    options.searchBudget = budget
    return Convergence(Model(problem, countsBytes: true), options).run()
  }

  /// A packing from scratch onto fewer hosts; nil where none was found.
  private func packed(below limit: Int, _ bound: Int) -> Candidate? {
    if let packed = UniformPacking(model, isAlwaysUsed).packed(budget: 3 * options.searchBudget) {
      let packed = candidate(packed)
      guard packed.used < limit else { return nil }
      var takes = isAlwaysUsed
      for host in packed.hosts { takes[host] = true }
      return settled(packed, takes)
    }
    var best: Candidate?
    for count in (max(1, bound)..<max(limit, bound + 1)).reversed().prefix(20) where count < limit {
      guard let fewer = repacked(onto: count) else { break }
      best = fewer
    }
    return best
  }

  /// All movable units anew onto so many hosts: those in use anyway, and the largest.
  private func repacked(onto count: Int) -> Candidate? {
    let start = Convergence(model, options)
    var occupancy = Occupancy(model)
    for unit in model.units.indices where !start.movable[unit] {
      occupancy.put(unit, on: start.start.host[unit])
    }
    var takes = isAlwaysUsed
    let order = (0..<model.hostCount).filter { model.isOpen[$0] && !isAlwaysUsed[$0] }.map { host in
      (host: host, size: (0..<model.resourceCount).reduce(0.0) { $0 + relativeCapacity(host, $1) })
    }.sorted { (-$0.size, $0.host) < (-$1.size, $1.host) }
    for (host, _) in order.prefix(max(0, count - isAlwaysUsed.count { $0 })) { takes[host] = true }
    let mask = (0..<model.hostCount).map { takes[$0] && model.isOpen[$0] }
    let pending = start.placingOrder(model.units.indices.filter { start.movable[$0] })
    let (placed, left) = Convergence.place(pending, in: occupancy, .pack, hosts: mask)
    if left.isEmpty { return settled(candidate(placed.host), takes) }
    var search = EjectionSearch(
      placed, movable: start.movable, pending: left, hosts: mask, preference: .pack,
      budget: options.searchBudget)
    return search.run() ? settled(candidate(search.occupancy.host), takes) : nil
  }

  private func relativeCapacity(_ host: Int, _ resource: Int) -> Double {
    let most = (0..<model.hostCount).map { model.capacity[$0 * model.resourceCount + resource] }.max() ?? 0
    return most > 0 ? Double(model.capacity[host * model.resourceCount + resource]) / Double(most) : 0
  }

  /// The cheapest placement on the fewest hosts of all sets of hosts, and whether it is proven; nil where they are too many.
  private func allSets(from bound: Int, _ known: Candidate) -> (Candidate, isProven: Bool)? {
    let choices = (0..<model.hostCount).filter { model.isOpen[$0] && !isAlwaysUsed[$0] }
    guard choices.count <= 8, model.units.count <= 200 else { return nil }
    let always = isAlwaysUsed.count { $0 }
    var isProven = true
    for size in max(0, bound - always)...max(0, bound - always, known.used - always) {
      var best: Candidate? = size + always == known.used ? known : nil
      for set in 0..<(1 << choices.count) where set.nonzeroBitCount == size {
        var takes = isAlwaysUsed
        for (position, host) in choices.enumerated() where set >> position & 1 == 1 { takes[host] = true }
        switch converged(onto: takes, budget: options.searchBudget / 20) {
        case .found(let hosts, let isMinimal):
          isProven = isProven && isMinimal
          let found = candidate(hosts)
          if best.map({ (found.used, found.cost) < ($0.used, $0.cost) }) ?? true { best = found }
        case .none(let isNone, _, _): isProven = isProven && isNone
        }
      }
      if let best { return (best, isProven) }
    }
    return (known, false)
  }

  private func answer(_ candidate: Candidate, _ bound: Int, _ isMinimal: Bool) -> Consolidation {
    let assignment = Assignment(
      model, hosts: candidate.hosts, isProvenMinimal: isMinimal, isConsolidation: true)
    let after = used(assignment.hosts)
    let moved = assignment.decisions.filter { $0.from != nil }.reduce(UInt64(0)) {
      $0.saturatingAdding(original.machines[$1.machine].moveCost)
    }
    return Consolidation(
      assignment: assignment, hostsBefore: used(original.machines.map(\.current)), hostsAfter: after,
      lowerBound: min(bound, after.count), usage: usage(after, assignment.hosts),
      moves: original.order(to: assignment.hosts), movedBytes: moved)
  }

  /// Hosts with machines or foreign load, by name.
  private func used(_ places: [Int?]) -> [Int] {
    let hosts = Set(places.compactMap { $0 })
    return model.hostOrder.filter { hosts.contains($0) || original.hosts[$0].foreignLoad.contains { $0 > 0 } }
  }

  private func usage(_ hosts: [Int], _ places: [Int]) -> [Consolidation.Usage] {
    var loads = original.hosts.map(\.foreignLoad)
    for (machine, host) in places.enumerated() {
      for resource in original.resources.indices {
        loads[host][resource] = loads[host][resource].saturatingAdding(
          original.machines[machine].demand[resource])
      }
    }
    return hosts.map { host in
      var usage = Consolidation.Usage(
        host: host, load: loads[host], capacity: original.hosts[host].capacity, bindingResource: 0)
      for resource in original.resources.indices
      where usage.utilisation(of: resource) > usage.utilisation(of: usage.bindingResource) {
        usage.bindingResource = resource
      }
      return usage
    }
  }
}

/// Finds a placement near the present one: quickly at first, then completely as far as the budget goes.
struct Convergence {
  enum Result {
    /// The host of each unit.
    case found(hosts: [Int], isMinimal: Bool)
    case none(isProven: Bool, partial: Occupancy, unplaced: [Int])
  }

  let model: Model
  let options: PlacementOptions
  /// Units that can be moved. Those that have one host only are on it from the start.
  private(set) var movable: [Bool]
  /// Units that keep to where they are, or are on the only host that takes them.
  private(set) var start: Occupancy
  /// Units that have to be placed in any case.
  private(set) var homeless: [Int] = []
  /// Units without any host.
  private(set) var hopeless: [Int] = []
  /// What placing the homeless costs at least.
  private var forcedCost = Cost()

  init(_ model: Model, _ options: PlacementOptions) {
    self.model = model
    self.options = options
    start = Occupancy(model)
    movable = Array(repeating: true, count: model.units.count)
    for unit in model.units.indices {
      let candidates = model.candidates(of: unit)
      forcedCost = forcedCost + (candidates.map { model.cost(of: unit, on: $0) }.min() ?? Cost())
      if candidates.isEmpty {
        hopeless.append(unit)
      } else if candidates.count == 1 {
        movable[unit] = false
        start.put(unit, on: candidates[0])
      } else if let home = model.home(of: unit), model.isCandidate(unit, home) {
        start.put(unit, on: home)
      } else {
        homeless.append(unit)
      }
    }
  }

  func run() -> Result {
    guard hopeless.isEmpty else { return .none(isProven: true, partial: start, unplaced: hopeless) }
    if let unit = lonelyUnit() { return .none(isProven: true, partial: start, unplaced: [unit]) }
    let evictions = Evictions(start, movable: movable)
    if evictions.isStuck {
      return .none(isProven: true, partial: start, unplaced: stuckUnits(evictions.occupancy))
    }
    let order = placingOrder(homeless + evictions.evicted)
    let (placed, unplaced) = quick(evictions.occupancy, order)
    let bound = forcedCost + Cost(moves: evictions.fewestMoves, bytes: 0)
    if unplaced.isEmpty {
      if cost(of: placed.host) == bound { return .found(hosts: placed.host, isMinimal: true) }
      let search = exact(share: 1, below: cost(of: placed.host))
      return .found(
        hosts: search.best.map { balanced($0.hosts) } ?? placed.host, isMinimal: search.isComplete)
    }
    if Bounds(model: model).contradiction() != nil {
      return .none(isProven: true, partial: placed, unplaced: unplaced)
    }
    // A complete search answers small problems, whether there is a placement or not.
    let small = exact(share: 4, below: nil)
    if small.isComplete {
      guard let best = small.best else { return .none(isProven: true, partial: placed, unplaced: unplaced) }
      return .found(hosts: balanced(best.hosts), isMinimal: true)
    }
    var search = EjectionSearch(
      placed, movable: movable, pending: unplaced, hosts: model.isOpen, preference: .pack,
      budget: options.searchBudget)
    let isPlaced = search.run()
    if isPlaced {
      let hosts = balanced(returned(search.occupancy), order).host
      if small.best.map({ cost(of: hosts) < $0.cost }) ?? true {
        return .found(hosts: hosts, isMinimal: false)
      }
    }
    if let best = small.best { return .found(hosts: balanced(best.hosts), isMinimal: false) }
    if let hosts = packed() { return .found(hosts: hosts, isMinimal: false) }
    return .none(isProven: false, partial: search.occupancy, unplaced: search.pending)
  }

  /// All anew, where hosts are alike and no rule holds: better many moves than no placement.
  private func packed() -> [Int]? {
    let isUsed = (0..<model.hostCount).map { host in
      model.host(host).foreignLoad.contains { $0 > 0 } || start.residents[host].contains { !movable[$0] }
    }
    return UniformPacking(model, isUsed).packed(budget: options.searchBudget)
  }

  private func exact(share: Int, below limit: Cost?) -> ExactSearch {
    var search = ExactSearch(
      start, movable: movable, pending: homeless, hosts: model.isOpen, preference: options.preference,
      budget: options.searchBudget / share, below: limit)
    search.run()
    return search
  }

  func cost(of hosts: [Int]) -> Cost {
    hosts.indices.reduce(Cost()) { $0 + model.cost(of: $1, on: hosts[$1]) }
  }

  /// A unit that no host takes beside those that cannot move.
  private func lonelyUnit() -> Int? {
    var fixed = Occupancy(model)
    for unit in model.units.indices where !movable[unit] { fixed.put(unit, on: start.host[unit]) }
    return model.units.indices.first { unit in
      movable[unit] && !model.candidates(of: unit).contains { fixed.fits(unit, on: $0) }
    }
  }

  /// Units that cannot move and are in each other's way.
  private func stuckUnits(_ occupancy: Occupancy) -> [Int] {
    model.units.indices.filter { unit in
      let host = occupancy.host[unit]
      guard host >= 0, !movable[unit], !model.isClosed[host] else { return false }
      return (0..<model.resourceCount).contains {
        occupancy.excess(of: $0, on: host) > 0 && model.units[unit].demand[$0] > 0
      }
        || model.units[unit].groups.contains { group, _ in
          let domain = model.domain(of: host, in: group)
          return occupancy.count(of: group, in: domain) > model.groups[group].max
        }
    }
  }

  /// The largest last, after those that few hosts take.
  func placingOrder(_ units: [Int]) -> [Int] {
    units.map { (unit: $0, isFree: model.candidates(of: $0).count > 24 ? 0 : 1, size: model.size(of: $0)) }
      .sorted { ($0.isFree, $0.size, $1.unit) < ($1.isFree, $1.size, $0.unit) }
      .map(\.unit)
  }

  /// A placement by preference, or, if units are left over, by packing.
  private func quick(_ occupancy: Occupancy, _ order: [Int]) -> (Occupancy, unplaced: [Int]) {
    let (placed, left) = Self.place(order, in: occupancy, options.preference, hosts: model.isOpen)
    guard !left.isEmpty, options.preference == .balance else { return (placed, left) }
    let (packed, fewer) = Self.place(order, in: occupancy, .pack, hosts: model.isOpen)
    guard !fewer.isEmpty else { return (balanced(packed, order), []) }
    return fewer.count < left.count ? (packed, fewer) : (placed, left)
  }

  /// Places the units, the last first.
  static func place(
    _ units: [Int], in occupancy: Occupancy, _ preference: PlacementOptions.Preference, hosts: [Bool]
  ) -> (Occupancy, left: [Int]) {
    var occupancy = occupancy
    var tree = HostTree(occupancy, preference: preference, hosts: hosts)
    var left: [Int] = []
    for unit in units.reversed() {
      if let host = tree.best(for: unit, occupancy) {
        occupancy.put(unit, on: host)
        tree.update(host, occupancy)
      } else {
        left.append(unit)
      }
    }
    return (occupancy, left.reversed())
  }

  /// Units that were put out go home where they fit after all.
  private func returned(_ occupancy: Occupancy) -> Occupancy {
    var occupancy = occupancy
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for unit in model.units.indices where movable[unit] {
        guard let home = model.home(of: unit), home != occupancy.host[unit], model.isCandidate(unit, home)
        else {
          continue
        }
        let host = occupancy.host[unit]
        occupancy.take(unit)
        let fits = occupancy.fits(unit, on: home)
        occupancy.put(unit, on: fits ? home : host)
        hasChanged = hasChanged || fits
      }
    }
    return occupancy
  }

  private func balanced(_ hosts: [Int]) -> [Int] {
    var occupancy = Occupancy(model)
    for unit in hosts.indices { occupancy.put(unit, on: hosts[unit]) }
    return balanced(occupancy, placingOrder(hosts.indices.filter { movable[$0] })).host
  }

  /// Each unit that is not where it was goes to a better host, or to one that costs less.
  private func balanced(_ occupancy: Occupancy, _ units: [Int]) -> Occupancy {
    var occupancy = occupancy
    var tree = HostTree(occupancy, preference: options.preference, hosts: model.isOpen)
    for unit in units.reversed() where movable[unit] && model.home(of: unit) != occupancy.host[unit] {
      let former = occupancy.host[unit]
      let cost = model.cost(of: unit, on: former)
      occupancy.take(unit)
      tree.update(former, occupancy)
      var target = former
      if cost == model.units[unit].fullCost, let best = tree.best(for: unit, occupancy),
        model.cost(of: unit, on: best) <= cost
      {
        target = best
      }
      occupancy.put(unit, on: target)
      tree.update(target, occupancy)
    }
    return occupancy
  }
}

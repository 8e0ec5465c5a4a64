/// A complete search for the cheapest placement, which ends early when its budget is used up.
///
/// Units are undecided where they are until one of them is in the way of a rule or of capacity. Then one after the other is
/// tried as the first that moves, with those before it decided to stay: no placement is missed, and none is tried twice.
struct ExactSearch {
  let model: Model
  let preference: PlacementOptions.Preference
  /// Undecided and decided units.
  private var all: Occupancy
  /// Decided units alone.
  private var decided: Occupancy
  private var isDecided: [Bool]
  /// A unit that was undecided on this host moves; -1 for none.
  private var leaves: [Int]
  private var pending: [Int]
  private var takes: [Bool]
  /// Hosts of one class differ in nothing as long as they are empty; -1 for a class of its own.
  private let classes: [Int]
  private var budget: Int

  private(set) var best: (cost: Cost, hosts: [Int])?
  /// No better placement exists: the search came to its end.
  private(set) var isComplete = true
  private var limit: Cost?
  /// Any placement is as good as another.
  private let stopsAtFirst: Bool

  /// - Parameters:
  ///   - occupancy: Where units are. All but those of `movable` stay.
  ///   - pending: Units that are nowhere and need a host.
  ///   - hosts: The hosts that take units.
  ///   - limit: Only cheaper placements count.
  init(
    _ occupancy: Occupancy, movable: [Bool], pending: [Int], hosts: [Bool],
    preference: PlacementOptions.Preference,
    budget: Int, below limit: Cost?, stopsAtFirst: Bool = false
  ) {
    model = occupancy.model
    self.preference = preference
    all = occupancy
    decided = Occupancy(occupancy.model)
    isDecided = movable.map { !$0 }
    leaves = movable.map { _ in -1 }
    self.pending = pending
    takes = hosts
    classes = Self.classes(of: occupancy.model)
    self.budget = budget
    self.limit = limit
    self.stopsAtFirst = stopsAtFirst
    for unit in occupancy.host.indices where occupancy.host[unit] >= 0 && isDecided[unit] {
      decided.put(unit, on: occupancy.host[unit])
    }
  }

  mutating func run() {
    descend(Cost())
  }

  private static func classes(of model: Model) -> [Int] {
    guard model.candidateSets.count <= 64 else { return Array(repeating: -1, count: model.hostCount) }
    var homes = Array(repeating: false, count: model.hostCount)
    for unit in model.units { for home in unit.homes { homes[home.host] = true } }
    var known: [[Int]: Int] = [:]
    return (0..<model.hostCount).map { host in
      guard !homes[host], model.isOpen[host] else { return -1 }
      let range = host * model.resourceCount..<(host + 1) * model.resourceCount
      var key = Array(model.capacity[range]) + Array(model.foreignLoad[range])
      key += model.candidateSets.map { $0.contains[host] ? 1 : 0 }
      key += model.groups.compactMap { $0.domains?.ofHost[host] }
      let index = known[key] ?? known.count
      known[key] = index
      return index
    }
  }

  private mutating func descend(_ cost: Cost) {
    guard isComplete else { return }
    if let limit, cost >= limit { return }
    guard let unit = choosePending() else { return }
    guard unit >= 0 else { return settle(cost) }
    let hosts = options(for: unit)
    guard let position = pending.firstIndex(of: unit) else { return }
    pending.remove(at: position)
    isDecided[unit] = true
    for (host, extra) in hosts {
      if let limit, cost + extra >= limit { break }
      decided.put(unit, on: host)
      all.put(unit, on: host)
      descend(cost + extra)
      decided.take(unit)
      all.take(unit)
      if !isComplete { break }
    }
    isDecided[unit] = false
    pending.insert(unit, at: position)
  }

  /// The pending unit with the fewest hosts, or -1 where none is pending; nil where one has none at all.
  private mutating func choosePending() -> Int? {
    var best = (unit: -1, count: Int.max)
    for unit in pending.prefix(12) {
      var count = 0
      for host in model.candidates(of: unit) where takes[host] {
        budget -= 1
        if host != leaves[unit], decided.fits(unit, on: host) { count += 1 }
        if count >= best.count { break }
      }
      if count == 0 { return budget < 0 ? ended() : nil }
      if count < best.count { best = (unit, count) }
    }
    return budget < 0 ? ended() : best.unit
  }

  private mutating func ended() -> Int? {
    isComplete = false
    return nil
  }

  /// The hosts that the unit may be put on, the cheapest first, with what they cost.
  private mutating func options(for unit: Int) -> [(host: Int, cost: Cost)] {
    var options: [(host: Int, cost: Cost, value: Double)] = []
    var seen: Set<Int> = []
    for host in model.candidates(of: unit) where takes[host] && host != leaves[unit] {
      budget -= 1
      guard decided.fits(unit, on: host) else { continue }
      if classes[host] >= 0, all.residents[host].isEmpty, !seen.insert(classes[host]).inserted { continue }
      let value = preference == .balance ? all.peak(unit, on: host) : all.slack(unit, on: host)
      // A host on which nobody has to make room is the better one.
      options.append((host, model.cost(of: unit, on: host), all.fits(unit, on: host) ? value : value + 1_000))
    }
    options.sort { ($0.cost, $0.value, $0.host) < ($1.cost, $1.value, $1.host) }
    return options.map { ($0.host, $0.cost) }
  }

  /// All units are somewhere: finds what is wrong there, and who may mend it.
  private mutating func settle(_ cost: Cost) {
    guard let involved = violation() else {
      best = (cost, all.host)
      limit = stopsAtFirst ? Cost(moves: .min, bytes: 0) : cost
      return
    }
    let order = involved.map { (unit: $0, cost: model.units[$0].fullCost) }.sorted {
      ($0.cost, $0.unit) < ($1.cost, $1.unit)
    }
    var staying: [Int] = []
    for (unit, extra) in order {
      if let limit, cost + extra >= limit { break }
      let home = all.host[unit]
      all.take(unit)
      leaves[unit] = home
      pending.append(unit)
      descend(cost)
      pending.removeLast()
      leaves[unit] = -1
      all.put(unit, on: home)
      guard isComplete, decided.fits(unit, on: home) else { break }
      decided.put(unit, on: home)
      isDecided[unit] = true
      staying.append(unit)
    }
    for unit in staying.reversed() {
      decided.take(unit)
      isDecided[unit] = false
    }
  }

  /// Undecided units of which at least one has to move; empty where only decided ones are in each other's way.
  private func violation() -> [Int]? {
    for host in 0..<model.hostCount where !model.isClosed[host] {
      for resource in 0..<model.resourceCount where all.excess(of: resource, on: host) > 0 {
        let involved = all.residents[host].filter { model.units[$0].demand[resource] > 0 }
        if !involved.isEmpty { return involved.filter { !isDecided[$0] } }
      }
    }
    for (index, group) in model.groups.enumerated() {
      for unit in group.units where all.host[unit] >= 0 && !model.isClosed[all.host[unit]] {
        let domain = model.domain(of: all.host[unit], in: index)
        guard domain < 0 || all.count(of: index, in: domain) > group.max else { continue }
        return group.units.filter {
          !isDecided[$0] && all.host[$0] >= 0 && model.domain(of: all.host[$0], in: index) == domain
        }
      }
    }
    return nil
  }
}

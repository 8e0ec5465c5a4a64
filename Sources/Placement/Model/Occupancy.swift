/// Which units are on which hosts, and what that takes.
struct Occupancy {
  let model: Model
  /// By unit; -1 for none.
  private(set) var host: [Int]
  /// By host and resource, with foreign load.
  private(set) var load: [Int]
  private(set) var residents: [[Int]]
  private var position: [Int]
  private var counts: [Int32]

  init(_ model: Model) {
    self.model = model
    host = Array(repeating: -1, count: model.units.count)
    position = host
    load = model.foreignLoad
    residents = Array(repeating: [], count: model.hostCount)
    counts = Array(repeating: 0, count: model.countsSize)
  }

  mutating func put(_ unit: Int, on target: Int) {
    host[unit] = target
    position[unit] = residents[target].count
    residents[target].append(unit)
    change(unit, on: target, by: 1)
  }

  mutating func take(_ unit: Int) {
    let source = host[unit]
    let last = residents[source].removeLast()
    if last != unit {
      residents[source][position[unit]] = last
      position[last] = position[unit]
    }
    host[unit] = -1
    change(unit, on: source, by: -1)
  }

  private mutating func change(_ unit: Int, on host: Int, by sign: Int) {
    let resources = model.resourceCount
    for resource in 0..<resources {
      load[host * resources + resource] += sign * model.units[unit].demand[resource]
    }
    for (group, count) in model.units[unit].groups {
      guard let offset = model.groups[group].offset else { continue }
      let domain = model.domain(of: host, in: group)
      if domain >= 0 { counts[offset + domain] += Int32(sign * count) }
    }
  }

  /// How many machines of the group are in the domain.
  func count(of group: Int, in domain: Int) -> Int {
    guard domain >= 0 else { return 0 }
    let known = model.groups[group]
    if let offset = known.offset { return Int(counts[offset + domain]) }
    var count = 0
    for unit in known.units where host[unit] >= 0 && model.domain(of: host[unit], in: group) == domain {
      for membership in model.units[unit].groups where membership.group == group { count += membership.count }
    }
    return count
  }

  func hasRoom(_ unit: Int, on host: Int) -> Bool {
    let base = host * model.resourceCount
    for resource in 0..<model.resourceCount {
      let demand = model.units[unit].demand[resource]
      if demand > 0, load[base + resource] + demand > model.capacity[base + resource] { return false }
    }
    return true
  }

  /// The first group that would have too many machines in its domain with the unit on the host, on which it is not.
  func brokenGroup(_ unit: Int, on host: Int) -> Int? {
    for (group, count) in model.units[unit].groups {
      let domain = model.domain(of: host, in: group)
      if domain < 0 || self.count(of: group, in: domain) + count > model.groups[group].max { return group }
    }
    return nil
  }

  /// Whether the unit, which is nowhere, fits on the host, which is one of its candidates.
  func fits(_ unit: Int, on host: Int) -> Bool {
    hasRoom(unit, on: host) && (model.units[unit].groups.isEmpty || brokenGroup(unit, on: host) == nil)
  }

  /// What of a resource is missing on a host whose machines take it; 0 where nothing is.
  func excess(of resource: Int, on host: Int) -> Int {
    let index = host * model.resourceCount + resource
    return max(0, load[index] - model.capacity[index])
  }

  /// The utilisation of the fullest resource with the unit on the host.
  func peak(_ unit: Int, on host: Int) -> Double {
    let base = host * model.resourceCount
    var peak = 0.0
    for resource in 0..<model.resourceCount {
      let load = Double(load[base + resource] + model.units[unit].demand[resource])
      peak = max(peak, load * model.inverse[base + resource])
    }
    return peak
  }

  /// The sum of the free shares of all resources with the unit on the host.
  func slack(_ unit: Int, on host: Int) -> Double {
    let base = host * model.resourceCount
    var slack = 0.0
    for resource in 0..<model.resourceCount {
      let load = Double(load[base + resource] + model.units[unit].demand[resource])
      slack += 1 - load * model.inverse[base + resource]
    }
    return slack
  }
}

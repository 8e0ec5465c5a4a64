/// Finds the host that a unit goes best on without looking at all: a binary tree over hosts whose nodes bound what is below.
struct HostTree {
  let preference: PlacementOptions.Preference
  private let resources: Int
  private let leaves: Int
  /// By node and resource: the most that is free on a host below; -1 for none.
  private var mostFree: [Int]
  /// By node and resource: the lowest utilisation below.
  private var leastUsed: [Double]
  /// By node and resource: the lowest utilisation by one unit below, and by node the least slack and the highest utilisation
  /// by one unit.
  private var leastInverse: [Double]
  private var mostInverse: [Double]
  private var leastSlack: [Double]

  /// - Parameter hosts: The hosts that take units.
  init(_ occupancy: Occupancy, preference: PlacementOptions.Preference, hosts: [Bool]) {
    let model = occupancy.model
    self.preference = preference
    resources = model.resourceCount
    var size = 1
    while size < max(1, model.hostCount) { size *= 2 }
    leaves = size
    mostFree = Array(repeating: -1, count: 2 * size * resources)
    leastUsed = Array(repeating: .infinity, count: 2 * size * resources)
    leastInverse = leastUsed
    mostInverse = Array(repeating: 0, count: 2 * size * resources)
    leastSlack = Array(repeating: .infinity, count: 2 * size)
    for host in 0..<model.hostCount where hosts[host] { setLeaf(host, occupancy) }
    for node in stride(from: size - 1, to: 0, by: -1) { join(node) }
  }

  /// Something came to the host, or left it.
  mutating func update(_ host: Int, _ occupancy: Occupancy) {
    guard leastSlack[leaves + host] < .infinity else { return }
    setLeaf(host, occupancy)
    var node = (leaves + host) / 2
    while node > 0 {
      join(node)
      node /= 2
    }
  }

  /// The host takes no units any more.
  mutating func close(_ host: Int) {
    var node = leaves + host
    leastSlack[node] = .infinity
    for resource in 0..<resources {
      mostFree[node * resources + resource] = -1
      leastUsed[node * resources + resource] = .infinity
      leastInverse[node * resources + resource] = .infinity
      mostInverse[node * resources + resource] = 0
    }
    while node > 1 {
      node /= 2
      join(node)
    }
  }

  private mutating func setLeaf(_ host: Int, _ occupancy: Occupancy) {
    let model = occupancy.model
    var slack = 0.0
    for resource in 0..<resources {
      let source = host * resources + resource
      let target = (leaves + host) * resources + resource
      let used = Double(occupancy.load[source]) * model.inverse[source]
      mostFree[target] = max(0, model.capacity[source] - occupancy.load[source])
      leastUsed[target] = used
      leastInverse[target] = model.inverse[source]
      mostInverse[target] = model.inverse[source]
      slack += 1 - used
    }
    leastSlack[leaves + host] = slack
  }

  private mutating func join(_ node: Int) {
    let (left, right) = (2 * node * resources, (2 * node + 1) * resources)
    for resource in 0..<resources {
      let target = node * resources + resource
      mostFree[target] = max(mostFree[left + resource], mostFree[right + resource])
      leastUsed[target] = min(leastUsed[left + resource], leastUsed[right + resource])
      leastInverse[target] = min(leastInverse[left + resource], leastInverse[right + resource])
      mostInverse[target] = max(mostInverse[left + resource], mostInverse[right + resource])
    }
    leastSlack[node] = min(leastSlack[2 * node], leastSlack[2 * node + 1])
  }

  /// No host below the node is better than this; infinite where none has room.
  private func bound(_ node: Int, _ demand: [Int]) -> Double {
    let base = node * resources
    var peak = 0.0
    var slack = leastSlack[node]
    for resource in 0..<resources {
      if mostFree[base + resource] < demand[resource] { return .infinity }
      peak = max(peak, leastUsed[base + resource] + Double(demand[resource]) * leastInverse[base + resource])
      slack -= Double(demand[resource]) * mostInverse[base + resource]
    }
    return preference == .balance ? peak : slack
  }

  /// The best host on which the unit fits; of equals the first.
  func best(for unit: Int, _ occupancy: Occupancy) -> Int? {
    let model = occupancy.model
    let hosts = model.candidates(of: unit)
    if hosts.count <= 24 {
      return HostTree.best(of: hosts, for: unit, occupancy, preference) {
        leastSlack[leaves + $0] < .infinity
      }
    }
    let demand = model.units[unit].demand
    var best: (value: Double, host: Int)?
    var stack = [(node: 1, bound: bound(1, demand))]
    while let (node, bound) = stack.popLast() {
      if bound == .infinity { continue }
      if let best, bound >= best.value { continue }
      if node >= leaves {
        let host = node - leaves
        guard model.isCandidate(unit, host), occupancy.fits(unit, on: host) else { continue }
        let value = preference == .balance ? occupancy.peak(unit, on: host) : occupancy.slack(unit, on: host)
        if let known = best, (known.value, known.host) <= (value, host) { continue }
        best = (value, host)
        continue
      }
      let left = (node: 2 * node, bound: self.bound(2 * node, demand))
      let right = (node: 2 * node + 1, bound: self.bound(2 * node + 1, demand))
      if left.bound <= right.bound {
        stack.append(right)
        stack.append(left)
      } else {
        stack.append(left)
        stack.append(right)
      }
    }
    return best?.host
  }

  /// The best of the hosts on which the unit fits; of equals the first.
  static func best(
    of hosts: [Int], for unit: Int, _ occupancy: Occupancy, _ preference: PlacementOptions.Preference,
    where takes: (Int) -> Bool
  ) -> Int? {
    var best: (value: Double, host: Int)?
    for host in hosts where takes(host) && occupancy.fits(unit, on: host) {
      let value = preference == .balance ? occupancy.peak(unit, on: host) : occupancy.slack(unit, on: host)
      if let known = best, known.value <= value { continue }
      best = (value, host)
    }
    return best?.host
  }
}

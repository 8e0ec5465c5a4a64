import Placement

/// Plain first fit decreasing, without any index: what times are compared with.
enum FirstFit {
  static func bins(_ instance: Instance) -> Int {
    let order = instance.demands.sorted { left, right in
      share(left, instance.capacity) > share(right, instance.capacity)
    }
    var free: [[UInt64]] = []
    for demand in order {
      let bin = free.firstIndex { free in demand.indices.allSatisfy { demand[$0] <= free[$0] } } ?? free.count
      if bin == free.count { free.append(instance.capacity) }
      for resource in demand.indices { free[bin][resource] -= demand[resource] }
    }
    return free.count
  }

  private static func share(_ demand: [UInt64], _ capacity: [UInt64]) -> Double {
    zip(demand, capacity).reduce(0) { max($0, Double($1.0) / Double($1.1)) }
  }
}

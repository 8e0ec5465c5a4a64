import FoundationEssentials
public import Planner
import SpecModel

extension Estate {
  /// The same with how much of each host's processors, memory and pools is used: now, and once `plan` is carried out.
  public func gauged(by states: [HostState], plan: Plan? = nil) -> Estate {
    var estate = self
    for index in estate.hosts.indices {
      guard let state = states.first(where: { $0.name.rawValue == estate.hosts[index].name }) else {
        continue
      }
      estate.hosts[index].gauges = HostGauges(state: state, plan: plan).all
    }
    return estate
  }
}

/// What of a host is used, whoever made the VMs that use it.
private struct HostGauges {
  let state: HostState
  let plan: Plan?

  var all: [Estate.Gauge] { [cpus, memory] + state.pools.compactMap(pool) }

  private var cpus: Estate.Gauge {
    let load = HostLoad.cpus(state, plan: plan)
    return Estate.Gauge(
      name: "vCPUs", unit: .count, total: state.capabilities.cpus.map(UInt64.init), before: load.before,
      after: load.after)
  }

  private var memory: Estate.Gauge {
    let load = HostLoad.memory(state, plan: plan)
    return Estate.Gauge(
      name: "memory", unit: .bytes, total: state.capabilities.memory?.rawValue, before: load.before,
      after: load.after)
  }

  /// What is taken from a pool, where a disk that grows as its guest writes counts with all that it may come to.
  private func pool(_ pool: Pool) -> Estate.Gauge? {
    guard pool.isActive, let capacity = pool.capacity, let available = pool.available else { return nil }
    let used = capacity.rawValue - min(available.rawValue, capacity.rawValue)
    return Estate.Gauge(
      name: "pool \(pool.name)", unit: .bytes, total: capacity.rawValue, before: used,
      after: UInt64(max(Int64(clamping: used) + change(of: pool), 0)))
  }

  private func change(of pool: Pool) -> Int64 {
    let byName = Dictionary(pool.volumes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return (plan?.steps ?? []).filter { $0.address.host == state.name }.reduce(0) { sum, step in
      switch step.operation {
      case .createVolume(let volume, _) where volume.pool == pool.name,
        .copyImage(_, _, _, let volume) where volume.pool == pool.name:
        sum + Int64(clamping: volume.capacity.rawValue)
      case .growVolume(let volume, _) where volume.pool == pool.name:
        sum + Int64(clamping: volume.capacity.rawValue)
          - Int64(clamping: byName[volume.name]?.capacity.rawValue ?? 0)
      case .uploadImage(_, let content, let volume, _) where volume.pool == pool.name:
        sum + Int64(clamping: content.length.rawValue)
      case .deleteVolume(pool.name, let name):
        sum - Int64(clamping: (byName[name]?.physical ?? byName[name]?.capacity)?.rawValue ?? 0)
      default: sum
      }
    }
  }
}

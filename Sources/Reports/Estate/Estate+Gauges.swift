import FoundationEssentials
public import Planner
public import SpecModel

extension Estate {
  /// The same with how much of each host's processors, memory and pools is used: now, and once `plan` is carried out.
  ///
  /// - Parameter site: what the plan is of; without it the gauges stay as they are.
  public func gauged(by states: [HostState], site: Site? = nil, plan: Plan? = nil) -> Estate {
    var estate = self
    for index in estate.hosts.indices {
      guard let state = states.first(where: { $0.name.rawValue == estate.hosts[index].name }) else {
        continue
      }
      estate.hosts[index].gauges = HostGauges(state: state, site: site, plan: plan).all
    }
    return estate
  }
}

/// What of a host is used, whoever made the VMs that use it.
private struct HostGauges {
  let state: HostState
  let site: Site?
  let plan: Plan?

  var all: [Estate.Gauge] { [cpus, memory] + state.pools.compactMap(pool) }

  private var running: [Machine] {
    state.machines.filter(\.isActive).map { state.guests[$0.uuid] ?? $0 }
  }

  /// Those that run once the plan is carried out and that the spec has no say in.
  private var others: [Machine] {
    guard let plan else { return running }
    let identity = Identity(stack: plan.stack)
    return running.filter { !identity.owns($0) }
  }

  private var wanted: [MachineSpec] {
    guard let site, let plan, plan.goal == .converge else { return [] }
    return site.machines.filter { $0.host == state.name && $0.settings.state != .off }
  }

  private var cpus: Estate.Gauge {
    func count(_ machines: [Machine]) -> Int { machines.reduce(0) { $0 + ($1.settings.cpus?.count ?? 1) } }
    let before = count(running)
    let after =
      plan == nil ? before : count(others) + wanted.reduce(0) { $0 + ($1.settings.cpus?.count ?? 1) }
    return Estate.Gauge(
      name: "vCPUs", unit: .count, total: state.capabilities.cpus.map(UInt64.init), before: UInt64(before),
      after: UInt64(after))
  }

  private var memory: Estate.Gauge {
    func sum(_ machines: [Machine]) -> UInt64 { machines.compactMap(\.memoryInUse).reduce(0, +) }
    let specified = wanted.map { spec in
      (spec.settings.memory?.size.rawValue ?? 0) + spec.memoryDevices.map(\.size.rawValue).reduce(0, +)
    }.reduce(0, +)
    return Estate.Gauge(
      name: "memory", unit: .bytes, total: state.capabilities.memory?.rawValue, before: sum(running),
      after: plan == nil ? sum(running) : sum(others) + specified)
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

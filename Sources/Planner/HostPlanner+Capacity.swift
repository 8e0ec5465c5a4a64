import SpecModel

/// What a plan takes from the pools, and whether they have it. Space that the plan's deletions free counts only where they
/// come before.
extension HostPlanner {
  struct Demand {
    let address: Address
    let path: SpecPath
    /// What is taken from the pool at once.
    let bytes: ByteCount
  }

  /// Something is written that takes `bytes` from the pool at once.
  mutating func demand(_ bytes: ByteCount, in pool: String, _ address: Address, at path: SpecPath) {
    demands[pool, default: []].append(Demand(address: address, path: path, bytes: bytes))
  }

  /// A disk is made or grows that takes up to `bytes` from the pool as its guest writes.
  mutating func demand(thin bytes: ByteCount, in pool: String) {
    thinDemands[pool, default: 0] += bytes.rawValue
  }

  /// The volume is made; `freed` is what was in its place.
  mutating func demand(for wanted: DesiredHost.WantedVolume, freed: Volume?) {
    let volume = wanted.volume
    guard volume.isThick else {
      let former = min(freed?.capacity.rawValue ?? 0, volume.capacity.rawValue)
      return demand(thin: ByteCount(rawValue: volume.capacity.rawValue - former), in: volume.pool)
    }
    let taken = volume.capacity.rawValue
    demand(
      ByteCount(rawValue: taken - min(freed?.capacity.rawValue ?? 0, taken)), in: volume.pool, wanted.address,
      at: wanted.path)
  }

  /// Refuses what does not fit, and tells of disks that may come to more than there is. Of a pool that is not active nobody
  /// knows.
  mutating func checkCapacity() {
    for pool in state.pools where pool.isActive {
      if let available = pool.available { checkSpace(in: pool, available) }
      if let capacity = pool.capacity, thinDemands[pool.name, default: 0] > 0 {
        checkPromises(of: pool, capacity)
      }
    }
  }

  private mutating func checkSpace(in pool: Pool, _ available: ByteCount) {
    let demands = demands[pool.name] ?? []
    let total = demands.map(\.bytes.rawValue).reduce(0, +)
    guard total > available.rawValue else { return }
    var sum: UInt64 = 0
    let excess = demands.first { demand in
      sum += demand.bytes.rawValue
      return sum > available.rawValue
    }
    guard let excess else { return }
    let size = pool.capacity.map { " of \($0.rounded)" } ?? ""
    refuse(
      "\(excess.address) does not fit into pool '\(pool.name)' on host '\(state.name)': the plan needs \(ByteCount(rawValue: total).roundedUp) there, and \(available.rounded)\(size) are free",
      at: excess.path, help: "\(state.virsh("pool-refresh \(pool.name)")) reads anew what is free")
  }

  private mutating func checkPromises(of pool: Pool, _ capacity: ByteCount) {
    let kept = pool.volumes.filter { volume in
      host.tagged(volume)?.kind.isCopy != true && deletionSteps[volume.path] == nil
    }
    let promised = kept.map(\.capacity.rawValue).reduce(thinDemands[pool.name, default: 0], +)
    guard promised > capacity.rawValue else { return }
    draft.note(
      address(.pool, pool.name),
      "its disks may come to \(ByteCount(rawValue: promised).roundedUp), more than the \(capacity.rounded) that it has"
    )
  }
}

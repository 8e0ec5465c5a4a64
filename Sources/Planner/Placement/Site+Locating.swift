public import SpecModel

extension Site {
  /// The same site, where VMs whose host virtform chooses are on the one that has them.
  public func located(in states: [HostState]) -> Site {
    guard machines.contains(where: \.placement.isChosen) else { return self }
    let chosen = Set(machines.filter(\.placement.isChosen).map(\.name))
    return placing(locations(in: states).filter { chosen.contains($0.key) })
  }

  /// The hosts that have VMs of the spec.
  func locations(in states: [HostState]) -> [ResourceName: ResourceName] {
    let identity = Identity(stack: stack)
    var places: [String: ResourceName] = [:]
    for state in states {
      for machine in state.machines where identity.owns(machine) {
        let name = machine.mark?.name ?? machine.name
        // Of several, the one where it runs.
        if places[name] == nil || machine.settings.state == .running { places[name] = state.name }
      }
    }
    return Dictionary(
      machines.compactMap { machine in places[machine.name.rawValue].map { (machine.name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The VMs whose host the spec calls by its name, with the hosts that have all that the VM needs.
  var hostsOfMachinesWithNamedHost: [ResourceName: [ResourceName]] {
    let leaves = origins.leaves.filter { $0.path.description.hasSuffix(".host") }
    let named = Dictionary(leaves.map { ($0.path, $0.value) }, uniquingKeysWith: { first, _ in first })
    var result: [ResourceName: [ResourceName]] = [:]
    for machine in machines
    where !machine.placement.isChosen && named[machine.path + "host"] == machine.host.rawValue {
      result[machine.name] = hosts.map(\.name).filter { $0 == machine.host || has($0, needsOf: machine) }
    }
    return result
  }

  /// True if every host that may have the VM sees its disks: nothing of it is on one host alone.
  func isOnSharedStorage(_ machine: MachineSpec) -> Bool {
    machine.disks.allSatisfy { disk in
      switch disk.source {
      case .own(_, _, _, let pool), .existing(_, let pool, _): self.pool(pool)?.isShared == true
      case .path, .hostMedium: false
      case .shared(let name): self.disk(name).flatMap { pool($0.pool) }?.isShared == true
      case .cdrom: true
      }
    }
  }

  /// Whether the pools, networks, disks and labels that the VM needs are on the host.
  private func has(_ host: ResourceName, needsOf machine: MachineSpec) -> Bool {
    func hasPool(_ name: ResourceName?) -> Bool {
      name.flatMap { pool($0) }.map { $0.hosts.contains(host) } ?? true
    }
    let hasDisks = machine.disks.allSatisfy { disk in
      switch disk.source {
      case .own(_, _, _, let pool), .existing(_, let pool, _): return hasPool(pool)
      case .path, .hostMedium: return false
      case .cdrom(_, let pool): return hasPool(pool)
      case .shared(let name):
        guard let disk = self.disk(name), let pool = pool(disk.pool) else { return false }
        return pool.isShared ? pool.hosts.contains(host) : disk.host == host
      }
    }
    let hasLabel =
      machine.placement.spread?.label.map { self.host(host)?.labels[$0] != nil } ?? true
    return hasDisks && hasLabel && hasPool(machine.pool)
      && machine.nics.allSatisfy { nic in
        network(nic.network).map { $0.hosts.contains(host) } ?? true
      }
  }
}

extension Site {
  /// `states` with what each host looks after of the pools that several hosts see the same volumes in.
  public func dividingSharedPools(of states: [HostState], unreachable: Set<ResourceName>) -> [HostState] {
    SharedPools(self, unreachable: unreachable).views(of: states)
  }
}

extension Site {
  /// The hosts that the spec has no more, and that have VMs with disks in pools which others see: the pools say so.
  func formerHosts(in states: [HostState]) -> [ResourceName] {
    let identity = Identity(stack: stack)
    let shared = Set(pools.filter(\.isShared).map(\.name.rawValue))
    let names = states.flatMap(\.pools).filter { shared.contains($0.name) }.flatMap(\.volumeNames)
    return Set(names.compactMap(identity.host(noted:))).filter { host($0) == nil }.sorted()
  }
}

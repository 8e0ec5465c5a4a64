import SpecModel

/// What the stack has on the host and the spec no longer wants. Only what carries the stack's mark is touched.
extension HostPlanner {
  mutating func removeMachines() {
    let wanted = Set(desired.machines.map(\.machine.name))
    for machine in state.machines.sorted(by: { $0.name.isOrderedNaturally(before: $1.name) })
    where owns(machine) && !wanted.contains(machine.name) {
      // A VM that the spec wants on another host is moved, never removed.
      if options.goal == .converge, site.machines.contains(where: { $0.name.rawValue == machine.name }) { continue }
      remove(machine)
    }
  }

  private mutating func remove(_ machine: Machine) {
    let address = address(.vm, machine.name)
    let spec = site.machines.first { $0.name.rawValue == machine.name && $0.host == state.name }
    var after: [Int] = []
    if machine.isRunning {
      after = [
        draft.add(
          .powerOffMachine(uuid: machine.uuid, spec?.shutdown ?? ShutdownPolicy()), for: address, path: nil)
      ]
    }
    // The volumes go before the definition: a run that is cut off in between finds the VM again and finishes.
    var deletions: [Int] = []
    for disk in machine.disks {
      guard let (pool, volume) = ownVolume(at: disk.path), identity.volume(named: volume.name)?.kind == .machineDisk
      else { continue }
      let diskAddress = self.address(.disk, "\(machine.name).\(disk.name)")
      if options.allowsDataLoss, !disk.keep, !isUsedElsewhere(volume.path, than: machine) {
        deletions.append(delete(volume, in: pool, diskAddress, after: after, effect: .dataLoss))
      } else {
        let help = disk.keep ? "keep: true" : "--allow-data-loss deletes it"
        draft.note(diskAddress, "stays at \(volume.path), \(volume.capacity) (\(help))")
      }
    }
    draft.add(
      Change(
        address, .delete, fields: [], effect: .none,
        reason: options.goal == .destroy ? nil : "the spec no longer has it"))
    removalSteps.append(
      draft.add(.undefineMachine(uuid: machine.uuid), for: address, after: after + deletions, path: nil))
  }

  private func ownVolume(at path: String) -> (Pool, Volume)? {
    for pool in state.pools {
      if let volume = pool.volumes.first(where: { $0.path == path }) { return (pool, volume) }
    }
    return nil
  }

  private func isUsedElsewhere(_ path: String, than machine: Machine) -> Bool {
    state.machines.contains { $0.uuid != machine.uuid && $0.files.contains(path) }
  }

  private mutating func delete(
    _ volume: Volume, in pool: Pool, _ address: Address, after: [Int], effect: Effect
  ) -> Int {
    draft.add(
      Change(
        address, .delete,
        fields: effect == .dataLoss
          ? [FieldChange("content", from: "\(volume.capacity) at \(volume.path)", to: nil, effect: effect)] : [],
        effect: effect))
    deletedPaths.insert(volume.path)
    return draft.add(
      .deleteVolume(pool: pool.name, name: volume.name), for: address, after: after, effect: effect, path: nil)
  }

  // MARK: Volumes

  mutating func removeVolumes() {
    for pool in state.pools.sorted(by: { $0.name < $1.name }) {
      for volume in pool.volumes.sorted(by: { $0.name.isOrderedNaturally(before: $1.name) }) {
        guard let tagged = identity.volume(named: volume.name), !isWanted(volume), !deletedPaths.contains(volume.path)
        else { continue }
        switch tagged.kind {
        case .machineDisk: removeDetached(volume, tagged, pool)
        case .sharedDisk: removeShared(volume, tagged, pool)
        case .image: continue
        }
      }
    }
    // Images last: a clone that is deleted above no longer needs its image.
    for pool in state.pools.sorted(by: { $0.name < $1.name }) {
      for volume in pool.volumes where identity.volume(named: volume.name)?.kind == .image {
        guard !isWanted(volume), !isImageInUse(volume) else { continue }
        let name = identity.volume(named: volume.name)?.base ?? volume.name
        _ = delete(volume, in: pool, address(.image, name), after: allStepsOfMachines(), effect: .none)
      }
    }
  }

  private func isWanted(_ volume: Volume) -> Bool {
    desired.volumes.contains { $0.volume.path == volume.path || $0.image?.volume.path == volume.path }
      || desired.machines.contains { machine in
        machine.bootImages.contains { $0.volume.path == volume.path }
      }
  }

  private func isImageInUse(_ image: Volume) -> Bool {
    let clones = state.pools.flatMap(\.volumes).filter { !deletedPaths.contains($0.path) }
    return clones.contains { $0.backingPath == image.path }
      || state.machines.contains { filesAfterPlan($0).contains(image.path) }
  }

  /// The files that `machine` uses once this plan is done.
  private func filesAfterPlan(_ machine: Machine) -> Set<String> {
    guard owns(machine) else { return machine.files }
    let wanted = desired.machines.first { $0.machine.name == machine.name }?.machine
    guard let wanted else { return goes(machine) ? [] : machine.files }
    let before = Set([machine.kernel, machine.initrd].compactMap { $0 })
    return machine.files.subtracting(before).union([wanted.kernel, wanted.initrd].compactMap { $0 })
  }

  private func goes(_ machine: Machine) -> Bool {
    draft.steps.contains { step in
      if case .undefineMachine(machine.uuid) = step.operation { step.address.host == state.name } else { false }
    }
  }

  /// A disk that its VM gives up in this run. Disks of VMs that went earlier are left alone.
  private mutating func removeDetached(_ volume: Volume, _ tagged: Identity.TaggedVolume, _ pool: Pool) {
    guard
      let machine = state.machines.first(where: { machine in
        owns(machine) && machine.disks.contains { $0.path == volume.path }
      }), desired.machines.contains(where: { $0.machine.name == machine.name })
    else { return }
    let address = address(.disk, tagged.base)
    let keeps = machine.disks.first { $0.path == volume.path }?.keep ?? false
    // The guest may still write to it until its restart.
    if options.allowsDataLoss, !keeps, !machine.isRunning {
      let update = draft.steps.last { $0.address == self.address(.vm, machine.name) }?.id
      _ = delete(volume, in: pool, address, after: update.map { [$0] } ?? [], effect: .dataLoss)
    } else {
      draft.note(address, "is detached and stays at \(volume.path), \(volume.capacity)")
    }
  }

  private mutating func removeShared(_ volume: Volume, _ tagged: Identity.TaggedVolume, _ pool: Pool) {
    let address = address(.disk, tagged.base)
    let isProtected = site.disks.contains { $0.name.rawValue == tagged.base && $0.isProtected }
    let users = state.machines.filter { $0.files.contains(volume.path) && !owns($0) }
    if options.allowsDataLoss, !isProtected, users.isEmpty {
      _ = delete(volume, in: pool, address, after: removalSteps, effect: .dataLoss)
    } else {
      let reason = isProtected ? "protect: true" : "--allow-data-loss deletes it"
      draft.note(address, "stays at \(volume.path), \(volume.capacity) (\(reason))")
    }
  }

  // MARK: Networks and pools

  mutating func removeNetworks() {
    let wanted = Set(desired.networks.map(\.network.name))
    for network in state.networks where owns(network) && !wanted.contains(network.name) {
      let address = address(.network, network.name)
      let users = state.machines.filter { !owns($0) && $0.isRunning && $0.networks.contains(network.name) }
      if !users.isEmpty {
        draft.note(address, "stays: it is in use by \(users.map(\.name).sorted().joined(separator: ", "))")
        continue
      }
      draft.add(Change(address, .delete, reason: options.goal == .destroy ? nil : "the spec no longer has it"))
      draft.add(.removeNetwork(uuid: network.uuid), for: address, after: allStepsOfMachines(), path: nil)
    }
  }

  mutating func removePools() {
    let wanted = Set(desired.pools.map(\.pool.name))
    for pool in state.pools where owns(pool) && !wanted.contains(pool.name) {
      let address = address(.pool, pool.name)
      let deletions = draft.steps.filter { step in
        if case .deleteVolume(pool.name, _) = step.operation { step.address.host == state.name } else { false }
      }.map(\.id)
      let staying = pool.volumeNames.count - deletions.count
      if staying > 0 {
        draft.note(address, "its directory \(pool.directory ?? "") keeps \(staying) file\(staying == 1 ? "" : "s")")
      }
      draft.add(Change(address, .delete, reason: options.goal == .destroy ? nil : "the spec no longer has it"))
      draft.add(
        .removePool(uuid: pool.uuid), for: address, after: deletions + allStepsOfMachines(), path: nil)
    }
  }

  private func allStepsOfMachines() -> [Int] {
    draft.steps.filter { $0.address.kind == .vm && $0.address.host == state.name }.map(\.id)
  }
}

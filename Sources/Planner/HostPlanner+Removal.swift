import SpecModel

/// What the stack has on the host and the spec no longer wants. Only what is the stack's own is touched.
extension HostPlanner {
  private var reason: String? { options.goal == .destroy ? nil : "the spec no longer has it" }

  // MARK: VMs

  mutating func removeMachines() {
    let wanted = Set(desired.machines.map(\.machine.name))
    let ofSite = options.goal == .converge ? Set(site.machines.map(\.name.rawValue)) : []
    var removed: [Machine] = []
    for machine in state.machines where host.owns(machine) && !wanted.contains(machine.name) {
      if ofSite.contains(machine.name) {
        // A VM that the spec wants on another host is never removed: the move is refused where it is wanted.
        draft.note(address(.vm, machine.name), "stays, although the spec has it on another host")
      } else {
        removed.append(machine)
        removedMachines.insert(machine.uuid)
      }
    }
    for machine in removed where machine.isRunning {
      stopSteps[machine.uuid] = draft.add(
        .powerOffMachine(uuid: machine.uuid, shutdown(of: machine)), for: address(.vm, machine.name),
        effect: .stop,
        path: nil)
    }
    for machine in removed { remove(machine) }
  }

  private func shutdown(of machine: Machine) -> ShutdownPolicy {
    site.machines.first { $0.name.rawValue == machine.name && $0.host == state.name }?.shutdown
      ?? ShutdownPolicy()
  }

  private mutating func remove(_ machine: Machine) {
    let address = address(.vm, machine.name)
    let stop = stopSteps[machine.uuid].map { [$0] } ?? []
    // The volumes go before the definition: a run that is cut off in between finds the VM again and finishes.
    var deletions: [Int] = []
    for disk in machine.disks { deletions += discard(disk, of: machine, after: stop) }
    draft.add(Change(address, .delete, effect: machine.isRunning ? .stop : .none, reason: reason))
    draft.add(
      .undefineMachine(uuid: machine.uuid, keepsState: !options.allowsDataLoss), for: address,
      after: stop + deletions, path: nil)
  }

  // MARK: Disks

  /// Deletes the volume of a disk that `machine` gives up, or tells that it stays. Returns the steps of it.
  ///
  /// A shared disk outlives its VM and is not meant here.
  mutating func discard(_ disk: Machine.Disk, of machine: Machine, after: [Int]) -> [Int] {
    let address = address(.disk, "\(machine.name).\(disk.name)")
    guard let volume = host.volume(at: disk.path) else {
      if !isRead(disk.path) {
        draft.note(address, "stays at \(disk.path), which is in no active pool of the spec")
      }
      return []
    }
    guard isMachineDisk(volume) else { return [] }
    return discard(volume, address, isKept: disk.keep ? "keep: true" : nil, after: after)
  }

  /// True if this plan would delete the volume of `disk` once its VM is stopped.
  func mayDelete(_ disk: Machine.Disk, of machine: Machine) -> Bool {
    guard options.allowsDataLoss, !disk.keep, let volume = host.volume(at: disk.path), isMachineDisk(volume)
    else {
      return false
    }
    return remainingUsers(of: disk.path).allSatisfy { $0.uuid == machine.uuid }
  }

  private func isMachineDisk(_ volume: Volume) -> Bool {
    identity.volume(named: volume.name)?.kind == .machineDisk
  }

  /// True if the file's pool was looked into, so that a volume which is not in it does not exist.
  private func isRead(_ path: String) -> Bool {
    state.pools.contains { pool in
      guard pool.isActive, let directory = pool.directory, path.hasPrefix("\(directory)/") else {
        return false
      }
      return identity.owns(pool) || site.pools.contains { $0.name.rawValue == pool.name }
    }
  }

  /// Deletes `volume` if the run may and nothing goes on using it, else tells that it stays.
  ///
  /// - Parameter isKept: the word of the spec that keeps it.
  private mutating func discard(_ volume: Volume, _ address: Address, isKept: String?, after: [Int]) -> [Int]
  {
    settledPaths.insert(volume.path)
    let users = remainingUsers(of: volume.path)
    let obstacle: String? =
      if let isKept {
        isKept
      } else if !users.isEmpty {
        "in use by \(names(of: users))"
      } else if !options.allowsDataLoss {
        "--allow-data-loss deletes it"
      } else {
        nil
      }
    if let obstacle {
      draft.note(address, "stays at \(volume.path), \(volume.capacity) (\(obstacle))")
      return []
    }
    let content = FieldChange(
      "content", from: "\(volume.capacity) at \(volume.path)", to: nil, effect: .dataLoss)
    draft.add(Change(address, .delete, fields: [content], effect: .dataLoss))
    return [delete(volume, address, after: after, effect: .dataLoss)]
  }

  private mutating func delete(_ volume: Volume, _ address: Address, after: [Int], effect: Effect) -> Int {
    deletedPaths.insert(volume.path)
    return draft.add(
      .deleteVolume(pool: volume.pool, name: volume.name), for: address, after: after, effect: effect,
      path: nil)
  }

  /// VMs that will use the file at `path` after this plan: those of others, and guests that keep running.
  private func remainingUsers(of path: String) -> [Machine] {
    host.users(of: path).filter { machine in
      guard host.owns(machine) else { return true }
      if removedMachines.contains(machine.uuid) { return false }
      // A file that belongs to no disk with a name was attached by a person and stays attached.
      return keepsRunning(machine) && machine.liveFiles.contains(path)
        || machine.files.contains(path) && !machine.disks.contains { $0.path == path }
    }
  }

  /// Shared disks that the spec no longer has, and what earlier runs left.
  mutating func removeVolumes() {
    let wanted = Set(desired.volumes.map(\.volume.path))
    for volume in state.pools.flatMap(\.volumes)
    where !wanted.contains(volume.path) && !settledPaths.contains(volume.path) {
      guard let tagged = identity.volume(named: volume.name) else { continue }
      let address = address(.disk, tagged.base)
      switch tagged.kind {
      case .sharedDisk: removeShared(volume, named: tagged.base, address)
      case .machineDisk:
        if options.goal == .destroy, let disk = diskSpec(ofVolume: tagged.base) {
          _ = discard(volume, address, isKept: disk.keep ? "keep: true" : nil, after: [])
          continue
        }
        // Whether it was to be kept nobody knows any more.
        let users = remainingUsers(of: volume.path)
        let belongs = users.isEmpty ? "belongs to no VM" : "is still in use by \(names(of: users))"
        draft.note(address, "\(belongs) and stays at \(volume.path), \(volume.capacity)")
      case .image: continue
      }
    }
  }

  /// The disk of the spec that has a volume of this name.
  private func diskSpec(ofVolume base: String) -> DiskSpec? {
    for machine in site.machines where machine.host == state.name {
      if let disk = machine.disks.first(where: { "\(machine.name).\($0.name)" == base }) { return disk }
    }
    return nil
  }

  private mutating func removeShared(_ volume: Volume, named name: String, _ address: Address) {
    let isProtected = site.disks.contains { $0.name.rawValue == name && $0.isProtected }
    let users = Set(host.users(of: volume.path).map(\.name))
    let after = steps { $0.address.kind == .vm && users.contains($0.address.name) }
    _ = discard(volume, address, isKept: isProtected ? "protect: true" : nil, after: after)
  }

  // MARK: Images

  /// Images go last: a clone that is deleted in this run, before its VM is edited or removed, no longer needs its
  /// image.
  mutating func removeImages() {
    let wanted = Set(
      (desired.volumes.compactMap(\.image) + desired.machines.flatMap(\.bootImages)).map(\.volume.path))
    let images = state.pools.flatMap(\.volumes).filter { identity.volume(named: $0.name)?.kind == .image }
    guard images.contains(where: { !wanted.contains($0.path) }) else { return }
    let remaining = state.pools.flatMap(\.volumes).filter { !deletedPaths.contains($0.path) }
    let used = Set(remaining.compactMap(\.backingPath)).union(state.machines.flatMap(filesAfterPlan))
      .union(state.pools.flatMap(\.foreignBackingPaths))
    for image in images where !wanted.contains(image.path) {
      let address = address(.image, identity.volume(named: image.name)?.base ?? image.name)
      if used.contains(image.path) {
        // While the stack lives, a disk that stays on the image it was made from is nothing to tell.
        if options.goal == .destroy {
          draft.note(address, "stays at \(image.path): something that stays uses it")
        }
        continue
      }
      draft.add(Change(address, .delete, reason: options.goal == .destroy ? nil : "nothing uses it any more"))
      _ = delete(image, address, after: allMachineSteps + diskDeletions, effect: .none)
    }
  }

  /// Deletions of disks, which may be clones.
  private var diskDeletions: [Int] {
    steps { $0.address.kind == .disk }
  }

  /// The files that `machine` uses once this plan is done.
  private func filesAfterPlan(_ machine: Machine) -> Set<String> {
    if removedMachines.contains(machine.uuid) { return [] }
    guard host.owns(machine),
      let wanted = desired.machines.first(where: { $0.machine.name == machine.name })?.machine
    else { return machine.files }
    let before = Set([machine.kernel, machine.initrd].compactMap { $0 })
    return machine.files.subtracting(before).union([wanted.kernel, wanted.initrd].compactMap { $0 })
  }

  // MARK: Networks and pools

  mutating func removeNetworks() {
    let wanted = Set(desired.networks.map(\.network.name))
    for network in state.networks where identity.owns(network) && !wanted.contains(network.name) {
      let address = address(.network, network.name)
      let users = state.machines.filter { machine in
        host.owns(machine)
          ? keepsRunning(machine) && machine.liveNetworks.contains(network.name)
          : machine.networks.contains(network.name)
      }
      if !users.isEmpty {
        draft.note(address, "stays: it is in use by \(names(of: users))")
        continue
      }
      draft.add(Change(address, .delete, reason: reason))
      draft.add(.removeNetwork(uuid: network.uuid), for: address, after: allMachineSteps, path: nil)
    }
  }

  mutating func removePools() {
    let wanted = Set(desired.pools.map(\.pool.name))
    for pool in state.pools where identity.owns(pool) && !wanted.contains(pool.name) {
      let address = address(.pool, pool.name)
      let deletions = steps { step in
        if case .deleteVolume(pool.name, _) = step.operation { true } else { false }
      }
      let staying = pool.volumeNames.count - deletions.count
      if staying > 0 {
        draft.note(
          address, "its directory \(pool.directory ?? "") keeps \(staying) file\(staying == 1 ? "" : "s")")
      }
      draft.add(Change(address, .delete, reason: reason))
      draft.add(.removePool(uuid: pool.uuid), for: address, after: deletions + allMachineSteps, path: nil)
    }
  }
}

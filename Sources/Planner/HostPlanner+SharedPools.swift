import SpecModel

/// What pools remember that several hosts see: which hosts have VMs with disks in them, and which hosts were lost.
///
/// A host that leaves the spec takes all knowledge of its VMs along, but for this. So it is known as long as it has such VMs,
/// and what they may use is neither made anew nor deleted.
extension HostPlanner {
  /// Has shared pools remember the host before its first VM has a disk there.
  mutating func noteHost() {
    let name = identity.hostNoteName(state.name)
    for pool in desired.pools where pool.spec.isShared {
      let actual = host.pool(named: pool.pool.name)
      guard actual?.volumeNames.contains(name) != true,
        actual?.isActive ?? true || poolSteps[pool.pool.name] != nil
      else { continue }
      let users = desired.machines.filter { uses($0, pool.pool.name) }
      guard !users.isEmpty else { continue }
      let address = address(.pool, pool.pool.name)
      hostNoteSteps[pool.pool.name] = draft.add(
        .noteVolume(pool: pool.pool.name, name: name, true), for: address,
        after: poolSteps[pool.pool.name].map { [$0] } ?? [], path: pool.spec.path)
      // What is about to be made is told of anyway.
      guard actual != nil else { continue }
      draft.add(
        Change(
          address, .update,
          fields: [FieldChange("used_by", from: nil, to: state.name.rawValue, effect: .none)],
          path: pool.spec.path))
    }
  }

  /// The steps after which shared pools know that the VM is on this host.
  func hostNotes(for wanted: DesiredHost.WantedMachine) -> [Int] {
    hostNoteSteps.isEmpty ? [] : hostNoteSteps.filter { uses(wanted, $0.key) }.map(\.value).sorted()
  }

  /// Has shared pools forget the host after its last VM with a disk there, and hosts that somebody vouches for.
  mutating func forgetHost() {
    let own = identity.hostNoteName(state.name)
    let forgotten = draft.steps.compactMap { step in
      if case .forgetMachine(let uuid) = step.operation { uuid } else { nil }
    }
    let gone = removedMachines.union(forgotten)
    let staying = state.machines.filter { host.owns($0) && !gone.contains($0.uuid) }
    for pool in site.pools.map(\.name.rawValue) {
      guard let actual = host.pool(named: pool), actual.isActive else { continue }
      let address = address(.pool, pool)
      for note in actual.volumeNames.sorted() {
        guard let name = identity.host(noted: note) else { continue }
        if note == own {
          let root = actual.source?.root ?? "/"
          guard !desired.machines.contains(where: { uses($0, pool) }),
            !staying.contains(where: { $0.disks.contains { $0.path.hasPrefix("\(root)/") } })
          else { continue }
        } else if site.host(name) != nil || !abandoned.contains(name) {
          continue
        } else if site.hosts.map(\.name).first(where: isMember(of: pool)) != state.name {
          // One of the hosts does it.
          continue
        }
        let leaving = state.machines.filter { removedMachines.contains($0.uuid) }.flatMap { steps(of: $0) }
        draft.add(.noteVolume(pool: pool, name: note, false), for: address, after: leaving, path: nil)
        draft.add(
          Change(
            address, .update, fields: [FieldChange("used_by", from: name.rawValue, to: nil, effect: .none)],
            path: nil))
        // A run that does nothing but move VMs does this, too.
        for move in departures {
          draft.needs[Address(.vm, move.name.rawValue, on: move.to), default: []].insert(address)
        }
      }
    }
  }

  private func isMember(of pool: String) -> (ResourceName) -> Bool {
    let indices = [host] + elsewhere
    return { name in
      indices.contains { $0.state.name == name && $0.pool(named: pool)?.isActive == true }
    }
  }

  private func uses(_ wanted: DesiredHost.WantedMachine, _ pool: String) -> Bool {
    wanted.volumes.contains { desired.volumes[$0].volume.pool == pool }
  }

  // MARK: Lost hosts

  /// The steps before a VM is made that a lost host may have had, whose disks it finds: what that host has of it counts no
  /// more, should it come back.
  mutating func noteLoss(of wanted: DesiredHost.WantedMachine) -> [Int] {
    guard !abandoned.isEmpty else { return [] }
    let address = address(.vm, wanted.machine.name)
    let volumes = wanted.volumes.compactMap { host.volume(at: desired.volumes[$0].volume.path) }.filter {
      volume in
      host.tagged(volume)?.kind == .machineDisk
        && desired.pools.contains { $0.pool.name == volume.pool && $0.spec.isShared }
    }
    guard let volume = volumes.first else { return [] }
    if wanted.machine.settings.tpm?.kind != nil || wanted.machine.settings.firmware == .uefi {
      draft.note(address, "starts with new UEFI variables and an empty TPM: what it had is on the lost host")
    }
    let names = host.pool(named: volume.pool)?.volumeNames ?? []
    return abandoned.map { Identity.lostName(of: volume.name, on: $0) }.filter { !names.contains($0) }.map {
      note in
      draft.add(.noteVolume(pool: volume.pool, name: note, true), for: address, path: wanted.spec.path)
    }
  }

  /// Has pools forget that this host was lost, which has come back and has no VM any more that was started elsewhere.
  mutating func forgetLoss() {
    for pool in state.pools where pool.isActive {
      for note in pool.volumeNames.sorted() {
        guard let stem = Identity.lostStem(of: note, on: state.name) else { continue }
        let users = state.machines.filter { machine in
          host.owns(machine) && machine.disks.contains { Identity.stem(ofPath: $0.path) == stem }
        }
        guard users.isEmpty else { continue }
        let leaving = remains.flatMap { steps(of: $0.machine) }
        draft.add(
          .noteVolume(pool: pool.name, name: note, false), for: address(.pool, pool.name), after: leaving,
          path: nil)
        draft.add(
          Change(
            address(.pool, pool.name), .update,
            fields: [FieldChange(note, from: "host was lost", to: nil, effect: .none)], path: nil))
      }
    }
  }
}

import FoundationEssentials
import SpecModel

/// VMs that come from other hosts. The host is planned as if they had arrived: what changes of them comes after their move.
extension HostPlanner {
  /// What the new host is to have is made first, then each VM moves, and then what was its own on the old host goes.
  mutating func planArrivals() {
    for move in arrivals {
      guard let wanted = wantedMachines[move.machine.uuid] else { continue }
      if let obstacle = move.obstacle ?? obstacle(to: move, wanted) {
        report(
          "VM '\(move.name)' is on host '\(move.from)' and cannot move to '\(move.to)': \(obstacle)",
          at: wanted.spec.path + "host")
        continue
      }
      guard let mode = mode(of: move, wanted) else { continue }
      planArrival(of: wanted, move, mode)
    }
  }

  /// How it moves; nil, with a diagnostic, if that takes a restart which nobody allows.
  private mutating func mode(of move: Move, _ wanted: DesiredHost.WantedMachine) -> Migration.Mode? {
    guard move.machine.isActive else {
      return move.copies.isEmpty && !hasStateOfItsOwn(move.machine) ? .offline : .withoutRunning
    }
    if move.guest?.transit == .off, wanted.machine.settings.state == .off { return .withoutRunning }
    guard let obstacle = move.obstacleToLive else { return .live }
    if wanted.machine.isActive, !options.restarts, wanted.spec.onChange != .restartIfNeeded {
      refuse(
        "VM '\(move.name)' cannot move to host '\(move.to)' while it runs: \(obstacle)",
        at: wanted.spec.path + "host",
        help: "--restart shuts it down, moves it, and starts it there; so does on_change: restart-if-needed")
      return nil
    }
    return .cold
  }

  private mutating func planArrival(
    of wanted: DesiredHost.WantedMachine, _ move: Move, _ mode: Migration.Mode
  ) {
    let address = address(.vm, wanted.machine.name)
    let path = wanted.spec.path
    let guest = move.guest ?? move.machine
    var before = remains.filter { $0.machine.uuid == move.machine.uuid }.flatMap { steps(of: $0.machine) }
    before += guest.networks.union(move.machine.networks).sorted().flatMap { networkSteps[$0] ?? [] }
    before += guest.nics.flatMap { firewallSteps(for: $0) }
    before += move.machine.disks.compactMap { host.volume(at: $0.path).flatMap { poolSteps[$0.pool] } }
    before += hostNotes(for: wanted)
    let images = wanted.volumes.compactMap { desired.volumes[$0].source } + wanted.images
    before += images.compactMap { imageSteps[$0.volume.path] }
    for copy in move.copies {
      demand(thin: copy.volume.capacity, in: copy.volume.pool)
      settledPaths.insert(copy.volume.path)
    }
    let effect: Effect =
      switch mode {
      case .live: .live
      case .cold: .restart
      case .offline, .withoutRunning: .none
      }
    let migration = Migration(
      machine: move.machine, from: move.from, mode: mode, copies: move.copies.compactMap(Migration.Copy.init),
      pools: sharedPools(of: move), terms: wanted.spec.migration, shutdown: policy(wanted.spec.shutdown),
      arrival: site.host(state.name)?.migration ?? HostMigration(),
      trustsStorage: trustsStorage(of: move))
    let step = draft.add(
      .migrateMachine(migration), for: address, after: before, effect: effect, path: path + "host")
    draft.addMove(of: wanted.spec.name, from: move.from, to: state.name, step: step)
    let how =
      switch mode {
      case .live: "\(move.to), live"
      case .cold: "\(move.to), not live: \(move.obstacleToLive ?? "")"
      case .offline, .withoutRunning: "\(move.to)"
      }
    var fields = [FieldChange("host", from: move.from.rawValue, to: how, effect: effect)]
    for copy in move.copies {
      fields.append(
        FieldChange(
          "disks.\(copy.disk.name)", from: "\(copy.volume.path) on \(move.from)",
          to: "copied, \(copy.volume.capacity)", effect: .none))
    }
    if !move.snapshots.isEmpty {
      let isOne = move.snapshots.count == 1
      fields.append(
        FieldChange(
          "snapshots", from: "\(move.snapshots.count) on \(move.from)",
          to: isOne ? "goes with it (its metadata)" : "go with it (their metadata)", effect: .none))
    }
    draft.add(
      Change(
        address, .move, fields: fields, effect: effect, reason: move.reason, path: path))
  }

  /// True for what lies beside disks on the old host, and travels only with a guest.
  private func hasStateOfItsOwn(_ machine: Machine) -> Bool {
    machine.settings.tpm?.kind != nil || machine.settings.firmware == .uefi
  }

  /// The pools of the disks that both hosts see.
  private func sharedPools(of move: Move) -> [String] {
    let copied = Set(move.copies.map(\.disk.path))
    let shared = move.machine.disks.filter { !copied.contains($0.path) }
    return Set(shared.compactMap { host.volume(at: $0.path)?.pool }).sorted()
  }

  /// True if libvirt is to take the spec's word for it that both hosts see the same files: it knows only file systems of
  /// networks.
  private func trustsStorage(of move: Move) -> Bool {
    let copied = Set(move.copies.map(\.disk.path))
    return move.machine.disks.contains { disk in
      guard !copied.contains(disk.path), let volume = host.volume(at: disk.path) else { return false }
      return [.dir, .fs].contains(desired.type(ofPool: volume.pool))
    }
  }

  private func obstacle(to move: Move, _ wanted: DesiredHost.WantedMachine) -> String? {
    if let obstacle = move.obstacleToLive, hasStateOfItsOwn(move.machine) {
      return "\(obstacle), and what its firmware or its TPM holds moves only with a running guest"
    }
    let guest = move.guest ?? move.machine
    let known = Set(desired.networks.map(\.network.name) + state.networks.map(\.name))
    if let network = guest.networks.union(move.machine.networks).subtracting(known).min() {
      return "host '\(state.name)' has no network '\(network)'"
    }
    for copy in move.copies {
      guard let pool = site.pools.first(where: { $0.name.rawValue == copy.volume.pool }),
        let root = desired.sources[pool.name]?.root
      else { return "host '\(state.name)' has no pool '\(copy.volume.pool)' of the spec" }
      if "\(root)/\(copy.volume.name)" != copy.volume.path {
        return "pool '\(pool.name)' has another path on host '\(state.name)'"
      }
      if let base = copy.volume.backingPath, imageSteps[base] == nil, host.volume(at: base) == nil {
        let old = elsewhere.first { $0.state.name == move.from }
        let pull = old?.state.virsh(
          "blockpull \(move.machine.name) \(copy.disk.target ?? copy.disk.name) --wait")
        return
          "disk '\(copy.disk.name)' is based on \(base), which the spec has no more; while its guest runs, this makes it a disk without a base: \(pull ?? "")"
      }
    }
    let files = Set(wanted.images.map(\.volume.path))
    for file in Set(move.machine.imageFiles + guest.imageFiles).sorted()
    where !files.contains(file) && host.volume(at: file) == nil {
      return "it uses \(file), which it is to have no more: apply that change first"
    }
    return nil
  }

  // MARK: Remains

  /// Takes away what moves that were cut off have left of VMs that are elsewhere.
  mutating func removeRemains() {
    for remain in remains {
      let address = address(.vm, remain.machine.name)
      draft.add(
        Change(
          address, .delete,
          reason: remain.isLost
            ? "the VM was started on host '\(remain.place)' when this one was lost"
            : "a move left it: the VM is on host '\(remain.place)'"))
      draft.add(
        .removeRemains(uuid: remain.machine.uuid, place: remain.place), for: address, path: nil)
    }
    forgetLoss()
    for pool in state.pools where pool.isActive {
      for note in pool.volumeNames.sorted() { clearMove(note, in: pool) }
    }
  }

  /// What a note of a move says that was cut off: where the VM is not, the copy is worth nothing.
  private mutating func clearMove(_ note: String, in pool: Pool) {
    guard let stem = Identity.movedStem(of: note) else { return }
    // Of a move that goes on in this run.
    let moving = (arrivals + departures).flatMap(\.copies).map(\.volume)
    if moving.contains(where: { $0.pool == pool.name && Identity.stem(of: $0.name) == stem[...] }) { return }
    let volume = pool.volumes.first { Identity.stem(of: $0.name) == stem[...] }
    guard let volume else {
      if identity.volume(named: "\(stem).\(DiskFormat.qcow2.rawValue)") != nil {
        let address = address(.pool, pool.name)
        draft.add(
          Change(
            address, .update, fields: [FieldChange(note, from: "a move was cut off", to: nil, effect: .none)])
        )
        draft.add(.noteVolume(pool: pool.name, name: note, false), for: address, path: nil)
      }
      return
    }
    guard let tagged = host.tagged(volume) else { return }
    let address = address(.disk, host.specName(of: tagged, in: pool.name))
    if !host.users(of: volume.path).isEmpty {
      draft.add(
        Change(address, .update, fields: [FieldChange("move", from: "was cut off", to: nil, effect: .none)]))
      draft.add(.noteVolume(pool: pool.name, name: note, false), for: address, path: nil)
      return
    }
    let place = elsewhere.first { index in
      index.state.machines.contains { index.owns($0) && $0.disks.contains { $0.path == volume.path } }
    }
    settledPaths.insert(volume.path)
    guard let place else {
      draft.note(
        address, "stays at \(volume.path): a move of its VM was cut off, and nobody knows where the VM is")
      return
    }
    draft.add(
      Change(address, .delete, reason: "a move left it: the disk is on host '\(place.state.name)'"))
    let deleted = draft.add(
      .deleteVolume(pool: pool.name, name: volume.name), for: address,
      after: remains.flatMap { steps(of: $0.machine) }, path: nil)
    deletionSteps[volume.path] = deleted
    draft.add(.noteVolume(pool: pool.name, name: note, false), for: address, after: [deleted], path: nil)
  }
}

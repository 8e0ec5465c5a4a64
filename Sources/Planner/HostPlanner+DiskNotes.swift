import SpecModel

/// What pools remember of disks beside their files: the names of those that were renamed, or whose VM was, and that they are
/// protected or kept.
///
/// The mark of a VM has all that, too. What lies beside the files outlives the VM's definition, whoever removes it, and a
/// snapshot that brings back a mark of old.
extension HostPlanner {
  /// The step by which the pool of a disk remembers its name; nil if it does already, or if the file has that name.
  mutating func noteName(
    of wanted: DesiredHost.WantedVolume, for address: Address, after: [Int], at path: SpecPath
  ) -> Int? {
    let volume = wanted.volume
    guard let tagged = host.tagged(volume), wanted.address.name != tagged.base,
      !host.rememberedNames(of: tagged, in: volume.pool).contains(wanted.address.name)
    else { return nil }
    let name = identity.renameName(of: tagged, to: wanted.address.name, isFile: volume.type == .file)
    return draft.add(
      .noteVolume(pool: volume.pool, name: name, true), for: address,
      after: after + [poolSteps[volume.pool]].compactMap { $0 }, path: path)
  }

  /// The steps by which the pool forgets what the volume was called, but for the name that it has now.
  mutating func forgetNames(of volume: Volume, but name: String?, for address: Address, after: [Int]) -> [Int]
  {
    guard let disk = host.tagged(volume) else { return [] }
    let former = host.rememberedNames(of: disk, in: volume.pool).filter { $0 != name }
    return former.sorted().reduce(into: []) { steps, name in
      let note = identity.renameName(of: disk, to: name, isFile: volume.type == .file)
      steps += self.forget(note, of: volume, for: address, after: steps.last.map { [$0] } ?? after)
    }
  }

  /// Has pools forget what disks of a VM were called, and that they were kept or protected. Returns the steps, which come before the VM's mark
  /// has the news, and what there is to tell: at any moment, what pools say of names is what the mark says, or nothing.
  mutating func forgetNotes(ofDisksOf wanted: DesiredHost.WantedMachine, _ actual: Machine?)
    -> (steps: [Int], fields: [FieldChange])
  {
    let address = address(.vm, wanted.machine.name)
    var (steps, fields): ([Int], [FieldChange]) = ([], [])
    for disk in machineDisks(of: wanted) {
      let volume = disk.volume
      guard let tagged = host.tagged(volume), let name = name(of: disk, in: wanted) else {
        continue
      }
      let former = host.rememberedNames(of: tagged, in: volume.pool).filter { $0 != disk.address.name }
      if !former.isEmpty {
        fields.append(
          FieldChange(
            "disks.\(name).\(VolumeField.name.rawValue)", from: former.max(), to: disk.address.name,
            effect: .none))
      }
      steps += forgetNames(of: volume, but: disk.address.name, for: address, after: [])
      let there = actual?.disks.first { $0.path == volume.path }
      let isHidden = isStarted(volume.pool)
      var words: [(field: DiskField, note: String)] = []
      if !disk.keep, host.isKept(tagged, in: volume.pool) || isHidden && there?.keep == true {
        words.append((.keep, identity.keepName(of: tagged.kind, tagged.base)))
      }
      if !volume.isProtected,
        host.isProtected(tagged, in: volume.pool) || isHidden && there?.isProtected == true
      {
        words.append((.protect, identity.protectionName(of: tagged.kind, tagged.base)))
      }
      if host.isBeingDeleted(tagged, in: volume.pool) {
        let note = identity.deletionName(of: tagged.kind, tagged.base)
        steps += forget(note, of: volume, for: address, after: [])
        fields.append(FieldChange("disks.\(name).deletion", from: "begun", to: nil, effect: .none))
      }
      for (field, note) in words {
        steps += forget(note, of: volume, for: address, after: poolSteps[volume.pool].map { [$0] } ?? [])
        fields.append(FieldChange(field.path(of: name), from: "true", to: nil, effect: .none))
      }
    }
    return (steps, fields)
  }

  /// The step by which the pool forgets that the volume was to be kept.
  mutating func forgetKeeping(of volume: Volume, for address: Address, after: [Int]) -> [Int] {
    guard let disk = host.tagged(volume), host.isKept(disk, in: volume.pool) else { return [] }
    return forget(identity.keepName(of: disk.kind, disk.base), of: volume, for: address, after: after)
  }

  /// The step by which the pool forgets that the volume was about to be deleted, be it that this plan makes it remember that.
  mutating func forgetDeletion(of volume: Volume, for address: Address, after: [Int]) -> [Int] {
    guard let disk = host.tagged(volume) else { return [] }
    let isDeferred = deferredDiscards.contains { $0.disk.path == volume.path }
    guard isDeferred || host.isBeingDeleted(disk, in: volume.pool) else { return [] }
    return forget(identity.deletionName(of: disk.kind, disk.base), of: volume, for: address, after: after)
  }

  /// Has pools remember what the disks of a VM are called, and that they are protected or kept, once its mark says so. Returns
  /// what there is to tell of it. Of a pool that nobody can look into yet, what the mark says is taken to be remembered.
  mutating func noteDisks(of wanted: DesiredHost.WantedMachine, _ actual: Machine?, after: [Int])
    -> [FieldChange]
  {
    let address = address(.vm, wanted.machine.name)
    var fields: [FieldChange] = []
    for disk in machineDisks(of: wanted) {
      let volume = disk.volume
      let isHidden = isStarted(volume.pool)
      guard isHidden || host.pool(named: volume.pool)?.isActive == true,
        let tagged = host.tagged(volume), let name = name(of: disk, in: wanted)
      else { continue }
      let there = actual?.disks.first { $0.path == volume.path }
      let isNamed =
        isHidden && there != nil && actual?.name == wanted.machine.name
        && !(actual.map { host.movedDevices(of: $0).values.contains("disks.\(name)") } ?? false)
      if !isNamed, noteName(of: disk, for: address, after: after, at: wanted.spec.path) != nil {
        fields.append(
          FieldChange(
            "disks.\(name).\(VolumeField.name.rawValue)", from: tagged.base, to: disk.address.name,
            effect: .none))
      }
      var words: [(field: DiskField, note: String)] = []
      if volume.isProtected,
        isHidden ? there?.isProtected != true : !host.isProtected(tagged, in: volume.pool)
      {
        words.append((.protect, identity.protectionName(of: tagged.kind, tagged.base)))
      }
      if disk.keep, isHidden ? there?.keep != true : !host.isKept(tagged, in: volume.pool) {
        words.append((.keep, identity.keepName(of: tagged.kind, tagged.base)))
      }
      for (field, note) in words {
        draft.add(
          .noteVolume(pool: volume.pool, name: note, true), for: address,
          after: after + [poolSteps[volume.pool]].compactMap { $0 }, path: wanted.spec.path)
        fields.append(FieldChange(field.path(of: name), from: nil, to: "true", effect: .none))
      }
    }
    return fields
  }

  /// True for a pool that this plan makes or starts.
  private func isStarted(_ pool: String) -> Bool {
    poolSteps[pool] != nil && host.pool(named: pool)?.isActive != true
  }

  private func name(of disk: DesiredHost.WantedVolume, in machine: DesiredHost.WantedMachine) -> String? {
    machine.machine.disks.first { $0.path == disk.volume.path }?.name
  }

  private func machineDisks(of wanted: DesiredHost.WantedMachine) -> [DesiredHost.WantedVolume] {
    wanted.volumes.map { desired.volumes[$0] }.filter {
      host.tagged($0.volume)?.kind == .machineDisk
    }
  }

  /// Refuses new names that other devices of the VM have still, or that files have which others left: a consent would be
  /// one to the loss of both.
  func refuseTakenNames(of actual: Machine, _ wanted: DesiredHost.WantedMachine) {
    let name = wanted.machine.name
    for move in host.movesInTheWay(of: actual) {
      let kind = move.from.hasPrefix("disks.") ? "disk" : "NIC"
      let (old, new) = (move.from.drop { $0 != "." }.dropFirst(), move.to.drop { $0 != "." }.dropFirst())
      report(
        "\(kind) '\(old)' of VM '\(name)' cannot be renamed: the VM still has a \(kind) '\(new)'",
        at: move.path, help: "take one of the two out of the VM first")
    }
    let moved = host.movedDevices(of: actual).values
    for volume in machineDisks(of: wanted) {
      guard let disk = actual.disks.first(where: { $0.path == volume.volume.path }),
        actual.name != name || moved.contains("disks.\(disk.name)"),
        let other = host.namesakes(of: volume.address.name, but: disk.path).first
      else { continue }
      report(
        "disk '\(disk.name)' of VM '\(name)' cannot be renamed: the name '\(volume.address.name)' is spent on host "
          + "'\(state.name)', where \(other.path) has it",
        at: volume.path,
        help: "give it another name, or delete that file before: --allow-data-loss-of \(volume.address)")
    }
  }
}

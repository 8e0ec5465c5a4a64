import SpecModel

extension HostPlanner {
  // MARK: Disks

  mutating func planVolume(_ index: Int) {
    let wanted = desired.volumes[index]
    if host.tagged(wanted.volume)?.kind == .sharedDisk,
      let old = host.diskInTheWay(ofMoveTo: wanted.address.name)
    {
      return report(
        "disk '\(old)' cannot be renamed: there is a disk '\(wanted.address.name)' of the stack on host '\(state.name)'",
        at: SpecPath("moved.disks.\(old)"), help: "give it another name")
    }
    if let deletion = replacedVolumes[wanted.volume.path] {
      return planCreation(ofVolume: index, after: deletion)
    }
    guard let actual = host.volume(at: wanted.volume.path) else {
      if !host.isThere(wanted.volume), !isDeleted(wanted.volume.path) {
        planCreation(ofVolume: index, because: reasonOfLoss(wanted))
      }
      return
    }
    if isLeftover(actual), host.isBase(actual.path) {
      return report(
        "\(wanted.address) cannot be used again: another file is based on \(actual.path)", at: wanted.path,
        help: "take that file back into it (qemu-img commit), or delete it, if nobody needs what it holds")
    }
    if isLeftover(actual), host.isMoving(actual) { return refuseUnfinishedMove(of: wanted, actual) }
    if host.isCutOff(actual) { return planCopy(ofVolume: index, over: actual) }
    if isLeftover(actual) { draft.note(wanted.address, "is there already and is used again") }
    tellOfImage(of: wanted, actual)
    var fields = planName(ofVolume: index)
    if wanted.hasSize, !isRounded(actual, from: wanted.volume) {
      fields += planGrowth(of: actual, toVolume: index)
    }
    fields += planProtection(ofVolume: index)
    if let worst = fields.map(\.effect).max() {
      draft.add(Change(wanted.address, .update, fields: fields, effect: worst, path: wanted.path))
    }
  }

  /// That a disk of a VM which is there has lost its file; nil for one that is new.
  private func reasonOfLoss(_ wanted: DesiredHost.WantedVolume) -> String? {
    let users = host.users(of: wanted.volume.path).filter(host.owns)
    return users.isEmpty ? nil : "the file that \(names(of: users)) had is gone: this one is empty"
  }

  /// True for a VM's own disk that no VM has: an earlier run was cut off, or its VM gave it up.
  private func isLeftover(_ volume: Volume) -> Bool {
    host.tagged(volume)?.kind == .machineDisk && host.users(of: volume.path).isEmpty
  }

  /// The VM is nowhere, so that nobody knows which of the copies is whole.
  private func refuseUnfinishedMove(of wanted: DesiredHost.WantedVolume, _ actual: Volume) {
    let note = Identity.movingName(of: actual.name)
    report(
      "\(wanted.address) cannot be used again: a move of its VM was cut off, and \(actual.path) may be a part of it only",
      at: wanted.path,
      help: "what is whole is on the host that the VM was on; if it is this one, say so: "
        + state.virsh("vol-delete \(note) --pool \(actual.pool)"))
  }

  /// - Parameters:
  ///   - deletion: the step that deletes what was there before.
  ///   - reason: why it is made, if what is there is no disk yet.
  mutating func planCreation(ofVolume index: Int, after deletion: Int? = nil, because reason: String? = nil) {
    let wanted = desired.volumes[index]
    if let former = hiddenName(of: wanted) {
      return report(
        "\(wanted.address) may lie in pool '\(wanted.volume.pool)' as '\(former)', but the pool is not active",
        at: wanted.path, help: "start the pool first: \(state.virsh("pool-start \(wanted.volume.pool)"))")
    }
    if deletion == nil, let other = otherPlace(ofVolume: wanted) {
      let place = other.host == state.name ? wanted.volume.path : "host '\(state.name)'"
      return report(
        "\(wanted.address) lies at \(other.path) on host '\(other.host)' and cannot move to \(place)",
        at: wanted.path,
        help: "its host, pool and format stay as they were made; add a new disk and copy the content")
    }
    var fields = [FieldChange("size", from: nil, to: "\(wanted.volume.capacity)", effect: .none)]
    if let image = wanted.image {
      fields.append(FieldChange(VolumeField.image.rawValue, from: nil, to: image.name, effect: .none))
      if wanted.volume.backingPath == nil {
        fields.append(
          FieldChange(VolumeField.clone.rawValue, from: nil, to: CloneKind.full.rawValue, effect: .none))
      }
    }
    fields.append(FieldChange("pool", from: nil, to: wanted.volume.pool, effect: .none))
    if deletion == nil {
      draft.add(Change(wanted.address, .create, fields: fields, reason: reason, path: wanted.path))
    } else {
      fields.append(FieldChange("content", from: wanted.volume.path, to: nil, effect: .dataLoss))
      draft.add(
        Change(
          wanted.address, .replace, fields: fields, effect: .dataLoss,
          reason: wanted.imageChange == nil ? "--replace" : "on_image_change: replace", path: wanted.path))
    }
    var former = forgetCopy(wanted.volume, for: wanted.address, after: deletion.map { [$0] } ?? [])
    former += forgetNames(
      of: wanted.volume, but: wanted.address.name, for: wanted.address, after: deletion.map { [$0] } ?? [])
    let before = [
      deletion, poolSteps[wanted.volume.pool], wanted.image.flatMap { imageSteps[$0.volume.path] },
    ]
    volumeSteps[index] = draft.add(
      creation(of: wanted), for: wanted.address, after: before.compactMap { $0 } + former, path: wanted.path)
    demand(for: wanted, freed: host.volume(at: wanted.volume.path))
    _ = planProtection(ofVolume: index)
  }

  /// The name that a shared disk may still have in a pool that nobody can look into.
  private func hiddenName(of wanted: DesiredHost.WantedVolume) -> String? {
    guard host.tagged(wanted.volume)?.kind == .sharedDisk,
      host.pool(named: wanted.volume.pool)?.isActive == false
    else { return nil }
    return host.formerName(ofSharedDisk: wanted.address.name)
  }

  private func creation(of wanted: DesiredHost.WantedVolume) -> Operation {
    if wanted.isSent, let image = wanted.image, case .file(_, let content) = image.source {
      let name = host.tagged(image.volume)?.base ?? image.name
      return .copyImage(content, image.volume.format, name: name, into: wanted.volume)
    }
    return .createVolume(wanted.volume, from: wanted.volume.backingPath == nil ? wanted.image?.volume : nil)
  }

  /// True if `actual` has the size of `wanted`, be it rounded up to what the pool hands out.
  private func isRounded(_ actual: Volume, from wanted: Volume) -> Bool {
    guard actual.type == .block, actual.capacity > wanted.capacity else {
      return actual.capacity == wanted.capacity
    }
    let unit = host.pool(named: actual.pool)?.unit ?? 1
    return actual.capacity.rawValue - wanted.capacity.rawValue < unit
  }

  /// Where a shared disk of this name lies already: a second, empty one is not what anybody wants.
  private func otherPlace(ofVolume wanted: DesiredHost.WantedVolume) -> (path: String, host: ResourceName)? {
    guard host.tagged(wanted.volume)?.kind == .sharedDisk else { return nil }
    for index in [host] + elsewhere {
      if let volume = index.sharedDisk(named: wanted.address.name) { return (volume.path, index.state.name) }
    }
    return nil
  }

  /// A shared disk that was renamed keeps its file; the pool remembers what the spec calls it.
  private mutating func planName(ofVolume index: Int) -> [FieldChange] {
    let wanted = desired.volumes[index]
    guard let tagged = host.tagged(wanted.volume), tagged.kind == .sharedDisk else {
      return []
    }
    let former = host.rememberedNames(of: tagged, in: wanted.volume.pool).subtracting([wanted.address.name])
    // The new name first: a run that is cut off in between leaves a disk with a name that the spec knows.
    let note = noteName(
      of: wanted, for: wanted.address, after: volumeSteps[index].map { [$0] } ?? [], at: wanted.path)
    volumeSteps[index] = note ?? volumeSteps[index]
    volumeSteps[index] =
      forgetNames(
        of: wanted.volume, but: wanted.address.name, for: wanted.address,
        after: volumeSteps[index].map { [$0] } ?? []
      ).last ?? volumeSteps[index]
    guard note != nil || !former.isEmpty else { return [] }
    return [
      FieldChange(
        VolumeField.name.rawValue, from: former.max() ?? tagged.base, to: wanted.address.name, effect: .none)
    ]
  }

  /// A shared disk is protected by a volume of its own. Where the disk itself was deleted by hand, that volume says what no
  /// longer counts. That of a VM's own disk goes with the VM's mark, which has the word, too.
  private mutating func planProtection(ofVolume index: Int) -> [FieldChange] {
    let wanted = desired.volumes[index]
    guard let tagged = host.tagged(wanted.volume), tagged.kind == .sharedDisk else {
      return []
    }
    let isProtected = host.isProtected(tagged, in: wanted.volume.pool)
    guard wanted.volume.isProtected != isProtected else { return [] }
    draft.add(
      .noteVolume(
        pool: wanted.volume.pool, name: identity.protectionName(of: tagged.kind, tagged.base),
        wanted.volume.isProtected),
      for: wanted.address, after: volumeSteps[index].map { [$0] } ?? [], path: wanted.path)
    return [
      FieldChange(
        VolumeField.protect.rawValue, from: "\(isProtected)", to: "\(wanted.volume.isProtected)",
        effect: .none)
    ]
  }

  private mutating func planGrowth(of actual: Volume, toVolume index: Int) -> [FieldChange] {
    let wanted = desired.volumes[index]
    guard wanted.volume.capacity > actual.capacity else {
      report(
        "\(wanted.address) cannot shrink from \(actual.capacity) to \(wanted.volume.capacity)",
        at: wanted.path + "size",
        help: "shrinking would destroy what is at its end; write size: "
          + actual.capacity.description.filter { $0 != " " })
      return []
    }
    if let (machine, disk) = overlaid(actual.path) {
      report(
        "\(wanted.address) cannot grow: somebody has put a file over it", at: wanted.path + "size",
        help: "take that back first, while VM '\(machine.name)' runs: \(commit(disk, of: machine))")
      return []
    }
    if let saved = host.users(of: actual.path).first(where: \.hasSavedState) {
      report(
        "\(wanted.address) cannot grow: VM '\(saved.name)' has a saved state", at: wanted.path + "size",
        help: help(forSaved: saved))
      return []
    }
    let guest = guest(with: actual)
    if let pool = desired.type(ofPool: wanted.volume.pool), !pool.growsVolumes {
      report(
        "\(wanted.address) cannot grow: libvirt makes no volume of a pool of type \(pool.rawValue) larger",
        at: wanted.path + "size", help: handiwork(actual, wanted.volume.capacity, pool, guest))
      return []
    }
    let rule = VolumeField.size.rule
    if let guest, !rule.isLive(from: actual, to: wanted.volume, on: state.capabilities.driver) {
      report(
        "\(wanted.address) cannot grow while VM '\(guest.name)' runs on this host", at: wanted.path + "size",
        help: "libvirt's driver for it resizes no disk of a running guest; stop the VM first: state: off")
      return []
    }
    let effect: Effect = guest == nil ? .none : .live
    demand(
      thin: ByteCount(rawValue: wanted.volume.capacity.rawValue - actual.capacity.rawValue), in: actual.pool)
    let before =
      [poolSteps[wanted.volume.pool], volumeSteps[index]]
      + host.users(of: actual.path).map { stopSteps[$0.uuid] }
    volumeSteps[index] = draft.add(
      .growVolume(wanted.volume, guest: guest?.uuid), for: wanted.address, after: before.compactMap { $0 },
      effect: effect, path: wanted.path)
    return [
      FieldChange(
        VolumeField.size.rawValue, from: "\(actual.capacity)", to: "\(wanted.volume.capacity)", effect: effect
      )
    ]
  }

  /// How a person grows a volume that libvirt cannot.
  private func handiwork(_ volume: Volume, _ size: ByteCount, _ type: PoolType, _ guest: Machine?) -> String {
    let bytes = size.rawValue
    let growth =
      type == .zfs
      ? "zfs set volsize=\(bytes) \(volume.path.replacing("/dev/zvol/", with: ""))"
      : "lvextend --size \(bytes)b \(volume.path)"
    let commands =
      [growth, state.virsh("pool-refresh \(volume.pool)")]
      + (guest.map { [state.virsh("blockresize \($0.domainName) \(volume.path) \(bytes)B")] } ?? [])
    return "grow it on host '\(state.name)', and apply again: " + commands.joined(separator: " && ")
  }

  /// The guest that has the disk while it grows.
  private func guest(with volume: Volume) -> Machine? {
    host.users(of: volume.path).first {
      keepsRunning($0) && host.liveFiles(of: $0).contains(volume.path) && !freedDisks.contains(volume.path)
    }
  }
}

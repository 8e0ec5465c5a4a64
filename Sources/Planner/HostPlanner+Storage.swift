import SpecModel

extension HostPlanner {
  // MARK: Images

  /// Brings the images to the host that a disk is cloned from in this run or that a VM boots from directly.
  mutating func planImages() {
    var seen: Set<String> = []
    let images = desired.volumes.compactMap(\.image) + desired.machines.flatMap(\.images)
    for image in images where seen.insert(image.volume.path).inserted {
      let address = address(.image, image.name)
      let actual = host.volume(at: image.volume.path)
      if actual == nil, host.isThere(image.volume) { continue }
      // Of the right length and in use is whole. In use by nothing, it may be the end of a run that was cut off.
      let isWhole = actual?.physical == image.length
      let replaces = isWhole && isIdle(image.volume.path)
      if isWhole, !replaces { continue }
      var fields = [FieldChange("pool", from: nil, to: image.volume.pool, effect: .none)]
      let operation: Operation
      switch image.source {
      case .file(let origin, let content):
        fields.append(FieldChange("source", from: nil, to: origin, effect: .none))
        operation = .uploadImage(file: content.file, content: content, into: image.volume, replaces: replaces)
      case .seed(let seed): operation = .uploadSeed(seed, into: image.volume, replaces: replaces)
      }
      let length = FieldChange(
        "length", from: actual?.physical?.description, to: "\(image.length)", effect: .none)
      draft.add(
        Change(
          address, actual == nil ? .create : .update, fields: actual == nil ? fields + [length] : [length],
          reason: actual == nil
            ? nil
            : replaces ? "nothing uses it: its upload may have been cut off" : "its last upload was cut off",
          path: image.path))
      imageSteps[image.volume.path] = draft.add(
        operation, for: address, after: poolSteps[image.volume.pool].map { [$0] } ?? [], path: image.path)
      let there = actual?.physical?.rawValue ?? 0
      demand(
        ByteCount(rawValue: image.length.rawValue - min(there, image.length.rawValue)), in: image.volume.pool,
        address,
        at: image.path)
    }
  }

  /// True if no VM and no clone uses the image at `path`.
  private func isIdle(_ path: String) -> Bool {
    host.users(of: path).isEmpty
      && !state.pools.contains { pool in
        pool.foreignBackingPaths.contains(path) || pool.volumes.contains { $0.backingPath == path }
      }
  }

  // MARK: Disks

  mutating func planVolume(_ index: Int) {
    let wanted = desired.volumes[index]
    if identity.volume(named: wanted.volume.name)?.kind == .sharedDisk,
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
      if !host.isThere(wanted.volume) { planCreation(ofVolume: index) }
      return
    }
    if host.isCutOff(wanted.volume) { return planRepetition(ofVolume: index) }
    if isLeftover(actual) { draft.note(wanted.address, "is there already and is used again") }
    noteNewBase(of: wanted, actual)
    var fields = planName(ofVolume: index)
    if wanted.hasSize, !isRounded(actual, from: wanted.volume) {
      fields += planGrowth(of: actual, toVolume: index)
    }
    fields += planProtection(ofVolume: index)
    if let worst = fields.map(\.effect).max() {
      draft.add(Change(wanted.address, .update, fields: fields, effect: worst, path: wanted.path))
    }
  }

  /// A disk stays on the base that it was cloned from. Whoever wants another one says so.
  private mutating func noteNewBase(of wanted: DesiredHost.WantedVolume, _ actual: Volume) {
    guard let replacement = wanted.replacement, let path = actual.backingPath,
      let old = identity.volume(named: String(path.split(separator: "/").last ?? "")), old.kind == .image,
      let new = identity.volume(named: replacement.image.volume.name), new.base != old.base
    else { return }
    draft.note(
      wanted.address,
      "new base available: \(old.base) → \(new.base); --replace vm.\(replacement.machine) makes the VM anew from it"
    )
  }

  /// True for a VM's own disk that no VM has: an earlier run was cut off, or its VM gave it up.
  private func isLeftover(_ volume: Volume) -> Bool {
    host.tagged(volume)?.kind == .machineDisk && host.users(of: volume.path).isEmpty
  }

  /// - Parameter deletion: the step that deletes what was there before.
  private mutating func planCreation(ofVolume index: Int, after deletion: Int? = nil) {
    let wanted = desired.volumes[index]
    if let former = hiddenName(of: wanted) {
      return report(
        "\(wanted.address) may lie in pool '\(wanted.volume.pool)' as '\(former)', but the pool is not active",
        at: wanted.path, help: "start the pool first: virsh pool-start \(wanted.volume.pool)")
    }
    if deletion == nil, let other = otherPlace(ofVolume: wanted) {
      let place = other.host == state.name ? wanted.volume.path : "host '\(state.name)'"
      return report(
        "\(wanted.address) lies at \(other.path) on host '\(other.host)' and cannot move to \(place)",
        at: wanted.path,
        help: "its host, pool and format stay as they were made; add a new disk and copy the content")
    }
    var fields = [FieldChange("size", from: nil, to: "\(wanted.volume.capacity)", effect: .none)]
    if let image = wanted.image?.name ?? wanted.copy?.name {
      fields.append(FieldChange("image", from: nil, to: image, effect: .none))
    }
    if wanted.copy != nil { fields.append(FieldChange("clone", from: nil, to: "full", effect: .none)) }
    fields.append(FieldChange("pool", from: nil, to: wanted.volume.pool, effect: .none))
    if deletion == nil {
      draft.add(Change(wanted.address, .create, fields: fields, path: wanted.path))
    } else {
      fields.append(FieldChange("content", from: wanted.volume.path, to: nil, effect: .dataLoss))
      draft.add(
        Change(
          wanted.address, .replace, fields: fields, effect: .dataLoss, reason: "--replace", path: wanted.path)
      )
    }
    let before = [
      deletion, poolSteps[wanted.volume.pool], wanted.image.flatMap { imageSteps[$0.volume.path] },
    ]
    volumeSteps[index] = draft.add(
      creation(of: wanted), for: wanted.address, after: before.compactMap { $0 }, path: wanted.path)
    demand(for: wanted, freed: deletion == nil ? nil : host.volume(at: wanted.volume.path))
    _ = planProtection(ofVolume: index)
  }

  /// The name that a shared disk may still have in a pool that nobody can look into.
  private func hiddenName(of wanted: DesiredHost.WantedVolume) -> String? {
    guard identity.volume(named: wanted.volume.name)?.kind == .sharedDisk,
      host.pool(named: wanted.volume.pool)?.isActive == false
    else { return nil }
    return host.formerName(ofSharedDisk: wanted.address.name)
  }

  private func creation(of wanted: DesiredHost.WantedVolume) -> Operation {
    wanted.copy.map { .copyImage($0.content, $0.format, into: wanted.volume) } ?? .createVolume(wanted.volume)
  }

  /// Makes anew what has only a part of its image in it.
  private mutating func planRepetition(ofVolume index: Int) {
    let wanted = desired.volumes[index]
    guard let copy = wanted.copy else {
      return draft.note(
        wanted.address, "has only a part of the image that was copied into it when a run was cut off")
    }
    let users = host.users(of: wanted.volume.path).filter {
      !host.liveFiles(of: $0).isDisjoint(with: [wanted.volume.path])
    }
    guard users.isEmpty else {
      return report(
        "\(wanted.address) has only a part of its image, and \(names(of: users)) runs with it",
        at: wanted.path,
        help: "stop it, and apply again")
    }
    draft.add(
      Change(
        wanted.address, .update, fields: [FieldChange("image", from: "a part", to: copy.name, effect: .none)],
        reason: "a run was cut off while it copied the image", path: wanted.path))
    volumeSteps[index] = draft.add(
      creation(of: wanted), for: wanted.address, after: poolSteps[wanted.volume.pool].map { [$0] } ?? [],
      path: wanted.path)
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
    guard identity.volume(named: wanted.volume.name)?.kind == .sharedDisk else { return nil }
    for index in [host] + elsewhere {
      if let volume = index.sharedDisk(named: wanted.address.name) { return (volume.path, index.state.name) }
    }
    return nil
  }

  /// A shared disk that was renamed keeps its file; the pool remembers what the spec calls it.
  private mutating func planName(ofVolume index: Int) -> [FieldChange] {
    let wanted = desired.volumes[index]
    guard let tagged = identity.volume(named: wanted.volume.name), tagged.kind == .sharedDisk else {
      return []
    }
    let remembered = host.rememberedNames(ofDisk: tagged.base)
    let names: Set<String> = wanted.address.name == tagged.base ? [] : [wanted.address.name]
    guard remembered != names else { return [] }
    let former = remembered.subtracting(names)
    // The new name first: a run that is cut off in between leaves a disk with a name that the spec knows.
    let notes = names.subtracting(remembered).map { ($0, true) } + former.sorted().map { ($0, false) }
    for (name, isThere) in notes {
      volumeSteps[index] = draft.add(
        .noteVolume(
          pool: wanted.volume.pool,
          name: identity.renameName(ofDisk: tagged.base, to: name, isFile: wanted.volume.type == .file),
          isThere),
        for: wanted.address, after: volumeSteps[index].map { [$0] } ?? [], path: wanted.path)
    }
    return [
      FieldChange(
        VolumeField.name.rawValue, from: former.max() ?? tagged.base, to: wanted.address.name, effect: .none)
    ]
  }

  /// A shared disk is protected by a volume of its own. A VM's mark has the word for its own disks; one that was given up
  /// while it was protected has such a volume, too, until a VM has it again whose spec does not protect it. Where the
  /// disk itself was deleted by hand, that volume says what no longer counts.
  private mutating func planProtection(ofVolume index: Int) -> [FieldChange] {
    let wanted = desired.volumes[index]
    guard let tagged = identity.volume(named: wanted.volume.name) else { return [] }
    let isProtected = isProtected(tagged, in: wanted.volume.pool)
    let isRemembered = tagged.kind == .sharedDisk || isProtected
    guard isRemembered, wanted.volume.isProtected != isProtected else { return [] }
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

  /// True if a volume beside the disk says that nothing may delete it.
  func isProtected(_ disk: Identity.TaggedVolume, in pool: String) -> Bool {
    let name = identity.protectionName(of: disk.kind, disk.base)
    return host.pool(named: pool)?.volumeNames.contains(name) ?? false
  }

  private mutating func planGrowth(of actual: Volume, toVolume index: Int) -> [FieldChange] {
    let wanted = desired.volumes[index]
    guard wanted.volume.capacity > actual.capacity else {
      report(
        "\(wanted.address) cannot shrink from \(actual.capacity) to \(wanted.volume.capacity)",
        at: wanted.path + "size", help: "shrinking would destroy what is at its end")
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
      [growth, "virsh pool-refresh \(volume.pool)"]
      + (guest.map { ["virsh blockresize \($0.domainName) \(volume.path) \(bytes)B"] } ?? [])
    return "grow it on host '\(state.name)', and apply again: " + commands.joined(separator: " && ")
  }

  /// The guest that has the disk while it grows.
  private func guest(with volume: Volume) -> Machine? {
    host.users(of: volume.path).first {
      keepsRunning($0) && host.liveFiles(of: $0).contains(volume.path) && !freedDisks.contains(volume.path)
    }
  }
}

import SpecModel

extension HostPlanner {
  // MARK: Images

  /// Brings the images to the host that a disk is cloned from in this run or that a VM boots from directly.
  mutating func planImages() {
    var seen: Set<String> = []
    let images =
      desired.volumes.filter { !$0.isSent }.compactMap(\.image) + lostImages()
      + desired.machines.flatMap(\.images)
    for image in images where seen.insert(image.volume.path).inserted {
      let address = address(.image, image.name)
      let actual = host.volume(at: image.volume.path)
      if actual == nil, host.isThere(image.volume) { continue }
      // Of the right length and in use is whole. In use by nothing, it may be the end of a run that was cut off.
      let isWhole = actual?.physical == image.length
      let replaces = isWhole && isIdle(image.volume)
      if isWhole, !replaces { continue }
      if let upload = draft.sharedUploads[image.volume.path], isShared(image.volume.pool) {
        imageSteps[image.volume.path] = upload
        continue
      }
      var fields = [FieldChange("pool", from: nil, to: image.volume.pool, effect: .none)]
      let operation: Operation
      switch image.source {
      case .file(let origin, let content):
        fields.append(FieldChange("source", from: nil, to: origin, effect: .none))
        operation = .uploadImage(file: content.file, content: content, into: image.volume, replaces: replaces)
      case .seed(let seed): operation = .uploadSeed(seed, into: image.volume, replaces: replaces)
      case .ignition(let config):
        operation = .uploadIgnition(config, into: image.volume, replaces: replaces)
      }
      let length = FieldChange(
        "length", from: actual?.physical?.description, to: "\(image.length)", effect: .none)
      draft.add(
        Change(
          address, actual == nil ? .create : .update, fields: actual == nil ? fields + [length] : [length],
          reason: actual == nil
            ? nil
            : replaces
              ? "nothing uses it yet, so it may not be whole: it is sent again"
              : "its last upload was cut off",
          path: image.path))
      imageSteps[image.volume.path] = draft.add(
        operation, for: address, after: poolSteps[image.volume.pool].map { [$0] } ?? [], path: image.path)
      if isShared(image.volume.pool) {
        draft.sharedUploads[image.volume.path] = imageSteps[image.volume.path]
      }
      let there = actual?.physical?.rawValue ?? 0
      demand(
        ByteCount(rawValue: image.length.rawValue - min(there, image.length.rawValue)), in: image.volume.pool,
        address, at: image.path)
    }
  }

  /// True for a pool in which other hosts see the same volumes.
  private func isShared(_ pool: String) -> Bool {
    site.pools.contains { $0.name.rawValue == pool && $0.isShared }
  }

  /// The images of clones that somebody has deleted. The same comes again: its name has its digest. Tells of those that the
  /// spec has no more.
  private mutating func lostImages() -> [DesiredHost.WantedImage] {
    var images: [DesiredHost.WantedImage] = []
    for wanted in desired.volumes where !wanted.isMade {
      guard let base = host.volume(at: wanted.volume.path)?.backingPath, host.volume(at: base) == nil,
        isRead(base),
        identity.volume(named: Identity.fileName(ofPath: base))?.kind == .image
      else { continue }
      if let image = wanted.source, image.volume.path == base {
        images.append(image)
      } else {
        draft.note(
          wanted.address, "lacks the image that it was made from, \(base), which the spec has no more")
      }
    }
    return images
  }

  /// True if no VM and no clone uses the image, and nothing was copied from it.
  private func isIdle(_ image: Volume) -> Bool {
    !host.isCopied(image) && host.users(of: image.path).isEmpty
      && !state.pools.contains { pool in
        pool.foreignBackingPaths.contains(image.path)
          || pool.volumes.contains { $0.backingPath == image.path }
      }
  }

  // MARK: Another image

  /// A disk stays as it was made until the spec, or whoever asks for it, has it made anew.
  mutating func tellOfImage(of wanted: DesiredHost.WantedVolume, _ actual: Volume) {
    let isLinked = actual.backingPath != nil
    let isCopy = !host.copiedImages(of: actual).isEmpty
    if let clone = wanted.clone, isLinked && clone == .full || isCopy && clone == .linked {
      draft.note(
        wanted.address,
        "stays the \(isLinked ? "linked" : "full") clone that it is: clone: \(clone.rawValue) counts when a disk is made"
      )
    }
    guard let change = wanted.imageChange else { return }
    switch change.outcome {
    case .replaces: break
    case .stays(let why):
      draft.note(wanted.address, "new base available: \(change.from) → \(change.to); \(why)")
    case .lacksConsent:
      refuse(
        "on_image_change: replace destroys the content of \(wanted.address), \(change.from) → \(change.to)",
        at: wanted.path,
        help: "--allow-data-loss consents; with on_image_change: keep the disk stays as it was made")
    }
  }

  /// Deletes the disks that are made anew from another image. Their guests are stopped for it, once the image is there;
  /// their VMs stay as they are.
  mutating func replaceDisks() {
    for wanted in desired.machines where !replacedMachines.contains(wanted.machine.uuid) {
      let doomed = wanted.volumes.map { desired.volumes[$0] }.filter { $0.imageChange?.outcome == .replaces }
      guard !doomed.isEmpty, let machine = host.ownMachine(named: wanted.machine.name) else { continue }
      var after = doomed.compactMap { $0.image.flatMap { imageSteps[$0.volume.path] } }
      if machine.isActive {
        let effect: Effect = wanted.machine.isActive ? .restart : .stop
        after = [
          draft.add(
            .stopMachine(uuid: machine.uuid, policy(wanted.spec.shutdown)),
            for: address(.vm, wanted.machine.name), after: after, effect: effect, path: wanted.spec.path)
        ]
        stopSteps[machine.uuid] = after[0]
        draft.power.stop[wanted.spec.name] = after[0]
      }
      for volume in doomed {
        settledPaths.insert(volume.volume.path)
        replacedVolumes[volume.volume.path] = draft.add(
          .deleteVolume(pool: volume.volume.pool, name: volume.volume.name), for: volume.address,
          after: after,
          effect: .dataLoss, path: volume.path)
      }
    }
  }

  /// What the change of a VM whose guest is stopped for it says of the disks that are made anew from another image.
  func imageChanges(of wanted: DesiredHost.WantedMachine, from actual: Machine) -> [FieldChange] {
    guard actual.isActive else { return [] }
    return wanted.volumes.compactMap { index in
      let volume = desired.volumes[index]
      guard let change = volume.imageChange, change.outcome == .replaces,
        let disk = wanted.machine.disks.first(where: { $0.path == volume.volume.path })
      else { return nil }
      return FieldChange(
        "disks.\(disk.name).image", from: change.from, to: change.to,
        effect: wanted.machine.isActive ? .restart : .stop)
    }
  }

  /// A copy that was cut off is made again, whether its VM has it already or not.
  mutating func planCopy(ofVolume index: Int, over actual: Volume) {
    let wanted = desired.volumes[index]
    let users = host.users(of: actual.path).filter { !host.owns($0) || $0.isActive }
    guard users.isEmpty else {
      return report(
        "\(wanted.address) is a copy of an image that was cut off, and \(names(of: users)) has it",
        at: wanted.path, help: "stop the VM; then the copy is made again")
    }
    planCreation(ofVolume: index, because: "its last copy was cut off")
  }

  // MARK: Images that nothing needs

  /// Images go last: a clone that is deleted in this run, before its VM is edited or removed, no longer needs its
  /// image.
  mutating func removeImages() {
    // What the spec has disks made from stays for the next of them, be it in use or not.
    let wanted = Set(
      (desired.volumes.compactMap(\.source) + desired.machines.flatMap(\.images)).map(\.volume.path))
    let images = state.pools.flatMap(\.volumes).filter { host.tagged($0)?.kind.isCopy == true }
    guard images.contains(where: { !wanted.contains($0.path) }) else { return }
    let remaining = state.pools.flatMap(\.volumes).filter {
      deletionSteps[$0.path] == nil && replacedVolumes[$0.path] == nil
    }
    let used = Set(remaining.compactMap(\.backingPath)).union(state.machines.flatMap(filesAfterPlan))
      .union(state.pools.flatMap(\.foreignBackingPaths))
    for image in images where !wanted.contains(image.path) {
      let address = address(.image, host.tagged(image)?.base ?? image.name)
      if used.contains(image.path) {
        // While the stack lives, a disk that stays on the image it was made from is nothing to tell.
        if options.goal == .destroy {
          draft.note(address, "stays at \(image.path): something that stays uses it")
        }
        continue
      }
      draft.add(Change(address, .delete, reason: options.goal == .destroy ? nil : "nothing uses it any more"))
      _ = delete(
        image, address, after: steps(ofUsers: [image.path]) + cloneDeletions(of: image), effect: .none)
    }
  }

  /// The steps of VMs that have one of the files now.
  func steps(ofUsers paths: Set<String>) -> [Int] {
    Set(paths.flatMap(host.users(of:)).map(\.uuid)).compactMap(host.machine(_:)).flatMap { steps(of: $0) }
  }

  private func cloneDeletions(of image: Volume) -> [Int] {
    state.pools.flatMap(\.volumes).filter { $0.backingPath == image.path }.compactMap { clone in
      deletionSteps[clone.path] ?? replacedVolumes[clone.path]
    }
  }

  /// The files that `machine` uses once this plan is done.
  private func filesAfterPlan(_ machine: Machine) -> Set<String> {
    if removedMachines.contains(machine.uuid) { return [] }
    guard host.owns(machine), !keptMachines.contains(machine.uuid),
      let wanted = wantedMachines[machine.uuid]?.machine
    else { return machine.files }
    let before = Set(machine.imageFiles)
    // A guest that cannot change its CD while it runs keeps the one that it has.
    let live = keepsRunning(machine) ? guestMedia[machine.uuid] ?? [] : []
    return machine.files.subtracting(before).union(wanted.imageFiles).union(live)
  }
}

import SpecModel

extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedPool) {
    let pool = wanted.pool
    let address = address(.pool, pool.name)
    guard let actual = host.pool(named: pool.name) else {
      if let other = state.pools.first(where: { $0.directory == pool.directory }) {
        return report(
          "\(pool.directory ?? "") on host '\(state.name)' is the directory of pool '\(other.name)' already",
          at: wanted.spec.path + "path",
          help: identity.owns(other)
            ? "a pool cannot be renamed; call it '\(other.name)'"
            : "to use that pool as it is, write \(other.name): {external: true}")
      }
      draft.add(
        Change(
          address, .create,
          fields: [
            FieldChange("type", from: nil, to: "dir", effect: .none),
            FieldChange("path", from: nil, to: pool.directory, effect: .none),
          ], path: wanted.spec.path))
      poolSteps[pool.name] = draft.add(.ensurePool(pool), for: address, path: wanted.spec.path)
      return
    }
    guard identity.owns(actual) else {
      return refuseForeign(
        "pool", pool.name, ownedBy: nil, at: wanted.spec.path,
        help: "to use it as it is, write \(pool.name): {external: true}")
    }
    guard actual.directory == pool.directory else {
      return report(
        "pool '\(pool.name)' on host '\(state.name)' lies at \(actual.directory ?? "another place") and cannot move",
        at: wanted.spec.path + "path", help: "declare a new pool and let new disks use it")
    }
    var fields: [FieldChange] = []
    if !actual.isActive {
      fields.append(FieldChange("active", from: "false", to: "true", effect: .none))
      draft.note(address, "is not active: what it holds is compared with the spec by the next plan")
      poolSteps[pool.name] = draft.add(.ensurePool(pool), for: address, path: wanted.spec.path)
    }
    if let autostart = pool.autostart, autostart != actual.autostart {
      fields.append(
        FieldChange(
          "autostart", from: actual.autostart.map(String.init), to: "\(autostart)",
          effect: actual.isActive ? .live : .none))
      draft.add(
        .setPoolAutostart(uuid: actual.uuid, autostart), for: address,
        after: poolSteps[pool.name].map { [$0] } ?? [], effect: actual.isActive ? .live : .none,
        path: wanted.spec.path)
    }
    if let worst = fields.map(\.effect).max() {
      draft.add(Change(address, .update, fields: fields, effect: worst, path: wanted.spec.path))
    }
  }

  // MARK: Images

  /// Brings the images to the host that a disk is cloned from in this run or that a VM boots from directly.
  mutating func planImages() {
    var seen: Set<String> = []
    let images = desired.volumes.compactMap(\.image) + desired.machines.flatMap(\.bootImages)
    var needed: [String: UInt64] = [:]
    for image in images where seen.insert(image.volume.path).inserted {
      let address = address(.image, image.spec.name.rawValue)
      let actual = host.volume(at: image.volume.path)
      if actual == nil, host.isThere(image.volume) { continue }
      // Of the right length and in use is whole. In use by nothing, it may be the end of a run that was cut off.
      let isWhole = actual.map { $0.physical == nil || $0.physical == image.content.length } ?? false
      let replaces = isWhole && actual?.physical != nil && isIdle(image.volume.path)
      if isWhole, !replaces { continue }
      let fields = [
        FieldChange("pool", from: nil, to: image.volume.pool, effect: .none),
        FieldChange("source", from: nil, to: image.spec.file, effect: .none),
        FieldChange(
          "length", from: actual?.physical?.description, to: "\(image.content.length)", effect: .none),
      ]
      draft.add(
        Change(
          address, actual == nil ? .create : .update, fields: actual == nil ? fields : [fields[2]],
          reason: actual == nil
            ? nil
            : replaces ? "nothing uses it: its upload may have been cut off" : "its last upload was cut off",
          path: image.spec.path))
      imageSteps[image.volume.path] = draft.add(
        .uploadImage(
          file: image.spec.file, content: image.content, into: image.volume, replaces: replaces),
        for: address,
        after: poolSteps[image.volume.pool].map { [$0] } ?? [], path: image.spec.path)
      needed[image.volume.pool, default: 0] += image.content.length.rawValue
      let available = host.pool(named: image.volume.pool)?.available
      if let available, available.rawValue < needed[image.volume.pool, default: 0] {
        // No refusal: libvirt's figure is as old as the pool's last refresh, which a plan may not ask for.
        draft.note(
          address,
          "pool '\(image.volume.pool)' may be full: \(image.content.length) are needed, \(available) were free"
        )
      }
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
    guard let actual = host.volume(at: wanted.volume.path) else {
      if !host.isThere(wanted.volume) { planCreation(ofVolume: index) }
      return
    }
    if isLeftover(actual) { draft.note(wanted.address, "is there already and is used again") }
    if wanted.hasSize, wanted.volume.capacity != actual.capacity { planGrowth(of: actual, toVolume: index) }
  }

  /// True for a VM's own disk that no VM has: an earlier run was cut off, or its VM gave it up.
  private func isLeftover(_ volume: Volume) -> Bool {
    identity.volume(named: volume.name)?.kind == .machineDisk && host.users(of: volume.path).isEmpty
  }

  private mutating func planCreation(ofVolume index: Int) {
    let wanted = desired.volumes[index]
    if let other = otherPlace(ofVolume: wanted) {
      let place = other.host == state.name ? wanted.volume.path : "host '\(state.name)'"
      return report(
        "\(wanted.address) lies at \(other.path) on host '\(other.host)' and cannot move to \(place)",
        at: wanted.path,
        help: "its host, pool and format stay as they were made; add a new disk and copy the content")
    }
    var fields = [FieldChange("size", from: nil, to: "\(wanted.volume.capacity)", effect: .none)]
    if let image = wanted.image {
      fields.append(FieldChange("image", from: nil, to: image.spec.name.rawValue, effect: .none))
    }
    fields.append(FieldChange("pool", from: nil, to: wanted.volume.pool, effect: .none))
    draft.add(Change(wanted.address, .create, fields: fields, path: wanted.path))
    let before = [poolSteps[wanted.volume.pool], wanted.image.flatMap { imageSteps[$0.volume.path] }]
    volumeSteps[index] = draft.add(
      .createVolume(wanted.volume), for: wanted.address, after: before.compactMap { $0 }, path: wanted.path)
  }

  /// Where a shared disk of this name lies already: a second, empty one is not what anybody wants.
  private func otherPlace(ofVolume wanted: DesiredHost.WantedVolume) -> (path: String, host: ResourceName)? {
    guard let tagged = identity.volume(named: wanted.volume.name), tagged.kind == .sharedDisk else {
      return nil
    }
    for index in [host] + elsewhere {
      for volume in index.state.pools.flatMap(\.volumes) where identity.volume(named: volume.name) == tagged {
        return (volume.path, index.state.name)
      }
    }
    return nil
  }

  private mutating func planGrowth(of actual: Volume, toVolume index: Int) {
    let wanted = desired.volumes[index]
    guard wanted.volume.capacity > actual.capacity else {
      return report(
        "\(wanted.address) cannot shrink from \(actual.capacity) to \(wanted.volume.capacity)",
        at: wanted.path + "size", help: "shrinking would destroy what is at its end")
    }
    let guest = guest(with: actual)
    if let guest, state.capabilities.driver == .xen {
      return report(
        "\(wanted.address) cannot grow while VM '\(guest.name)' runs on Xen", at: wanted.path + "size",
        help: "stop the VM first: running: false")
    }
    let effect: Effect = guest == nil ? .none : .live
    draft.add(
      Change(
        wanted.address, .update,
        fields: [
          FieldChange("size", from: "\(actual.capacity)", to: "\(wanted.volume.capacity)", effect: effect)
        ],
        effect: effect, path: wanted.path))
    let before = [poolSteps[wanted.volume.pool]] + host.users(of: actual.path).map { stopSteps[$0.uuid] }
    volumeSteps[index] = draft.add(
      .growVolume(wanted.volume, guest: guest?.uuid), for: wanted.address, after: before.compactMap { $0 },
      effect: effect, path: wanted.path)
  }

  /// The guest that has the disk while it grows.
  private func guest(with volume: Volume) -> Machine? {
    host.users(of: volume.path).first { keepsRunning($0) && $0.liveFiles.contains(volume.path) }
  }
}

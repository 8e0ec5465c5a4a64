import SpecModel

extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedPool) {
    let pool = wanted.pool
    let address = address(.pool, pool.name)
    guard let actual = state.pools.first(where: { $0.name == pool.name }) else {
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
    guard owns(actual) else {
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
      poolSteps[pool.name] = draft.add(.ensurePool(pool), for: address, path: wanted.spec.path)
    }
    if let autostart = pool.autostart, autostart != actual.autostart {
      fields.append(
        FieldChange("autostart", from: actual.autostart.map(String.init), to: "\(autostart)", effect: .live))
      draft.add(
        .setPoolAutostart(uuid: actual.uuid, autostart), for: address,
        after: poolSteps[pool.name].map { [$0] } ?? [], effect: .live, path: wanted.spec.path)
    }
    if let worst = fields.map(\.effect).max() {
      draft.add(Change(address, .update, fields: fields, effect: worst, path: wanted.spec.path))
    }
  }

  func actualVolume(pool: String, name: String) -> Volume? {
    state.pools.first { $0.name == pool }?.volumes.first { $0.name == name }
  }

  // MARK: Images

  /// Brings the images to the host that a disk is cloned from in this run or that a VM boots from directly.
  mutating func planImages() {
    var seen: Set<String> = []
    let images = desired.volumes.compactMap(\.image) + desired.machines.flatMap(\.bootImages)
    var needed: [String: UInt64] = [:]
    for image in images where seen.insert(image.volume.path).inserted {
      let address = address(.image, image.spec.name.rawValue)
      let actual = actualVolume(pool: image.volume.pool, name: image.volume.name)
      if let actual, actual.physical == nil || actual.physical == image.content.length { continue }
      let fields = [
        FieldChange("pool", from: nil, to: image.volume.pool, effect: .none),
        FieldChange("source", from: nil, to: image.spec.file, effect: .none),
        FieldChange("length", from: actual?.physical?.description, to: "\(image.content.length)", effect: .none),
      ]
      draft.add(
        Change(
          address, actual == nil ? .create : .update, fields: actual == nil ? fields : [fields[2]],
          reason: actual == nil ? nil : "its last upload was cut off", path: image.spec.path))
      imageSteps[image.volume.path] = draft.add(
        .uploadImage(file: image.spec.file, content: image.content, into: image.volume), for: address,
        after: poolSteps[image.volume.pool].map { [$0] } ?? [], path: image.spec.path)
      needed[image.volume.pool, default: 0] += image.content.length.rawValue
      let available = state.pools.first { $0.name == image.volume.pool }?.available
      if let available, available.rawValue < needed[image.volume.pool, default: 0] {
        report(
          "pool '\(image.volume.pool)' on host '\(state.name)' is full: image '\(image.spec.name)' needs "
            + "\(image.content.length), free are \(available)", at: image.spec.path + "source")
      }
    }
  }

  // MARK: Disks

  mutating func planVolume(_ index: Int) {
    let wanted = desired.volumes[index]
    guard let actual = actualVolume(pool: wanted.volume.pool, name: wanted.volume.name) else {
      var fields = [FieldChange("size", from: nil, to: "\(wanted.volume.capacity)", effect: .none)]
      if let image = wanted.image {
        fields.append(FieldChange("image", from: nil, to: image.spec.name.rawValue, effect: .none))
      }
      fields.append(FieldChange("pool", from: nil, to: wanted.volume.pool, effect: .none))
      draft.add(Change(wanted.address, .create, fields: fields, path: wanted.path))
      let before = [poolSteps[wanted.volume.pool], wanted.image.flatMap { imageSteps[$0.volume.path] }]
      volumeSteps[index] = draft.add(
        .createVolume(wanted.volume), for: wanted.address, after: before.compactMap { $0 }, path: wanted.path)
      return
    }
    guard wanted.hasSize, wanted.volume.capacity != actual.capacity else { return }
    guard wanted.volume.capacity > actual.capacity else {
      return report(
        "\(wanted.address) cannot shrink from \(actual.capacity) to \(wanted.volume.capacity)",
        at: wanted.path + "size", help: "shrinking would destroy what is at its end")
    }
    let guest = state.machines.first { $0.isRunning && $0.files.contains(actual.path) }
    let effect: Effect = guest == nil ? .none : .live
    draft.add(
      Change(
        wanted.address, .update,
        fields: [FieldChange("size", from: "\(actual.capacity)", to: "\(wanted.volume.capacity)", effect: effect)],
        effect: effect, path: wanted.path))
    volumeSteps[index] = draft.add(
      .growVolume(wanted.volume, guest: guest?.uuid), for: wanted.address,
      after: poolSteps[wanted.volume.pool].map { [$0] } ?? [], effect: effect, path: wanted.path)
  }
}

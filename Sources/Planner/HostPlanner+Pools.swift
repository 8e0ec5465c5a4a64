import SpecModel

extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedPool) {
    let pool = wanted.pool
    let address = address(.pool, pool.name)
    guard let source = pool.source else { return }
    guard let actual = host.pool(named: pool.name) else {
      if let other = state.pools.first(where: { $0.isAt(source) }) {
        return refuse(wanted, source, at: other)
      }
      draft.add(Change(address, .create, fields: creationFields(of: pool), path: wanted.spec.path))
      poolSteps[pool.name] = draft.add(.ensurePool(pool), for: address, path: wanted.spec.path)
      return
    }
    guard identity.owns(actual) else {
      return refuseForeign(
        "pool", pool.name, ownedBy: nil, at: wanted.spec.path,
        help: actual.hasSource(of: source)
          ? "it is the same; to use it as it is, write \(pool.name): {external: true}, or hand it over, which leaves its volumes: \(definitionRemoval(of: actual))"
          : "to use it as it is, write \(pool.name): {external: true}")
    }
    guard actual.hasSource(of: source) else {
      if let other = state.pools.first(where: { $0.uuid != actual.uuid && $0.isAt(source) }) {
        return refuse(wanted, source, at: other)
      }
      return canBeCorrected(actual, pool)
        ? correct(actual, wanted) : refuseMove(of: actual, to: source, wanted)
    }
    var fields: [FieldChange] = []
    if actual.isTransient {
      fields.append(
        FieldChange("definition", from: nil, to: "what is active", effect: .none, cause: .drift))
      poolSteps[pool.name] = draft.add(.ensurePool(pool), for: address, path: wanted.spec.path)
    }
    if !actual.isActive {
      fields.append(
        FieldChange(
          "active", from: "false", to: "true", effect: .none,
          cause: mayHaveBeenActive(actual, pool) ? .drift : .change))
      draft.note(address, "is not active: what it holds is compared with the spec by the next plan")
      poolSteps[pool.name] = draft.add(.ensurePool(pool), for: address, path: wanted.spec.path)
    }
    // What has no definition starts with no host, whatever was asked of it.
    if let autostart = pool.autostart, autostart != actual.autostart, !actual.isTransient {
      fields.append(
        FieldChange(
          PoolField.autostart.rawValue, from: actual.autostart.map(String.init), to: "\(autostart)",
          effect: .none))
      draft.add(
        .setPoolAutostart(uuid: actual.uuid, autostart), for: address,
        after: poolSteps[pool.name].map { [$0] } ?? [], path: wanted.spec.path)
    }
    if let worst = fields.map(\.effect).max() {
      draft.add(Change(address, .update, fields: fields, effect: worst, path: wanted.spec.path))
    }
  }

  /// False for a pool whose first start failed: only after it is a pool told to start with its host.
  private func mayHaveBeenActive(_ actual: Pool, _ wanted: Pool) -> Bool {
    actual.isActive || actual.autostart == true || wanted.autostart != true
  }

  /// True for a pool of which nothing is lost if it is defined anew in another place.
  private func canBeCorrected(_ actual: Pool, _ wanted: Pool) -> Bool {
    guard !mayHaveBeenActive(actual, wanted), let root = actual.source?.root else { return false }
    let files = state.machines.flatMap { $0.files.union(host.liveFiles(of: $0)) }
    return !files.contains { $0.hasPrefix("\(root)/") }
  }

  private mutating func correct(_ actual: Pool, _ wanted: DesiredHost.WantedPool) {
    let (pool, address) = (wanted.pool, address(.pool, wanted.pool.name))
    let (before, after) = (actual.values, pool.values)
    let fields = [PoolField.type, .source, .path].map(\.rawValue).filter { before[$0] != after[$0] }.map {
      FieldChange($0, from: before[$0], to: after[$0], effect: .none)
    }
    draft.add(
      Change(
        address, .update,
        fields: fields + [FieldChange("active", from: "false", to: "true", effect: .none)],
        reason: "it never was active, and is defined anew", path: wanted.spec.path))
    let removal = draft.add(.removePool(uuid: actual.uuid), for: address, path: wanted.spec.path)
    poolSteps[pool.name] = draft.add(
      .ensurePool(pool), for: address, after: [removal], path: wanted.spec.path)
  }

  private func creationFields(of pool: Pool) -> [FieldChange] {
    let values = pool.values
    let built = pool.isBuilt ? pool.source?.made : nil
    return [PoolField.type, .source, .path].compactMap { field in
      values[field.rawValue].map { FieldChange(field.rawValue, from: nil, to: $0, effect: .none) }
    } + (built.map { [FieldChange("build", from: nil, to: $0, effect: .none)] } ?? [])
  }

  /// Two pools in one place would each see the other's volumes.
  private func refuse(_ wanted: DesiredHost.WantedPool, _ source: PoolSource, at other: Pool) {
    let place = source.path.flatMap { other.source?.path == $0 ? $0 : nil }
    report(
      "\(place ?? source.origin ?? "") on host '\(state.name)' is the \(place == nil ? "source" : "directory") of pool '\(other.name)' already",
      at: wanted.spec.path + (place == nil ? "source" : "path"),
      help: identity.owns(other)
        ? "a pool cannot be renamed; call it '\(other.name)'"
        : "to use that pool as it is, write \(other.name): {external: true}")
  }

  private func refuseMove(of actual: Pool, to source: PoolSource, _ wanted: DesiredHost.WantedPool) {
    if case .directory = source, case let former?? = actual.source.map(\.path) {
      return report(
        "pool '\(actual.name)' on host '\(state.name)' lies at \(former) and cannot move",
        at: wanted.spec.path + "path", help: "declare a new pool and let new disks use it")
    }
    report(
      "pool '\(actual.name)' on host '\(state.name)' is \(actual.source?.summary ?? "of another type") and cannot become \(source.summary)",
      at: wanted.spec.path + "source",
      help:
        "declare a new pool and let new disks use it; if both are the same storage, remove the definition, which leaves the volumes, and apply again: \(definitionRemoval(of: actual))"
    )
  }

  private func definitionRemoval(of pool: Pool) -> String {
    let stop = state.virsh("pool-destroy \(pool.name)")
    return pool.isTransient ? stop : "\(stop) && \(state.virsh("pool-undefine \(pool.name)"))"
  }

  // MARK: Removal

  /// The names of the files of `pool` that nothing may take away: protected disks, and those of VMs that are others'
  /// or that stay although the spec no longer has them.
  private func protectedFiles(in pool: Pool) -> [String] {
    guard !pool.isActive, let root = pool.source?.root else {
      return pool.volumes.filter { holdsProtected($0, in: pool) }.map(\.name)
    }
    let kept = state.machines.filter { keptMachines.contains($0.uuid) }.flatMap(\.disks)
    return Set(kept.map(\.path)).filter { $0.hasPrefix("\(root)/") }.sorted().map {
      String($0.dropFirst(root.count + 1))
    }
  }

  private func holdsProtected(_ volume: Volume, in pool: Pool) -> Bool {
    host.tagged(volume).map { host.isProtected($0, in: pool.name) } ?? false
      || host.users(of: volume.path).contains { user in
        !host.owns(user) || keptMachines.contains(user.uuid)
          || user.disks.contains { $0.path == volume.path && $0.isProtected }
      }
  }

  mutating func removePools() {
    let wanted = Set(desired.pools.map(\.pool.name))
    for pool in state.pools where identity.owns(pool) && !wanted.contains(pool.name) {
      let address = address(.pool, pool.name)
      let protected = protectedFiles(in: pool)
      if !protected.isEmpty {
        draft.note(
          address,
          "stays: disks that are protected or in use lie in it (\(protected.joined(separator: ", ")))")
        continue
      }
      let awaiting =
        options.goal == .destroy
        ? pool.volumes.filter { unconsentedPaths.contains($0.path) }.map(\.name) : []
      if !awaiting.isEmpty {
        draft.note(
          address,
          "stays, so that --allow-data-loss finds the disks in it (\(awaiting.joined(separator: ", ")))")
        continue
      }
      let root = pool.source?.root ?? ""
      let deletions = pool.volumeNames.compactMap { deletionSteps["\(root)/\($0)"] }
      let staying = pool.volumeNames.count - deletions.count
      if staying > 0 { draft.note(address, Self.remainder(of: pool, staying)) }
      draft.add(Change(address, .delete, reason: reason))
      let notes = draft.steps.filter { step in
        if case .noteVolume(pool.name, _, _) = step.operation {
          step.address.host == state.name
        } else {
          false
        }
      }
      draft.add(
        .removePool(uuid: pool.uuid), for: address,
        after: deletions + steps(ofUsers: Set(pool.volumes.map(\.path))) + notes.map(\.id), path: nil)
    }
  }

  private static func remainder(of pool: Pool, _ count: Int) -> String {
    let plural = count == 1 ? "" : "s"
    switch pool.source {
    case .directory(let path): return "its directory \(path) keeps \(count) file\(plural)"
    case .logical(let group, _):
      return
        "\(count) volume\(plural) of \(group) stay\(count == 1 ? "s" : ""); those that nothing uses are deactivated"
    case let source: return "\(source?.origin ?? "its source") keeps \(count) volume\(plural)"
    }
  }
}

extension Pool {
  /// True if a pool of `wanted` would be in the place of this one.
  fileprivate func isAt(_ wanted: PoolSource) -> Bool {
    guard let source else { return false }
    if let path = wanted.path { return source.path == path }
    return source.type == wanted.type && source.origin == wanted.origin
  }
}

extension PoolSource {
  /// `fs, /dev/sdb1 (ext4), at /srv/vm`
  fileprivate var summary: String {
    let format: String? =
      switch self {
      case .fileSystem(_, let format, _): format?.rawValue
      case .networkFileSystem(_, _, let format, _): format?.rawValue
      case .disk(_, let format): format?.rawValue
      case .directory, .logical, .iscsi, .zfs, .rbd: nil
      }
    let from = origin.map { $0 + (format.map { " (\($0))" } ?? "") }
    return [type.rawValue, from, path.map { "at \($0)" }].compactMap { $0 }.joined(separator: ", ")
  }

  /// What is made on an empty device where the spec asks for it.
  fileprivate var made: String? {
    switch self {
    case .fileSystem(let device, let format, _):
      "a file system (\(format?.rawValue ?? "")) on \(device), if it is empty"
    case .disk(let device, let format):
      "a partition table (\(format?.rawValue ?? "")) on \(device), if it is empty"
    case .logical(_, let devices): "a volume group on \(devices.joined(separator: ", ")), if they are empty"
    case .zfs(_, let devices): "a ZFS pool on \(devices.joined(separator: ", ")), if they are empty"
    case .directory, .networkFileSystem, .iscsi, .rbd: nil
    }
  }
}

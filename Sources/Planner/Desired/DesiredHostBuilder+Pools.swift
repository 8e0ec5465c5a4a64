import SpecModel

/// What pools can hold. The spec's own pools are checked where they are written; what an external one is, only its host says.
extension DesiredHostBuilder {
  /// True unless the pool is external and of a type that has no such disks, which is reported.
  func isTaken(
    _ format: DiskFormat?, size: ByteCount, image: ResourceName?, clone: CloneKind? = nil,
    by pool: ResourceName,
    at path: SpecPath
  ) -> Bool {
    guard let type = externalType(of: pool) else { return true }
    let refusal =
      type.refusal(ofDiskIn: format, pool: pool) ?? image.flatMap { _ in type.refusal(of: clone, in: pool) }
      ?? type.refusal(ofSize: size, pool: pool)
    guard let refusal else { return true }
    report(refusal.message, at: path, help: refusal.help)
    return false
  }

  func checkFile(_ what: String, in pool: ResourceName, at path: SpecPath) {
    guard let refusal = externalType(of: pool)?.refusal(ofFile: what, pool: pool) else { return }
    report(refusal.message, at: path, help: refusal.help)
  }

  private func externalType(of pool: ResourceName) -> PoolType? {
    site.pool(pool)?.isExternal == true ? desired.sources[pool]?.type : nil
  }

  func access(to volume: Volume) -> Machine.Disk.Access {
    guard let pool = try? ResourceName(parsing: volume.pool) else { return .file }
    return access(to: desired.sources[pool])
  }

  private func access(to source: PoolSource?) -> Machine.Disk.Access {
    switch source {
    case .rbd(let pool): .rbd(pool)
    case .logical, .zfs, .disk, .iscsi: .block
    case .directory, .fileSystem, .networkFileSystem, nil: .file
    }
  }

  /// A disk that is a volume which is there already.
  func existing(
    _ volume: String, in pool: ResourceName, _ format: DiskFormat?, as disk: DiskSpec, _ actual: Machine?
  ) -> Machine.Disk? {
    guard let source = desired.sources[pool] else { return nil }
    if let refusal = externalType(of: pool)?.refusal(ofUseIn: pool, as: format) {
      report(refusal.message, at: disk.path + "volume", help: refusal.help)
      return nil
    }
    let there = index.pool(named: pool.rawValue)
    if let there, there.isActive, !there.volumeNames.contains(volume) {
      let some = there.volumeNames.sorted().prefix(5).joined(separator: ", ")
      report(
        "pool '\(pool)' on host '\(host.name)' has no volume '\(volume)'", at: disk.path + "volume",
        help: (some.isEmpty ? "it has none" : "it has \(some)")
          + "; \(state.virsh("pool-refresh \(pool)")) looks again")
      return nil
    }
    let found = there?.volumes.first { $0.name == volume }?.path
    let known = found ?? source.root.map { "\($0)/\(volume)" }
    // Only a pool that is active says the path.
    let former = actual?.disks.first { $0.name == disk.name.rawValue }?.path
    if former == "\(pool)/\(volume)" {
      // It is attached by its name, by whoever made the VM.
      var attached = Machine.Disk(
        name: disk.name.rawValue, path: "\(pool)/\(volume)", format: format ?? .raw, bus: disk.bus,
        keep: disk.keep, ioTune: disk.ioTune)
      attached.access = .volume(pool: pool.rawValue, name: volume)
      return attached
    }
    var attached = Machine.Disk(
      name: disk.name.rawValue, path: known ?? former ?? "\(pool)/\(volume)", format: format ?? .raw,
      bus: disk.bus,
      keep: disk.keep, ioTune: disk.ioTune)
    attached.access =
      known == nil && former == nil ? .volume(pool: pool.rawValue, name: volume) : access(to: source)
    return attached
  }
}

extension PoolType {
  var volumeType: VolumeType {
    switch self {
    case .dir, .fs, .netfs: .file
    case .logical, .disk, .iscsi, .zfs: .block
    case .rbd: .network
    }
  }
}

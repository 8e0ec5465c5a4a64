import CloudInit
import FoundationEssentials
import Libvirt
import Planner
import SpecModel

extension StepRunner {
  func pool(_ uuid: UUID) async throws -> StoragePool {
    guard let pool = try await connection.storagePool(uuid: uuid) else {
      throw Failure(description: "the pool is gone")
    }
    return pool
  }

  func ensure(_ wanted: Pool) async throws {
    var pool = try await connection.storagePool(uuid: wanted.uuid)
    // What somebody undefined while it was active is defined again, and stays active.
    if try await pool?.isPersistent() != true {
      pool = try await connection.defineStoragePool(PoolDocument.definition(of: wanted))
    }
    guard let pool else { return }
    if try await !pool.isActive() { try await start(pool, wanted) }
    if let autostart = wanted.autostart, try await pool.autostart() != autostart {
      try await pool.setAutostart(autostart)
    }
  }

  /// What is there already is used as it is. Only where that fails, and the spec asks for it, is something made of devices:
  /// libvirt looks whether they are empty.
  private func start(_ pool: StoragePool, _ wanted: Pool) async throws {
    // Makes the directory, or the place to mount at; one that is there already is left as it is.
    if wanted.source?.path != nil {
      do {
        try await pool.build(.new)
      } catch let error as LibvirtError where error.message.contains("File exists") {
        // Another host makes the same directory at this moment.
        try await pool.build(.new)
      }
    }
    guard wanted.isBuilt else { return try await pool.start() }
    do {
      try await pool.start()
    } catch let failure as LibvirtError where !failure.isConnectionFailure {
      do {
        // ZFS itself refuses devices that are in use.
        try await pool.build(wanted.source?.type == .zfs ? .new : .noOverwrite)
      } catch let error as LibvirtError where !error.isConnectionFailure {
        throw Failure(
          description: "the pool cannot be started (\(failure)), and not be built either (\(error))")
      }
      try await pool.start()
    }
  }

  func removePool(_ uuid: UUID) async throws {
    guard let pool = try await connection.storagePool(uuid: uuid) else { return }
    if try await pool.isActive() { try await pool.stop() }
    // One without a definition is gone with that.
    try await connection.storagePool(uuid: uuid)?.undefine()
  }

  func pool(named name: String) async throws -> StoragePool {
    guard let pool = try await recent.pool(named: name, on: connection) else {
      throw Failure(description: "the pool '\(name)' is gone")
    }
    return pool
  }

  /// Streams the file into a volume. What an earlier run left unfinished is replaced.
  func upload(_ file: String, _ content: ImageContent, into wanted: Volume, replaces: Bool) async throws {
    let source = try await FileDigest(of: file)
    guard source.sha256 == content.sha256, source.length == content.length else {
      throw Failure(description: "the file '\(file)' has changed since it was planned")
    }
    try await upload(file, length: content.length, into: wanted, replaces: replaces)
  }

  /// Makes the seed and streams it into a volume.
  func upload(_ seed: Seed, into wanted: Volume, replaces: Bool) async throws {
    try await SeedVolume.withFile(of: seed) { file in
      let length = ByteCount(rawValue: UInt64(seed.length))
      try await upload(file, length: length, into: wanted, replaces: replaces)
    }
  }

  /// Streams the config into a volume. What it holds may be secret: here, too, nobody else reads it.
  func upload(_ config: IgnitionConfig, into wanted: Volume, replaces: Bool) async throws {
    try await PrivateDirectory.with { directory in
      let file = "\(directory)/config.ign"
      guard FileManager.default.createFile(atPath: file, contents: Data(config.text.utf8)) else {
        throw Failure(description: "cannot write \(file)")
      }
      let length = ByteCount(rawValue: UInt64(config.length))
      try await upload(file, length: length, into: wanted, replaces: replaces)
    }
  }

  /// The volume of that name, if it is there: libvirt lists a file that somebody deleted until the pool is refreshed.
  private func volume(named name: String, in pool: StoragePool) async throws -> StorageVolume? {
    guard let listed = try await pool.volume(named: name) else { return nil }
    if try await present({ try await listed.info() }, unless: .noStorageVolume) != nil { return listed }
    try await refresh(pool)
    return try await pool.volume(named: name)
  }

  private func upload(_ file: String, length: ByteCount, into wanted: Volume, replaces: Bool) async throws {
    let pool = try await pool(named: wanted.pool)
    if let there = try await volume(named: wanted.name, in: pool) {
      // An inactive pool hides what is in it: the image may be complete, and a VM may use it.
      let isWhole = try await there.info(physical: true).allocation == length.rawValue
      if isWhole, !replaces { return }
      if let clone = try await clone(of: there, in: pool) {
        // Whoever cloned it found it whole.
        if isWhole { return }
        throw Failure(description: "the volume '\(clone)' is a clone of what is there of '\(wanted.name)'")
      }
      try await there.delete()
    }
    try await checkSpace(for: length, in: pool)
    let volume = try await pool.createVolume(VolumeDocument.uploadTarget(for: wanted))
    do {
      try await volume.upload(from: file, sparse: true) { sent in progress(sent, length.rawValue) }
      let arrived = try await volume.info(physical: true).allocation
      guard arrived == length.rawValue else {
        throw Failure(description: "only \(arrived) of \(length.rawValue) bytes arrived")
      }
    } catch {
      // libvirt words a full pool in several ways; its free space says it in one.
      let isFull = await isFull(pool, length: length, volume)
      try? await volume.delete()
      if isFull {
        throw Failure(description: "the pool '\(pool.name)' is full: \(length) are needed (\(error))")
      }
      throw error
    }
  }

  /// True if there is no room in the pool for what is missing of an upload.
  private func isFull(_ pool: StoragePool, length: ByteCount, _ partial: StorageVolume) async -> Bool {
    try? await pool.refresh()
    guard let available = try? await pool.info().available,
      let there = try? await partial.info(physical: true).allocation
    else { return false }
    return available + there < length.rawValue
  }

  /// Fails unless the pool has room. libvirt's figure is as old as the pool's last refresh, so it is asked for a new
  /// one before it is believed that there is none.
  func checkSpace(for length: ByteCount, in pool: StoragePool) async throws {
    if try await pool.info().available >= length.rawValue { return }
    try await refresh(pool)
    let available = ByteCount(rawValue: try await pool.info().available)
    guard available >= length else {
      throw Failure(
        description: "the pool '\(pool.name)' is full: \(available) are free, \(length) are needed")
    }
  }

  func create(_ wanted: Volume, from source: Volume?) async throws {
    let pool = try await pool(named: wanted.pool)
    if source == nil, try await createEmpty(wanted, in: pool) { return }
    let note = try await pool.volume(named: Identity.copyingName(of: wanted.name))
    if let there = try await volume(named: wanted.name, in: pool) {
      if note == nil { return }
      try await deleteUnfinished(there)
    }
    try await refuseSecond(wanted, in: pool)
    if let source { return try await copy(source, into: wanted, in: pool) }
    try await note?.delete()
    _ = try await pool.createVolume(VolumeDocument.definition(of: wanted))
  }

  /// Makes a volume that is not there, as nearly every one is not, with no question of its own. False if it is to be
  /// asked what is in the way.
  private func createEmpty(_ wanted: Volume, in pool: StoragePool) async throws -> Bool {
    let isNoted = try await recent.volumeNames(in: pool).contains(Identity.copyingName(of: wanted.name))
    guard !isNoted, sharedDisk(wanted) == nil else { return false }
    do {
      _ = try await pool.createVolume(VolumeDocument.definition(of: wanted))
      return true
    } catch is LibvirtError {
      return false
    }
  }

  /// What the volume is if it is a disk that VMs share.
  private func sharedDisk(_ volume: Volume) -> Identity.TaggedVolume? {
    guard let tagged = identity?.volume(named: volume.name), tagged.kind == .sharedDisk else { return nil }
    return tagged
  }

  /// Fails if the shared disk is there under the name of another file: a plan cannot look into a pool that is not
  /// active.
  private func refuseSecond(_ wanted: Volume, in pool: StoragePool) async throws {
    guard let identity, let tagged = sharedDisk(wanted) else { return }
    let there = Set(try await pool.volumes().map(\.name))
    // A note whose disk is gone says nothing.
    let disks = Set(
      there.compactMap { identity.volume(named: $0) }.filter { $0.kind == .sharedDisk }.map(\.base))
    for (disk, names) in identity.renamedDisks(among: there)
    where disk.kind == .sharedDisk && names.contains(tagged.base) && disks.contains(disk.base) {
      throw Failure(
        description: "the disk '\(tagged.base)' was made as '\(disk.base)' and is there: plan and apply again"
      )
    }
  }

  func grow(_ wanted: Volume, _ guest: UUID?) async throws {
    guard let volume = try await pool(named: wanted.pool).volume(named: wanted.name) else {
      throw Failure(description: "the volume '\(wanted.name)' is gone")
    }
    // Asked again here: what libvirt would do silently, shrink, must never happen.
    guard try await volume.info().capacity <= wanted.capacity.rawValue else {
      throw Failure(description: "the volume is larger than \(wanted.capacity) by now; it is not shrunk")
    }
    if let guest, let domain = try await connection.domain(uuid: guest), try await domain.isActive() {
      // libvirt takes what is no absolute path for a target.
      let isPath = wanted.type != .network
      let disk =
        isPath ? wanted.path : DomainDocument.target(of: wanted.path, in: try await domain.xml(.live))
      try await domain.resizeBlock(path: disk ?? wanted.path, bytes: wanted.capacity.rawValue)
      return
    }
    try await volume.resize(bytes: wanted.capacity.rawValue)
  }

  func note(pool name: String, name volumeName: String, _ isThere: Bool) async throws {
    try await note(volumeName, isThere, in: pool(named: name))
  }

  func note(_ name: String, _ isThere: Bool, in pool: StoragePool) async throws {
    let there = try await pool.volume(named: name)
    if !isThere { try await there?.delete() }
    guard isThere, there == nil else { return }
    let type = try await pool.xml()[attribute: "type"].flatMap(PoolType.init)
    // Where nothing can be empty it is as small as it can be: an extent of LVM, a few blocks of ZFS.
    let least = type?.holdsFiles == false ? ByteCount.mebibytes(1) : ByteCount(rawValue: 0)
    var note = Volume(pool: pool.name, name: name, path: "", capacity: least, format: .raw)
    note.isThick = type?.isThick == true
    if type?.holdsFiles == false { note.type = .block }
    _ = try await pool.createVolume(VolumeDocument.definition(of: note))
  }

  func deleteVolume(pool name: String, name volumeName: String) async throws {
    guard let pool = try await recent.pool(named: name, on: connection),
      let volume = try await pool.volume(named: volumeName)
    else { return }
    guard let identity else { return }
    let isImage = identity.volume(named: volumeName)?.kind.isCopy == true
    let clone =
      isImage ? try await clone(of: volume, in: pool) : try await foreignClone(of: volume, in: pool, identity)
    if let clone { throw Failure(description: "the volume '\(clone)' is a clone of it") }
    let note = Identity.copyingName(of: volumeName)
    let isNoted = try await recent.volumeNames(in: pool).contains(note)
    try await volume.delete()
    if isNoted { try await pool.volume(named: note)?.delete() }
  }
}

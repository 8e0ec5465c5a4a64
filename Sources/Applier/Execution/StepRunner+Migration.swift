import FoundationEssentials
import Libvirt
import Planner
import SpecModel

extension StepRunner {
  /// Brings a VM from another host. If it fails, the VM is where it was.
  func migrate(_ migration: Migration) async throws {
    let source = try peerConnection(migration.from)
    try await awaitMigration(of: migration.uuid, from: source)
    guard let domain = try await source.domain(uuid: migration.uuid) else {
      // Done by a run that did not live to see it.
      guard let arrived = try await connection.domain(uuid: migration.uuid) else {
        throw Failure(description: "the VM is gone")
      }
      try await settle(arrived, migration, from: source)
      return try await restoreSnapshots(of: arrived)
    }
    if try await connection.domain(uuid: migration.uuid) != nil {
      throw Failure(
        description: "the VM is on both hosts: another run moves it, or one was cut off; run again to go on")
    }
    let origin = other(source)
    // A migration that was cut off at its very end leaves the guest standing still, and libvirt moves none in that state.
    if try await domain.hasPausedForMigration() { try await domain.resume() }
    for copy in migration.copies { try await makeRoom(for: copy, from: origin) }
    let isPaused = try await domain.state() == .paused
    let snapshots = try await origin.takeSnapshots(of: domain, migration)
    do {
      switch migration.mode {
      case .live: try await send(domain, migration, isLive: true)
      case .cold:
        try await origin.stop(domain, migration.shutdown)
        try await moveStopped(domain, migration)
      case .offline: try await send(domain, migration, isLive: false)
      case .withoutRunning: try await sendWithoutRunning(domain, migration)
      }
    } catch {
      // Where that fails, too, the next run does it.
      if let snapshots { try? await origin.restore(snapshots, of: domain) }
      if migration.mode == .cold { try? await origin.start(migration.uuid, paused: isPaused) }
      throw error
    }
    guard let arrived = try await connection.domain(uuid: migration.uuid) else {
      throw Failure(
        description:
          "it has gone to another host: migration.uri leads there; bring it back from there, and correct the spec"
      )
    }
    try await settle(arrived, migration, from: source)
    do {
      // A guest that does not start has its VM defined as it was before, without what the metadata has by now.
      if let snapshots { try await restore(snapshots, of: arrived) }
    } catch {
      if migration.mode == .cold { try? await start(migration.uuid, paused: isPaused) }
      throw error
    }
    if migration.mode == .cold { try await start(migration.uuid, paused: isPaused) }
  }

  /// Makes the volume that a disk is copied into. What is there already, and is no copy that was cut off, is somebody's.
  private func makeRoom(for copy: Migration.Copy, from origin: StepRunner) async throws {
    let volume = copy.volume
    let note = Identity.movingName(of: volume.name)
    if !copy.replaces {
      // libvirt knows the files of its pools by what it saw when it last looked.
      let pool = try await pool(named: volume.pool)
      try await refresh(pool)
      guard try await pool.volume(named: volume.name) == nil else {
        throw Failure(description: "there is a file \(volume.path) already: delete or rename it first")
      }
    }
    try await origin.note(pool: volume.pool, name: note, true)
    try await self.note(pool: volume.pool, name: note, true)
    do {
      if copy.replaces { try await deleteVolume(pool: volume.pool, name: volume.name) }
      try await create(volume, from: nil)
    } catch {
      if !copy.replaces {
        try? await self.note(pool: volume.pool, name: note, false)
        try? await origin.note(pool: volume.pool, name: note, false)
      }
      throw error
    }
  }

  private func moveStopped(_ domain: Domain, _ migration: Migration) async throws {
    if migration.copies.isEmpty { return try await send(domain, migration, isLive: false) }
    try await sendWithoutRunning(domain, migration)
  }

  private func sendWithoutRunning(_ domain: Domain, _ migration: Migration) async throws {
    if try await !domain.isActive() {
      try await domain.start(paused: true)
      try await TransitDocument.note(domain, .off)
    }
    do {
      try await send(domain, migration, isLive: true)
    } catch {
      try? await domain.powerOff()
      throw error
    }
  }

  /// The same on another host.
  private func other(_ connection: Connection) -> StepRunner {
    StepRunner(
      connection: connection, host: host, stack: stack, former: former, checked: checked, recent: recent,
      peer: peer, progress: progress)
  }

  /// What libvirt does not bring along, and what it leaves behind.
  private func settle(_ domain: Domain, _ migration: Migration, from source: Connection) async throws {
    let isOff = migration.mode == .withoutRunning || migration.mode == .cold && !migration.copies.isEmpty
    if isOff, try await domain.state() == .paused { try await domain.powerOff() }
    if migration.mode == .live, try await domain.state() == .paused,
      try await connection.hypervisorVersion() < Version(10, 0, 0)
    {
      if TransitDocument.read(from: try await domain.xml(.live)) == nil {
        try await TransitDocument.note(domain, .paused)
      }
    }
    if migration.machine.settings.autostart == true { try await domain.setAutostart(true) }
    // libvirt knows the files of its pools by what it saw when it last looked.
    for name in migration.pools {
      if let pool = try await connection.storagePool(named: name) { try await refresh(pool) }
    }
    let origin = other(source)
    for copy in migration.copies {
      let note = Identity.movingName(of: copy.volume.name)
      try await takeNotes(about: copy.volume, from: origin)
      try await origin.deleteVolume(pool: copy.volume.pool, name: copy.volume.name)
      try await origin.note(pool: copy.volume.pool, name: note, false)
      try await self.note(pool: copy.volume.pool, name: note, false)
    }
  }

  /// What the old host remembers of a disk beside it, the new one remembers, and the old one no more.
  private func takeNotes(about volume: Volume, from origin: StepRunner) async throws {
    guard let pool = try await origin.connection.storagePool(named: volume.pool) else { return }
    let names = try await pool.volumes().map(\.name).filter { Identity.isNote($0, about: volume.name) }
    for name in names { try await note(pool: volume.pool, name: name, true) }
    for name in names { try await origin.note(pool: volume.pool, name: name, false) }
  }

  private func send(_ domain: Domain, _ migration: Migration, isLive: Bool) async throws {
    let origin = try other(peerConnection(migration.from))
    let variables = FirmwareVariables(of: try await domain.xml(isLive ? .live : .inactive))
    let isIdle = try await domain.state() != .running
    let leavesVariables = try await variables?.bring(from: origin, to: self, isIdle: isIdle) ?? false
    try await transfer(domain, migration, isLive: isLive, isIdle: isIdle)
    if leavesVariables { try await variables?.remove(from: origin) }
  }

  private func transfer(_ domain: Domain, _ migration: Migration, isLive: Bool, isIdle: Bool) async throws {
    var options = MigrationOptions()
    options.isLive = isLive
    options.copiedDisks = migration.copies.map(\.target)
    options.isUnsafe = migration.trustsStorage
    if isLive {
      options.usesTLS = migration.arrival.usesTLS
      options.autoConverges = migration.terms.convergence == .autoConverge
      // A guest that does not run needs no way to catch up with it, and libvirt refuses this one.
      options.allowsPostCopy = migration.terms.convergence == .postCopy && !isIdle
      options.bandwidth = migration.terms.bandwidth.map { $0.rawValue >> 20 }
      options.connections = migration.terms.connections
      options.dataURI = migration.arrival.address.map { "tcp://\($0.contains(":") ? "[\($0)]" : $0)" }
    }
    options.peerURI = migration.arrival.uri?.description
    if isLive, let downtime = migration.terms.downtime {
      try await domain.setMaximumDowntime(milliseconds: UInt64(downtime))
    }
    let destination = connection
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [options] in try await domain.migrate(to: destination, options) }
      let watch = MigrationWatch(domain: domain, terms: migration.terms, progress: progress)
      let watching = Task { await watch.run() }
      defer { watching.cancel() }
      do {
        try await group.next()
      } catch {
        if let limit = watch.exceeded {
          throw Failure(description: "it was not done within \(limit), and the guest runs on where it was")
        }
        throw error
      }
    }
  }

  /// Takes away what a move that was cut off has left here, once it is certain that the VM is on the other host.
  func removeRemains(of uuid: UUID, on place: ResourceName) async throws {
    try await awaitMigration(of: uuid, from: peerConnection(place))
    // What nobody sends any more arrives no more: a daemon that died in the middle may take it to be on its way for ever.
    _ = try await hasMigrationEnded(of: uuid, on: connection, within: 60)
    guard let domain = try await connection.domain(uuid: uuid) else { return }
    guard let other = try await peerConnection(place).domain(uuid: uuid) else {
      throw Failure(description: "the VM is no longer on host '\(place)'; run again")
    }
    if try await domain.isActive() {
      guard try await other.isActive(), try await domain.state() != .running else {
        throw Failure(description: "the VM runs here meanwhile; run again")
      }
      try await domain.powerOff()
    }
    // One that was about to arrive has no definition.
    guard try await present({ try await domain.isPersistent() }, unless: .noDomain) == true else { return }
    let variables = FirmwareVariables(of: try await other.xml(other.isActive() ? .live : .inactive))
    try await undefine(uuid, keepsState: true)
    let there = try self.other(peerConnection(place))
    if try await variables?.bring(from: self, to: there, isIdle: false) == true {
      try await variables?.remove(from: self)
    }
  }

  /// A migration that goes on without whoever began it ends by itself.
  private func awaitMigration(of uuid: UUID, from connection: Connection) async throws {
    guard try await hasMigrationEnded(of: uuid, on: connection, within: 600) else {
      throw Failure(description: "a migration of it is still under way")
    }
  }

  /// Looks each second, and says whether it has ended by then.
  private func hasMigrationEnded(
    of uuid: UUID, on connection: Connection, within seconds: Int
  ) async throws -> Bool {
    for second in 0...seconds {
      if second > 0 { try await Task.sleep(for: .seconds(1)) }
      guard let domain = try await connection.domain(uuid: uuid), try await isMigrating(domain) else {
        return true
      }
    }
    return false
  }

  private func isMigrating(_ domain: Domain) async throws -> Bool {
    guard try await present({ try await domain.isActive() }, unless: .noDomain) == true else { return false }
    do {
      return try await present({ try await domain.job() }, unless: .noDomain).flatMap { $0 } != nil
    } catch let error as LibvirtError where error.code == .operationUnsupported {
      // The host that a migration comes to has no figures of it.
      return true
    }
  }

  private func peerConnection(_ host: ResourceName) throws -> Connection {
    guard let connection = peer(host) else {
      throw Failure(description: "host '\(host)' is not connected")
    }
    return connection
  }
}

internal import CLibvirt

/// How a domain is moved to another host (<https://libvirt.org/migration.html>).
public struct MigrationOptions: Hashable, Sendable {
  /// False moves the definition of a domain that is off.
  public var isLive = true
  /// The disks to send, by their targets; they have to be there on the new host, as large and over the same backing files.
  public var copiedDisks: [String] = []
  /// Takes the caller's word that both hosts see the same files (`VIR_MIGRATE_UNSAFE`).
  public var isUnsafe = false
  public var usesTLS = false
  public var autoConverges = false
  /// Allows ``Domain/startPostCopy()`` while it runs.
  public var allowsPostCopy = false
  /// MiB a second; nil for no limit.
  public var bandwidth: UInt64?
  /// How many connections send the memory at once.
  public var connections = 1
  /// Where the old host's QEMU reaches the new host's, `tcp://10.0.0.2`; nil for what the new host's libvirt says.
  public var dataURI: String?
  /// Where the old host's libvirt reaches the new host's, for hosts that migrate without the caller; nil for the caller's
  /// connection.
  public var peerURI: String?

  public init() {}

  fileprivate var flags: UInt32 {
    var flags =
      VIR_MIGRATE_PERSIST_DEST.rawValue | VIR_MIGRATE_UNDEFINE_SOURCE.rawValue
    flags |=
      isLive ? VIR_MIGRATE_LIVE.rawValue | VIR_MIGRATE_ABORT_ON_ERROR.rawValue : VIR_MIGRATE_OFFLINE.rawValue
    if !copiedDisks.isEmpty { flags |= VIR_MIGRATE_NON_SHARED_INC.rawValue }
    if isUnsafe { flags |= VIR_MIGRATE_UNSAFE.rawValue }
    if usesTLS { flags |= VIR_MIGRATE_TLS.rawValue }
    if autoConverges { flags |= VIR_MIGRATE_AUTO_CONVERGE.rawValue }
    if allowsPostCopy { flags |= VIR_MIGRATE_POSTCOPY.rawValue }
    if connections > 1 { flags |= VIR_MIGRATE_PARALLEL.rawValue }
    if peerURI != nil { flags |= VIR_MIGRATE_PEER2PEER.rawValue }
    return flags
  }

  /// Calls `body` with the parameters of libvirt's, which are freed afterwards.
  fileprivate func withParameters<Value>(
    _ call: Call, _ body: (virTypedParameterPtr?, UInt32) throws -> Value
  ) throws -> Value {
    var list: virTypedParameterPtr?
    var (count, space): (Int32, Int32) = (0, 0)
    defer { virTypedParamsFree(list, count) }
    for disk in copiedDisks {
      try call.check(
        virTypedParamsAddString(&list, &count, &space, VIR_MIGRATE_PARAM_MIGRATE_DISKS, disk))
    }
    if let bandwidth {
      try call.check(
        virTypedParamsAddULLong(&list, &count, &space, VIR_MIGRATE_PARAM_BANDWIDTH, bandwidth))
    }
    if connections > 1 {
      try call.check(
        virTypedParamsAddInt(
          &list, &count, &space, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, Int32(clamping: connections)))
    }
    if let dataURI {
      try call.check(virTypedParamsAddString(&list, &count, &space, VIR_MIGRATE_PARAM_URI, dataURI))
    }
    return try body(list, UInt32(clamping: count))
  }
}

/// How far a migration is.
public struct DomainJob: Hashable, Sendable {
  /// Bytes of memory and disks that are sent.
  public var sent: UInt64
  /// Bytes to send, as far as known: the guest goes on writing.
  public var total: UInt64
  /// How often the memory is gone over, from 1.
  public var iteration: UInt64
}

extension Domain {
  /// Moves the domain with its definition to the host of `destination`, following `virDomainMigrate3`, or
  /// `virDomainMigrateToURI3` where the hosts do it among themselves. If it fails, the domain is where it was.
  ///
  /// Takes as long as the guest's memory and disks need; ``job()`` says how far it is, ``abortJob()`` ends it.
  public func migrate(to destination: Connection, _ options: MigrationOptions) async throws {
    let isPeerToPeer = options.peerURI != nil
    let function = isPeerToPeer ? "virDomainMigrateToURI3" : "virDomainMigrate3"
    try await connection.callOnThreadOfItsOwn(function, .changes, .copy) { [self] call in
      try options.withParameters(call) { list, count in
        if let peer = options.peerURI {
          try call.check(virDomainMigrateToURI3(handle.pointer, peer, list, count, options.flags))
          return
        }
        try destination.withPointer { target in
          let moved = try call.check(virDomainMigrate3(handle.pointer, target, list, count, options.flags))
          virDomainFree(moved)
        }
      }
    }
  }

  /// What libvirt does with the running guest that takes long; nil if it is nothing. Follows `virDomainGetJobStats`.
  public func job() async throws -> DomainJob? {
    try await call("virDomainGetJobStats") { call, domain in
      var type: Int32 = 0
      var list: virTypedParameterPtr?
      var count: Int32 = 0
      try call.check(virDomainGetJobStats(domain, &type, &list, &count, 0))
      defer { virTypedParamsFree(list, count) }
      guard type == Int32(VIR_DOMAIN_JOB_BOUNDED.rawValue) || type == Int32(VIR_DOMAIN_JOB_UNBOUNDED.rawValue)
      else { return nil }
      func number(_ name: String) -> UInt64 {
        var value: UInt64 = 0
        return virTypedParamsGetULLong(list, count, name, &value) > 0 ? value : 0
      }
      let sent = number(VIR_DOMAIN_JOB_DATA_PROCESSED)
      return DomainJob(
        sent: sent, total: sent + number(VIR_DOMAIN_JOB_DATA_REMAINING),
        iteration: number(VIR_DOMAIN_JOB_MEMORY_ITERATION))
    }
  }

  /// Whether the guest stands still because a migration was about to end, or was cut off there.
  public func hasPausedForMigration() async throws -> Bool {
    let (state, reason) = try await stateAndReason()
    return state == .paused && reason == Int(VIR_DOMAIN_PAUSED_MIGRATION.rawValue)
  }

  /// Ends what ``job()`` tells of; the domain goes on where it is. Follows `virDomainAbortJob`.
  public func abortJob() async throws {
    try await call("virDomainAbortJob", .changes) { _ = try $0.check(virDomainAbortJob($1)) }
  }

  /// Lets the guest go on at the new host before all of its memory is there, following `virDomainMigrateStartPostCopy`.
  public func startPostCopy() async throws {
    try await call("virDomainMigrateStartPostCopy", .changes) {
      _ = try $0.check(virDomainMigrateStartPostCopy($1, 0))
    }
  }

  /// How long the guest may stand still at the end of a migration, following `virDomainMigrateSetMaxDowntime`.
  public func setMaximumDowntime(milliseconds: UInt64) async throws {
    try await call("virDomainMigrateSetMaxDowntime", .changes) {
      _ = try $0.check(virDomainMigrateSetMaxDowntime($1, milliseconds, 0))
    }
  }
}

internal import CLibvirt
public import FoundationEssentials

/// A storage pool of a host. Keeps its connection.
public final class StoragePool: Sendable {
  public let name: String
  public let uuid: UUID
  public let connection: Connection

  /// Owned.
  let handle: Handle

  /// Takes over a reference of the caller's.
  init(adopting pointer: OpaquePointer, of connection: Connection) {
    self.connection = connection
    handle = Handle(pointer)
    name = virStoragePoolGetName(pointer).map { String(cString: $0) } ?? ""
    uuid = UUID { virStoragePoolGetUUID(pointer, $0) }
  }

  deinit {
    connection.release(handle, virStoragePoolFree)
  }

  /// Runs and counts a call that gets the pool; the pool lives until it has returned.
  func call<Value: Sendable>(
    _ function: String, _ effect: CallEffect = .reads,
    _ body: @escaping @Sendable (Call, OpaquePointer) throws -> Value
  ) async throws -> Value {
    try await connection.call(function, effect) { [self] in try body($0, handle.pointer) }
  }

  /// The pool's document, following `virStoragePoolGetXMLDesc`.
  ///
  /// - Parameter inactive: The definition's, without what is only known of a started pool.
  public func xml(inactive: Bool = false) async throws -> XMLElement {
    try await call("virStoragePoolGetXMLDesc") { call, pool in
      guard inactive else { return try call.document(virStoragePoolGetXMLDesc(pool, 0)) }
      let flag = VIR_STORAGE_XML_INACTIVE.rawValue
      return try call.inactiveDocument(flag: flag) { virStoragePoolGetXMLDesc(pool, $0) }
    }
  }

  /// State and sizes as of the last refresh, following `virStoragePoolGetInfo`.
  public func info() async throws -> StoragePoolInfo {
    try await call("virStoragePoolGetInfo") { call, pool in
      var info = virStoragePoolInfo()
      try call.check(virStoragePoolGetInfo(pool, &info))
      return StoragePoolInfo(info)
    }
  }

  /// Whether the pool is started, following `virStoragePoolIsActive`.
  public func isActive() async throws -> Bool {
    try await call("virStoragePoolIsActive") { try $0.check(virStoragePoolIsActive($1)) == 1 }
  }

  /// Whether the pool has a definition that outlives its stop, following `virStoragePoolIsPersistent`.
  public func isPersistent() async throws -> Bool {
    try await call("virStoragePoolIsPersistent") { try $0.check(virStoragePoolIsPersistent($1)) == 1 }
  }

  /// How far building goes (`virStoragePoolBuildFlags`).
  public enum Building: Sendable {
    /// The directory, or the place to mount at; of other types what is made on devices, where libvirt looks before.
    case new
    /// What is made on devices, too, unless there is something on them.
    case noOverwrite
  }

  /// Makes the pool's directory, file system, partition table or volume group, never over one that is there; follows
  /// `virStoragePoolBuild`.
  public func build(_ building: Building = .new) async throws {
    let flag = building == .new ? VIR_STORAGE_POOL_BUILD_NEW : VIR_STORAGE_POOL_BUILD_NO_OVERWRITE
    try await call("virStoragePoolBuild", .changes) { call, pool in
      _ = try call.check(virStoragePoolBuild(pool, flag.rawValue))
    }
  }

  /// Starts the pool, following `virStoragePoolCreate`.
  public func start() async throws {
    try await call("virStoragePoolCreate", .changes) { _ = try $0.check(virStoragePoolCreate($1, 0)) }
  }

  /// Stops the pool, following `virStoragePoolDestroy`; its volumes stay where they are.
  public func stop() async throws {
    try await call("virStoragePoolDestroy", .changes) { _ = try $0.check(virStoragePoolDestroy($1)) }
  }

  /// Removes the definition of a stopped pool, following `virStoragePoolUndefine`; its volumes stay.
  public func undefine() async throws {
    try await call("virStoragePoolUndefine", .changes) { _ = try $0.check(virStoragePoolUndefine($1)) }
  }

  /// Looks for volumes that came, went or changed outside of libvirt, following `virStoragePoolRefresh`.
  public func refresh() async throws {
    try await call("virStoragePoolRefresh", .changes) { _ = try $0.check(virStoragePoolRefresh($1, 0)) }
  }

  /// Whether the pool starts with its host, following `virStoragePoolGetAutostart`.
  public func autostart() async throws -> Bool {
    try await call("virStoragePoolGetAutostart") { call, pool in
      var autostart: Int32 = 0
      try call.check(virStoragePoolGetAutostart(pool, &autostart))
      return autostart == 1
    }
  }

  /// Says whether the pool is to start with its host, following `virStoragePoolSetAutostart`.
  public func setAutostart(_ autostart: Bool) async throws {
    try await call("virStoragePoolSetAutostart", .changes) { call, pool in
      _ = try call.check(virStoragePoolSetAutostart(pool, autostart ? 1 : 0))
    }
  }
}

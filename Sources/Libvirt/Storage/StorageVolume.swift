internal import CLibvirt

/// A volume of a storage pool. Keeps its connection.
public final class StorageVolume: Sendable {
  public let name: String
  /// Unique on the host; for a file, its path.
  public let key: String
  /// The name of the pool.
  public let pool: String
  public let connection: Connection

  /// Owned.
  let handle: Handle

  /// Takes over a reference of the caller's.
  init(adopting pointer: OpaquePointer, pool: String, of connection: Connection) {
    self.connection = connection
    self.pool = pool
    handle = Handle(pointer)
    name = virStorageVolGetName(pointer).map { String(cString: $0) } ?? ""
    key = virStorageVolGetKey(pointer).map { String(cString: $0) } ?? ""
  }

  deinit {
    connection.release(handle, virStorageVolFree)
  }

  /// Runs and counts a call that gets the volume; the volume lives until it has returned.
  func call<Value: Sendable>(
    _ function: String, _ effect: CallEffect = .reads,
    _ body: @escaping @Sendable (Call, OpaquePointer) throws -> Value
  ) async throws -> Value {
    try await connection.call(function, effect) { [self] in try body($0, handle.pointer) }
  }

  /// The volume's path on its host, following `virStorageVolGetPath`.
  public func path() async throws -> String {
    try await call("virStorageVolGetPath") { try $0.string(virStorageVolGetPath($1)) }
  }

  /// The volume's document, following `virStorageVolGetXMLDesc`.
  public func xml() async throws -> XMLElement {
    try await call("virStorageVolGetXMLDesc") { try $0.document(virStorageVolGetXMLDesc($1, 0)) }
  }

  /// Kind and sizes, following `virStorageVolGetInfo`.
  ///
  /// - Parameter physical: Says the size of the volume's file in place of its allocation.
  public func info(physical: Bool = false) async throws -> StorageVolumeInfo {
    // Not every driver has the function with flags.
    try await call(physical ? "virStorageVolGetInfoFlags" : "virStorageVolGetInfo") { call, volume in
      var info = virStorageVolInfo()
      let flags = VIR_STORAGE_VOL_GET_PHYSICAL.rawValue
      try call.check(
        physical ? virStorageVolGetInfoFlags(volume, &info, flags) : virStorageVolGetInfo(volume, &info))
      return StorageVolumeInfo(info)
    }
  }

  /// Deletes the volume and its content, following `virStorageVolDelete`.
  public func delete() async throws {
    try await call("virStorageVolDelete", .changes) { _ = try $0.check(virStorageVolDelete($1, 0)) }
  }

  /// Grows the volume of a guest that is shut off, following `virStorageVolResize`; a smaller size is
  /// refused.
  ///
  /// - Parameter allocate: Takes the new space from the pool at once.
  public func resize(bytes: UInt64, allocate: Bool = false) async throws {
    let flags = allocate ? VIR_STORAGE_VOL_RESIZE_ALLOCATE.rawValue : 0
    try await call("virStorageVolResize", .changes) { call, volume in
      _ = try call.check(virStorageVolResize(volume, bytes, flags))
    }
  }
}

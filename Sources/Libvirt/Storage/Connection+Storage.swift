internal import CLibvirt
public import FoundationEssentials

extension Connection {
  /// The storage pools of the host, sorted by name; follows `virConnectListAllStoragePools`.
  public func storagePools(_ filter: PoolFilter = []) async throws -> [StoragePool] {
    try await call("virConnectListAllStoragePools") { call in
      try call.list({ virConnectListAllStoragePools(call.connection, $0, filter.rawValue) }) {
        StoragePool(adopting: $0, of: self)
      }
      .sorted { $0.name < $1.name }
    }
  }

  /// The pool of that name, following `virStoragePoolLookupByName`; `nil` only if the host says that it has
  /// none.
  public func storagePool(named name: String) async throws -> StoragePool? {
    try await call("virStoragePoolLookupByName") { call in
      try call.found(virStoragePoolLookupByName(call.connection, name), unless: .noStoragePool).map {
        StoragePool(adopting: $0, of: self)
      }
    }
  }

  /// The pool with that UUID, following `virStoragePoolLookupByUUID`; `nil` only if the host says that it has
  /// none.
  public func storagePool(uuid: UUID) async throws -> StoragePool? {
    try await call("virStoragePoolLookupByUUID") { call in
      try call.found(
        uuid.withBytes { virStoragePoolLookupByUUID(call.connection, $0) }, unless: .noStoragePool
      ).map {
        StoragePool(adopting: $0, of: self)
      }
    }
  }

  /// Makes a persistent definition, or replaces the one with the same name and UUID; follows
  /// `virStoragePoolDefineXML`. Nothing is built or started.
  public func defineStoragePool(_ xml: XMLElement) async throws -> StoragePool {
    let text = try xml.serialized(indented: false)
    return try await call("virStoragePoolDefineXML", .changes) { call in
      StoragePool(adopting: try call.check(virStoragePoolDefineXML(call.connection, text, 0)), of: self)
    }
  }

  /// Starts a pool without a definition, which is gone once it stops; follows `virStoragePoolCreateXML`. Nothing is built.
  public func startStoragePool(_ xml: XMLElement) async throws -> StoragePool {
    let text = try xml.serialized(indented: false)
    return try await call("virStoragePoolCreateXML", .changes) { call in
      StoragePool(adopting: try call.check(virStoragePoolCreateXML(call.connection, text, 0)), of: self)
    }
  }

  /// The volume at that path in any started pool, following `virStorageVolLookupByPath` and
  /// `virStoragePoolLookupByVolume`; `nil` only if the host says that there is none.
  public func storageVolume(path: String) async throws -> StorageVolume? {
    try await call("virStorageVolLookupByPath") { [self] call in
      guard
        let volume = try call.found(
          virStorageVolLookupByPath(call.connection, path), unless: .noStorageVolume)
      else { return nil }
      count("virStoragePoolLookupByVolume", .reads)
      let pool = virStoragePoolLookupByVolume(volume)
      defer { if let pool { virStoragePoolFree(pool) } }
      let name = virStoragePoolGetName(pool).map { String(cString: $0) }
      return StorageVolume(adopting: volume, pool: name ?? "", of: self)
    }
  }
}

extension Connection {
  /// What `read` makes of the documents of `volumes`, following `virStorageVolGetXMLDesc`; nil for those that are gone.
  ///
  /// Many at once take much less time than ``StorageVolume/xml()`` for each.
  ///
  /// - Parameters:
  ///   - isGone: whether a call failed with what says that the volume is no more.
  ///   - read: called on any thread, and for several documents at once.
  public func documents<Value: Sendable>(
    of volumes: [StorageVolume],
    unless isGone: @escaping @Sendable (LibvirtError) -> Bool = { $0.code == .noStorageVolume },
    _ read: @escaping @Sendable (StorageVolume, XMLElement) throws -> Value
  ) async throws -> [Value?] {
    try await calls("virStorageVolGetXMLDesc", forEach: volumes) { call, volume in
      try call.present(unless: isGone) {
        try call.document(virStorageVolGetXMLDesc(volume.handle.pointer, 0))
      }.map { try read(volume, $0) }
    }
  }
}

internal import CLibvirt

extension StoragePool {
  /// The volumes of the started pool as of its last refresh, sorted by name; follows
  /// `virStoragePoolListAllVolumes`.
  public func volumes() async throws -> [StorageVolume] {
    try await call("virStoragePoolListAllVolumes") { [name, connection] call, pool in
      try call.list({ virStoragePoolListAllVolumes(pool, $0, 0) }) {
        StorageVolume(adopting: $0, pool: name, of: connection)
      }
      .sorted { $0.name < $1.name }
    }
  }

  /// The volume of that name, following `virStorageVolLookupByName`; `nil` only if the host says that there
  /// is none.
  public func volume(named name: String) async throws -> StorageVolume? {
    try await call("virStorageVolLookupByName") { [pool = self.name, connection] call, handle in
      try call.found(virStorageVolLookupByName(handle, name), unless: .noStorageVolume).map {
        StorageVolume(adopting: $0, pool: pool, of: connection)
      }
    }
  }

  /// Makes a volume, following `virStorageVolCreateXML`; fails if there is one of that name.
  ///
  /// - Parameter preallocateMetadata: Writes a qcow2 file's tables in full.
  public func createVolume(_ xml: XMLElement, preallocateMetadata: Bool = false) async throws -> StorageVolume
  {
    let text = try xml.serialized(indented: false)
    let flags = preallocateMetadata ? VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA.rawValue : 0
    return try await call("virStorageVolCreateXML", .changes) { [name, connection] call, pool in
      let volume = try call.check(virStorageVolCreateXML(pool, text, flags))
      return StorageVolume(adopting: volume, pool: name, of: connection)
    }
  }

  /// Makes a volume with the content of another one, following `virStorageVolCreateXMLFrom`, on a thread of its own.
  ///
  /// libvirt reads `source` in the format that it takes it for, and makes the new volume at least as large. While it is at
  /// it, the new volume can be seen and not deleted; it goes on if the client goes away.
  public func createVolume(_ xml: XMLElement, copying source: StorageVolume) async throws -> StorageVolume {
    let text = try xml.serialized(indented: false)
    return try await connection.callOnThreadOfItsOwn("virStorageVolCreateXMLFrom", .changes, .copy) {
      [self] call in
      let volume = try call.check(
        virStorageVolCreateXMLFrom(handle.pointer, text, source.handle.pointer, 0))
      return StorageVolume(adopting: volume, pool: name, of: connection)
    }
  }
}

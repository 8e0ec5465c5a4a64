internal import CLibvirt

extension StorageVolume {
  /// Writes a local file into the volume from its beginning, following `virStorageVolUpload`, on a thread of
  /// its own. The volume's content is undefined if this fails or its task is cancelled.
  ///
  /// - Parameters:
  ///   - file: The path of a file on this machine.
  ///   - sparse: Does not send holes. They keep what the volume has there: for new volumes only.
  ///   - progress: Called on the upload's thread with the bytes of the file that are done, holes included.
  /// - Throws: ``LocalFileError`` if the file cannot be read, `CancellationError`, else ``LibvirtError``.
  public func upload(
    from file: String, sparse: Bool, progress: @escaping @Sendable (UInt64) -> Void = { _ in }
  ) async throws {
    let upload = Upload(path: file, isSparse: sparse, progress: progress)
    try await withTaskCancellationHandler {
      try await connection.callOnThreadOfItsOwn("virStorageVolUpload", .changes, .upload) { [self] call in
        try upload.run(into: handle.pointer, call)
      }
    } onCancel: {
      upload.cancel()
    }
  }
}

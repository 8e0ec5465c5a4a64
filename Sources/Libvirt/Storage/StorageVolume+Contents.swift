internal import CLibvirt

extension StorageVolume {
  /// All of a small volume's bytes, following `virStorageVolDownload`.
  ///
  /// - Throws: ``LibvirtError`` with the code `operationInvalid` if there are more than `limit`.
  public func contents(upTo limit: Int) async throws -> [UInt8] {
    let function = "virStorageVolDownload"
    let stream = try await call(function) { [connection] call, volume in
      try Stream(of: connection, call) { virStorageVolDownload(volume, $0, 0, 0, 0) }
    }
    var contents: [UInt8] = []
    while true {
      let bytes = try await stream.receive(upTo: 1 << 16)
      if bytes.isEmpty { break }
      contents += bytes
      guard contents.count <= limit else {
        throw LibvirtError(code: .operationInvalid, message: "'\(name)' is too long to read", call: function)
      }
    }
    try await stream.finish()
    return contents
  }
}

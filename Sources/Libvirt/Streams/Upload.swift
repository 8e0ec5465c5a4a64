internal import CLibvirt
import Synchronization

/// One upload of a local file into a volume. Everything but `cancel()` blocks.
final class Upload: Sendable {
  /// The most that one message of libvirt's protocol carries (`VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX`).
  private static let chunk = 262_120
  /// The beginning of a file is sent with its holes, for they do not clear what is there, and a new qcow2
  /// volume begins with tables.
  private static let headBytes = 4 << 20

  private let path: String
  private let isSparse: Bool
  private let progress: @Sendable (UInt64) -> Void
  private let isCancelled = Atomic(false)

  init(path: String, isSparse: Bool, progress: @escaping @Sendable (UInt64) -> Void) {
    self.path = path
    self.isSparse = isSparse
    self.progress = progress
  }

  /// Makes the upload fail with `CancellationError` at its next step.
  func cancel() {
    isCancelled.store(true, ordering: .relaxed)
  }

  /// Sends the file, following `virStorageVolUpload` and `virStreamSparseSendAll`.
  func run(into volume: OpaquePointer, _ call: Call) throws {
    let file = try LocalFile(opening: path)
    try checkCancellation()
    let stream = try call.check(virStreamNew(call.connection, 0))
    defer { virStreamFree(stream) }
    let flags = isSparse ? VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM.rawValue : 0
    try call.check(virStorageVolUpload(volume, stream, 0, UInt64(file.size), flags))
    do {
      try send(file, over: stream, call)
    } catch {
      virStreamAbort(stream)
      throw error
    }
    try call.check(virStreamFinish(stream))
  }

  private func send(_ file: borrowing LocalFile, over stream: OpaquePointer, _ call: Call) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 1)
    defer { buffer.deallocate() }
    var offset = 0
    while offset < file.size {
      let extent = nextExtent(of: file, at: offset)
      if extent.isHole {
        try checkCancellation()
        try call.check(virStreamSendHole(stream, Int64(extent.range.count), 0))
        call.activity?.note()
        offset = extent.range.upperBound
        progress(UInt64(offset))
      }
      while offset < extent.range.upperBound {
        try checkCancellation()
        let part = UnsafeMutableRawBufferPointer(
          rebasing: buffer[..<min(buffer.count, extent.range.upperBound - offset)])
        try file.read(into: part, at: offset)
        try send(UnsafeRawBufferPointer(part), over: stream, call)
        offset += part.count
        progress(UInt64(offset))
      }
    }
  }

  private func nextExtent(of file: borrowing LocalFile, at offset: Int) -> LocalFile.Extent {
    if !isSparse { return LocalFile.Extent(range: offset..<file.size, isHole: false) }
    if offset < Self.headBytes {
      return LocalFile.Extent(range: offset..<min(Self.headBytes, file.size), isHole: false)
    }
    return file.extent(at: offset)
  }

  private func send(_ bytes: UnsafeRawBufferPointer, over stream: OpaquePointer, _ call: Call) throws {
    var rest = bytes[...]
    while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      let sent = try call.check(virStreamSend(stream, start.assumingMemoryBound(to: CChar.self), rest.count))
      call.activity?.note()
      rest = rest.dropFirst(Int(sent))
    }
  }

  private func checkCancellation() throws {
    if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
  }
}

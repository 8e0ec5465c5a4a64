import FoundationEssentials
import Glibc

/// A file that is being downloaded, and beside it in `.state` what it is a part of.
///
/// The state is removed before bytes of another version are written, and written before the first of them: bytes
/// are never taken for a part of what they do not belong to, wherever a run is cut off.
final class PartialFile {
  private let path: String
  private let descriptor: Int32
  private(set) var length: UInt64

  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.failure("cannot write '\(path)'") }
    var status = stat()
    length = fstat(descriptor, &status) == 0 ? UInt64(status.st_size) : 0
  }

  deinit { close(descriptor) }

  private static func failure(_ what: String) -> DownloadError {
    let isFull = errno == ENOSPC || errno == EDQUOT
    return DownloadError(
      "\(what): \(String(cString: strerror(errno)))",
      help: isFull ? "make room there; what has arrived is kept, and the next run goes on from it" : nil)
  }

  private var statePath: String { path + ".state" }

  /// Which version of the file on the server this is a part of; nil if nobody knows.
  var validators: Validators? {
    FileManager.default.contents(atPath: statePath).flatMap {
      try? JSONDecoder().decode(Validators.self, from: $0)
    }
  }

  /// Empties the file, for another version.
  func begin(_ validators: Validators) throws {
    unlink(statePath)
    guard ftruncate(descriptor, 0) == 0 else { throw Self.failure("cannot write '\(path)'") }
    length = 0
    guard validators.range != nil else { return }
    try JSONEncoder().encode(validators).write(to: URL(filePath: statePath), options: .atomic)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(length))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw Self.failure("cannot write '\(path)'") }
      length += UInt64(written)
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  func flush() throws {
    guard fsync(descriptor) == 0 else { throw Self.failure("cannot write '\(path)'") }
  }

  /// Removes a partial file with its state.
  static func remove(_ path: String) {
    unlink(path + ".state")
    unlink(path)
  }
}

import Glibc

/// Reads the head of a regular file.
final class FileReader {
  private let descriptor: Int32
  /// Bytes.
  let size: UInt64

  /// nil if `path` is no regular file that can be read.
  init?(_ path: String) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    var status = stat()
    guard descriptor >= 0 else { return nil }
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      return nil
    }
    size = UInt64(status.st_size)
  }

  deinit { close(descriptor) }

  func read(upTo count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = max(0, Glibc.read(descriptor, buffer.baseAddress, count))
    }
  }
}

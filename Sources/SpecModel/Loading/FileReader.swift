import Glibc

/// Reads files within bounds.
package final class FileReader {
  private let descriptor: Int32
  /// Bytes; 0 for what is no regular file.
  package let size: UInt64
  package let isRegular: Bool

  /// nil if `path` cannot be opened.
  ///
  /// - Parameter mayWait: false for what a spec names, since a pipe without a writer would hold up the run for
  ///   ever.
  package init?(_ path: String, mayWait: Bool = false) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | (mayWait ? 0 : O_NONBLOCK))
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      close(descriptor)
      return nil
    }
    isRegular = status.st_mode & S_IFMT == S_IFREG
    size = isRegular ? UInt64(status.st_size) : 0
  }

  deinit { close(descriptor) }

  /// The next bytes, up to `count` of them; fewer at the end of the file and where it cannot be read.
  package func read(upTo count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let start = buffer.baseAddress else { return }
      while initialized < count {
        let got = Glibc.read(descriptor, start + initialized, count - initialized)
        guard got > 0 else { return }
        initialized += got
      }
    }
  }

  /// The text of the file at `path`, which has no more than `maximum` bytes and is no pipe or device unless the
  /// reader may wait.
  static func text(_ path: String, maximum: Int, mayWait: Bool = false) throws(ValueError) -> String {
    let bytes = try bytes(path, maximum: maximum, mayWait: mayWait)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ValueError("'\(path)' is not UTF-8 text", help: "convert it, such as with iconv -t UTF-8")
    }
    return text
  }

  /// The same as bytes, which may be anything.
  static func bytes(_ path: String, maximum: Int, mayWait: Bool = false) throws(ValueError) -> [UInt8] {
    guard let file = FileReader(path, mayWait: mayWait) else {
      throw ValueError("cannot read '\(path)'", help: "check that the file is there and that you may read it")
    }
    guard file.isRegular || mayWait else { throw ValueError("'\(path)' is not a file") }
    let bytes = file.read(upTo: maximum + 1)
    guard bytes.count <= maximum else { throw ValueError("'\(path)' is larger than \(maximum >> 20) MiB") }
    return bytes
  }
}

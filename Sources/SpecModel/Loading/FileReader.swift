import Glibc

/// Reads files within bounds.
package final class FileReader {
  private let descriptor: Int32
  /// Bytes; 0 for what is no regular file.
  package let size: UInt64
  package let isRegular: Bool

  /// True if a pipe gave nothing for longer than it may.
  package private(set) var gaveUp = false
  /// How long a pipe may give nothing, in milliseconds; nil where nobody waits for one.
  private let patience: Int32?

  /// How long a pipe that a user names may give nothing, in seconds.
  package static let patience = 60

  /// nil if `path` cannot be opened.
  ///
  /// - Parameter patience: how many seconds to wait for what comes through a pipe. Nil for what a spec names: nothing is
  ///   read from a pipe then.
  package init?(_ path: String, patience: Int? = nil) {
    // Without waiting: a pipe without a writer would hold up the run for ever.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    self.patience = patience.map { Int32(clamping: $0 * 1000) }
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
        guard isReady() else { return }
        let got = Glibc.read(descriptor, start + initialized, count - initialized)
        guard got > 0 else { return }
        initialized += got
      }
    }
  }

  /// Waits for the next bytes of a pipe, or for its end. At a terminal sits a person, who may take their time.
  private func isReady() -> Bool {
    guard !isRegular, let patience else { return true }
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let limit = isatty(descriptor) == 1 ? -1 : patience
    var count = poll(&request, 1, limit)
    while count < 0, errno == EINTR { count = poll(&request, 1, limit) }
    gaveUp = count == 0
    return count > 0
  }

  /// The text of the file at `path`, which has no more than `maximum` bytes and is no pipe or device unless the
  /// reader has patience.
  static func text(_ path: String, maximum: Int, patience: Int? = nil) throws(ValueError) -> String {
    let bytes = try bytes(path, maximum: maximum, patience: patience)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ValueError("'\(path)' is not UTF-8 text", help: "convert it, such as with iconv -t UTF-8")
    }
    return text
  }

  /// The same as bytes, which may be anything.
  static func bytes(_ path: String, maximum: Int, patience: Int? = nil) throws(ValueError) -> [UInt8] {
    guard let file = FileReader(path, patience: patience) else {
      throw ValueError("cannot read '\(path)'", help: "check that the file is there and that you may read it")
    }
    guard file.isRegular || patience != nil else { throw ValueError("'\(path)' is not a file") }
    let bytes = file.read(upTo: maximum + 1)
    guard !file.gaveUp else {
      throw ValueError(
        "nothing came out of '\(path)' for \(patience ?? 0) seconds",
        help: "it is a pipe: run what writes to it")
    }
    guard bytes.count <= maximum else { throw ValueError("'\(path)' is larger than \(maximum >> 20) MiB") }
    return bytes
  }
}

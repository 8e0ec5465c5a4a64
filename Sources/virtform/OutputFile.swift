import Glibc
import SpecModel

/// A file that a command writes besides its output.
final class OutputFile: Sendable {
  private let descriptor: Int32
  private let path: String

  /// Opens `path` for writing from the start; its owner alone can read it, unless it was there.
  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw Self.failure(path) }
  }

  deinit { close(descriptor) }

  private static func failure(_ path: String) -> ExitStatus {
    Terminal.fail("cannot write to '\(path)': \(String(cString: strerror(errno)))")
  }

  /// Adds `text` at the end, at once.
  func write(_ text: String) { Terminal.write(text, to: descriptor) }

  /// Writes all of `bytes`, in one move: whoever reads the file finds all of it, or what was there before. It keeps the
  /// permissions that it had.
  ///
  /// - Parameter newMode: the permissions of a file that was not there: for its owner alone.
  static func replace(_ path: String, with bytes: [UInt8], newMode: mode_t = 0o600) throws {
    // A link stays one.
    let real = realpath(path, nil)
    defer { free(real) }
    let target = real.map { String(cString: $0) } ?? path
    var status = stat()
    let mode = stat(target, &status) == 0 ? status.st_mode & 0o777 : newMode
    // What is no file, such as a terminal, is written to.
    if real != nil, status.st_mode & S_IFMT != S_IFREG {
      return try OutputFile(path).write(String(decoding: bytes, as: UTF8.self))
    }
    let temporary = "\(target).\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if errno != EINTR {
        break
      }
    }
    guard rest.isEmpty, fchmod(descriptor, mode) == 0, fsync(descriptor) == 0, rename(temporary, target) == 0
    else {
      let failure = failure(path)
      unlink(temporary)
      throw failure
    }
  }
}

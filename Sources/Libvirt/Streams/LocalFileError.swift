import Glibc

/// A file on this machine could not be read; the host has no part in it.
public struct LocalFileError: Error, Hashable, Sendable {
  public let path: String
  /// What went wrong, in the system's words.
  public let reason: String

  init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// Takes the reason from `errno`.
  init(path: String, errno: Int32) {
    self.init(path: path, reason: strerror(errno).map { String(cString: $0) } ?? "error \(errno)")
  }
}

extension LocalFileError: CustomStringConvertible {
  public var description: String { "\(path): \(reason)" }
}

import FoundationEssentials
import Glibc
import SpecModel

/// Who holds a lock: `anna@desk (pid 4711)`.
public struct LockHolder: Hashable, Sendable, CustomStringConvertible {
  public let user: String
  /// The machine's name for itself.
  public let host: String
  public let pid: Int32
  /// nil where nobody can tell later whether the process still runs.
  let process: ProcessIdentity?

  init(user: String, host: String, pid: Int32, process: ProcessIdentity?) {
    self.user = user
    self.host = host
    self.pid = pid
    self.process = process
  }

  /// This process.
  public static let current = LockHolder(
    user: printable(ProcessInfo.processInfo.userName), host: printable(hostName), pid: getpid(),
    process: .current)

  public var description: String { "\(printable(user))@\(printable(host)) (pid \(pid))" }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

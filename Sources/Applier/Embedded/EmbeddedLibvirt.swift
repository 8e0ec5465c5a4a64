import Crypto
import FoundationEssentials
import Glibc
import Libvirt

/// The user's own libvirt on this machine: a private daemon that virtform starts when it is needed, with all its
/// state below one directory, never shared with a libvirt that the machine's administrator configured.
///
/// It ends by itself when no client is connected and no guest runs. As root it can make networks; as an ordinary
/// user its guests have user-mode networking only.
public struct EmbeddedLibvirt: Sendable {
  /// Absolute path of the directory with the daemon's state.
  public let directory: String
  let isPrivileged: Bool

  /// Why the daemon cannot be had.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// - Parameter environment: `VIRTFORM_HOME`, `XDG_DATA_HOME` and `HOME`, in this order, say where the state lies.
  public init(environment: [String: String]) {
    let home = environment["HOME"] ?? "/root"
    let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(home)/.local/share"
    let chosen = environment["VIRTFORM_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(data)/virtform"
    directory = chosen.hasPrefix("/") ? chosen : "\(FileManager.default.currentDirectoryPath)/\(chosen)"
    isPrivileged = geteuid() == 0
  }

  /// What the daemon and its clients call the directory in socket paths.
  ///
  /// A unix socket's path has at most 107 bytes, and the guest agent's needs 85 below the configuration directory
  /// of a session: it sees the directory through a short link. A daemon that runs as root sees libvirt's own
  /// directories in its mount namespace.
  var socketDirectory: String {
    if isPrivileged { return directory }
    let digest = SHA256.hash(data: Array("\(geteuid()):\(directory)".utf8))
    return "/tmp/vf-" + digest.prefix(5).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// How any libvirt client reaches the daemon while it runs.
  public var uri: String {
    isPrivileged
      ? "qemu+unix:///system?socket=\(socketDirectory)/run/libvirt-sock"
      : "qemu+unix:///session?socket=\(socketDirectory)/run/libvirt/libvirt-sock"
  }

  /// A connection to the daemon, which is started if it does not run.
  func open(access: Connection.Access, terms: CallTerms = CallTerms()) async throws -> Connection {
    try check()
    let daemon = EmbeddedDaemon(libvirt: self)
    if let connection = try await connect(daemon, access, terms) { return connection }
    let lock = try daemon.lock()
    defer { close(lock) }
    // Another process may have started it while this one waited for the lock.
    if let connection = try await connect(daemon, access, terms) { return connection }
    try await daemon.start()
    try await makeDefaultPool(terms)
    return try await Connection.open(uri, access: access, terms: terms)
  }

  /// A connection if the daemon runs and is complete.
  private func connect(
    _ daemon: EmbeddedDaemon, _ access: Connection.Access, _ terms: CallTerms
  ) async throws -> Connection? {
    guard try daemon.ownsSocketDirectory() else { return nil }
    let connection: Connection
    do {
      // A socket that refuses is no reason to wait: its daemon has ended, and is started.
      connection = try await Connection.open(uri, access: access, terms: terms, isTriedAgain: false)
    } catch let error as LibvirtError where error.exceeded == nil {
      return nil
    }
    // A start that was cut off may have left the daemon without its pool.
    if try await connection.storagePool(named: "default") == nil { try await makeDefaultPool(terms) }
    return connection
  }

  /// The pool for disks of specs that name none. It belongs to the daemon, not to a stack.
  private func makeDefaultPool(_ terms: CallTerms) async throws {
    let connection = try await Connection.open(uri, access: .readWrite, terms: terms)
    let document = XMLElement("pool", ["type": "dir"]) {
      XMLElement("name", text: "default")
      XMLElement("target") { XMLElement("path", text: "\(directory)/images") }
    }
    var pool = try await connection.storagePool(named: "default")
    if pool == nil { pool = try await connection.defineStoragePool(document) }
    guard let pool else { return }
    if try await !pool.isActive() { try await pool.start() }
    if try await !pool.autostart() { try await pool.setAutostart(true) }
    await connection.close()
  }

  private func check() throws {
    // The kernel's limit for a socket's path; the longest here is libvirt-sock-ro.
    let excess = socketDirectory.utf8.count + "/run/libvirt-sock-ro".utf8.count - 107
    if excess > 0 {
      throw Failure(
        description: "the path '\(directory)' is too long for unix sockets by \(excess) bytes; "
          + "set VIRTFORM_HOME to a shorter one")
    }
    let isPlain = directory.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "_", "-": true
      default: false
      }
    }
    if !isPlain {
      throw Failure(
        description:
          "the path '\(directory)' has a character that a URI cannot hold; set VIRTFORM_HOME to a plain one")
    }
  }
}

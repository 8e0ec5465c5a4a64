import FoundationEssentials
import Glibc
import Libvirt
import Subprocess

/// The user's own libvirt on this machine: a private daemon that virtform starts when it is needed, with all its
/// state below one directory, never shared with a libvirt that the machine's administrator configured.
///
/// It ends by itself when no client is connected and no guest runs. As root it can make networks; as an ordinary
/// user its guests have user-mode networking only.
public struct EmbeddedLibvirt: Sendable {
  /// Absolute path of the directory with the daemon's state.
  public let directory: String
  let isPrivileged: Bool

  /// Where its default pool lies.
  public var imageDirectory: String { "\(directory)/images" }

  /// Why the daemon cannot be had.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// - Parameter environment: `VIRTFORM_HOME`, `XDG_DATA_HOME` and `HOME`, in this order, say where the state lies.
  public init(environment: [String: String]) {
    let home = environment["HOME"] ?? "/root"
    let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(home)/.local/share"
    let chosen = environment["VIRTFORM_HOME"] ?? "\(data)/virtform"
    directory = chosen.hasPrefix("/") ? chosen : "\(FileManager.default.currentDirectoryPath)/\(chosen)"
    isPrivileged = geteuid() == 0
  }

  private var mode: String { isPrivileged ? "system" : "session" }
  private var socket: String { isPrivileged ? "\(directory)/run/libvirt-sock" : "\(directory)/run/libvirt/libvirt-sock" }

  /// How any libvirt client reaches the daemon while it runs.
  public var uri: String { "qemu+unix:///\(mode)?socket=\(socket)" }

  /// A connection to the daemon, which is started if it does not run.
  func open(access: Connection.Access) async throws -> Connection {
    if let connection = try? await Connection.open(uri, access: access) { return connection }
    try check()
    try prepare()
    let lock = try lock()
    defer { close(lock) }
    // Another process may have started it while this one waited for the lock.
    if let connection = try? await Connection.open(uri, access: access) { return connection }
    try await start()
    return try await Connection.open(uri, access: access)
  }

  private func check() throws {
    // sun_path has 108 bytes with its end; a session's longest path is the monitor socket of a guest.
    let longest = isPrivileged ? socket : "\(directory)/config/libvirt/qemu/lib/domain-12345-abcdefghijklmnopqrst/monitor.sock"
    if longest.utf8.count > 107 {
      throw Failure(
        description: "the path '\(directory)' is too long for its sockets by \(longest.utf8.count - 107) bytes; "
          + "set VIRTFORM_HOME to a shorter one")
    }
    let allowed = directory.unicodeScalars.allSatisfy { $0.isASCII && $0.value > 0x20 && !"?&#%\"'\\".unicodeScalars.contains($0) }
    if !allowed {
      throw Failure(description: "the path '\(directory)' has characters that a URI cannot hold; set VIRTFORM_HOME")
    }
  }

  // MARK: Files

  private func prepare() throws {
    let subdirectories = isPrivileged
      ? ["etc", "lib", "log", "cache", "run", "images"] : ["config/libvirt", "data", "cache", "run", "images"]
    for name in subdirectories {
      try FileManager.default.createDirectory(
        atPath: "\(directory)/\(name)", withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    }
    let configuration = isPrivileged ? "\(directory)/etc" : "\(directory)/config/libvirt"
    let log = isPrivileged ? "/var/log/libvirt" : directory
    try write(EmbeddedConfiguration.daemon(logDirectory: log), once: "\(configuration)/libvirtd.conf")
    try write(EmbeddedConfiguration.qemu(isPrivileged: isPrivileged), once: "\(configuration)/qemu.conf")
  }

  /// Keeps what is there, so that the user may change it.
  private func write(_ text: String, once path: String) throws {
    guard !FileManager.default.fileExists(atPath: path) else { return }
    try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
  }

  /// A file lock that lets one process at a time start the daemon.
  private func lock() throws -> Int32 {
    let descriptor = Glibc.open("\(directory)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
      throw Failure(description: "cannot lock '\(directory)': \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  // MARK: Start

  private func start() async throws {
    let daemon = try libvirtd()
    let pidFile = "\(directory)/libvirtd.pid"
    let arguments = ["--daemon", "--pid-file", pidFile, "--timeout", "\(EmbeddedConfiguration.idleSeconds)", "--config"]
    if isPrivileged {
      let databases = try userDatabases()
      try await run(
        "/usr/bin/unshare",
        ["--mount", "--propagation", "slave", "/bin/sh", "-euc", EmbeddedConfiguration.enterScript, "sh", directory]
          + databases + ["--", daemon] + arguments + ["/etc/libvirt/libvirtd.conf"], [:])
    } else {
      try await run(
        daemon, arguments + ["\(directory)/config/libvirt/libvirtd.conf"],
        [
          "XDG_CONFIG_HOME": "\(directory)/config", "XDG_DATA_HOME": "\(directory)/data",
          "XDG_CACHE_HOME": "\(directory)/cache", "XDG_RUNTIME_DIR": "\(directory)/run",
        ])
    }
  }

  private func libvirtd() throws -> String {
    let candidates = ["/usr/sbin/libvirtd", "/usr/local/sbin/libvirtd", "/usr/bin/libvirtd"]
    guard let daemon = candidates.first(where: FileManager.default.isExecutableFile) else {
      throw Failure(
        description: "libvirtd is not installed on this machine; "
          + "on Debian: apt install libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils")
    }
    return daemon
  }

  /// The QEMU driver looks up the user that it was compiled for, although its configuration names another. Where
  /// the machine has no such user, the daemon sees a copy of the databases that does.
  private func userDatabases() throws -> [String] {
    let entries = [
      ("passwd", "libvirt-qemu:x:65533:65533::/nonexistent:/usr/sbin/nologin\n"), ("group", "libvirt-qemu:x:65533:\n"),
    ]
    var names: [String] = []
    for (name, entry) in entries {
      guard let original = FileManager.default.contents(atPath: "/etc/\(name)") else { continue }
      let text = String(decoding: original, as: UTF8.self)
      if text.split(separator: "\n").contains(where: { $0.hasPrefix("libvirt-qemu:") }) { continue }
      let copy = "\(directory)/\(name)"
      try Data((text + (text.hasSuffix("\n") ? "" : "\n") + entry).utf8).write(to: URL(filePath: copy), options: .atomic)
      chmod(copy, 0o644)
      names.append(name)
    }
    return names
  }

  private func run(_ program: String, _ arguments: [String], _ environment: [String: String]) async throws {
    let updates = Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), Optional($1)) })
    let result = try await Subprocess.run(
      .path(.init(program)), arguments: Arguments(arguments), environment: .inherit.updating(updates),
      output: .discarded, error: .string(limit: 16 << 10))
    guard result.terminationStatus.isSuccess else {
      let detail = result.standardError.split(separator: "\n").suffix(3).joined(separator: "; ")
      throw Failure(description: "libvirtd did not start: \(detail.isEmpty ? "\(result.terminationStatus)" : detail)")
    }
  }
}

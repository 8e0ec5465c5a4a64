import FoundationEssentials
import Glibc
import Subprocess

/// Starts the embedded libvirt's daemon: its files, its directories, its process.
struct EmbeddedDaemon {
  private let directory: String
  private let link: String
  private let isPrivileged: Bool
  private typealias Failure = EmbeddedLibvirt.Failure

  init(libvirt: EmbeddedLibvirt) {
    directory = libvirt.directory
    link = libvirt.socketDirectory
    isPrivileged = libvirt.isPrivileged
  }

  private func prepare() throws {
    let subdirectories =
      isPrivileged
      ? ["etc", "lib", "log", "cache", "run", "images"] : ["cfg/libvirt", "data", "cache", "run", "images"]
    for name in subdirectories {
      try FileManager.default.createDirectory(
        atPath: "\(directory)/\(name)", withIntermediateDirectories: true,
        // dnsmasq, which is not root, reads below lib; all others are kept out by the directory itself.
        attributes: [.posixPermissions: isPrivileged ? 0o755 : 0o700])
    }
    let configuration = isPrivileged ? "\(directory)/etc" : "\(directory)/cfg/libvirt"
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
  func lock() throws -> Int32 {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let descriptor = Glibc.open("\(directory)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
      if descriptor >= 0 { close(descriptor) }
      throw Failure(description: "cannot lock '\(directory)': \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  /// libvirt expects a run directory that is empty after a boot: old marks there say "running" of what is gone.
  private func forgetLastBoot() throws {
    guard let now = FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id") else { return }
    let record = "\(directory)/boot_id"
    let last = FileManager.default.contents(atPath: record)
    // Never on mere absence of the record: that would orphan what runs.
    if let last, last != now { try? FileManager.default.removeItem(atPath: "\(directory)/run") }
    if last != now { try now.write(to: URL(filePath: record), options: .atomic) }
  }

  private func makeLink() throws {
    _ = symlink(directory, link)
    guard try ownsSocketDirectory() else { throw Failure(description: "cannot make the link '\(link)'") }
  }

  /// True if what the socket is reached through is the user's own; false if it is not there yet.
  ///
  /// Throws if somebody else made it: the daemon behind it would not be the user's.
  func ownsSocketDirectory() throws -> Bool {
    if isPrivileged { return true }
    var status = stat()
    guard lstat(link, &status) == 0 else { return false }
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = readlink(link, &target, target.count)
    guard status.st_uid == geteuid(), length > 0,
      String(decoding: target.prefix(length), as: UTF8.self) == directory
    else {
      throw Failure(
        description: "'\(link)' is in the way: remove it, or set VIRTFORM_HOME to another directory")
    }
    return true
  }

  // MARK: Start

  /// Starts it and waits until it takes calls. The caller holds the lock.
  func start() async throws {
    let daemon = try libvirtd()
    try forgetLastBoot()
    try prepare()
    if !isPrivileged { try makeLink() }
    let pidFile = "\(directory)/libvirtd.pid"
    let arguments = [
      "--daemon", "--pid-file", pidFile, "--timeout", "\(EmbeddedConfiguration.idleSeconds)", "--config",
    ]
    if isPrivileged {
      let databases = try userDatabases()
      try await run(
        "/usr/bin/unshare",
        [
          "--mount", "--propagation", "slave", "/bin/sh", "-euc", EmbeddedConfiguration.enterScript, "sh",
          directory,
        ]
          + databases + ["--", daemon] + arguments + ["/etc/libvirt/libvirtd.conf"], [:])
    } else {
      try await run(
        daemon, arguments + ["\(directory)/cfg/libvirt/libvirtd.conf"],
        [
          "XDG_CONFIG_HOME": "\(link)/cfg", "XDG_DATA_HOME": "\(link)/data",
          "XDG_CACHE_HOME": "\(link)/cache",
          "XDG_RUNTIME_DIR": "\(link)/run",
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
      ("passwd", "libvirt-qemu:x:65533:65533::/nonexistent:/usr/sbin/nologin\n"),
      ("group", "libvirt-qemu:x:65533:\n"),
    ]
    var names: [String] = []
    for (name, entry) in entries {
      guard let original = FileManager.default.contents(atPath: "/etc/\(name)") else { continue }
      let text = String(decoding: original, as: UTF8.self)
      if text.split(separator: "\n").contains(where: { $0.hasPrefix("libvirt-qemu:") }) { continue }
      let copy = "\(directory)/\(name)"
      try Data((text + (text.hasSuffix("\n") ? "" : "\n") + entry).utf8).write(
        to: URL(filePath: copy), options: .atomic)
      chmod(copy, 0o644)
      names.append(name)
    }
    return names
  }

  /// The variables that libvirt, and what it runs, go by.
  private static func isOfDaemon(_ name: String) -> Bool {
    ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR"].contains(name)
      || ["LC_", "XDG_", "LIBVIRT_", "VIR_", "QEMU_", "DBUS_"].contains { name.hasPrefix($0) }
  }

  private func run(_ program: String, _ arguments: [String], _ environment: [String: String]) async throws {
    // The daemon outlives this run, whose environment may hold secrets of a spec.
    let own = ProcessInfo.processInfo.environment.filter { Self.isOfDaemon($0.key) }
    let updates = Dictionary(
      uniqueKeysWithValues: own.merging(environment) { $1 }.map { (Environment.Key(stringLiteral: $0), $1) })
    let result = try await Subprocess.run(
      .path(.init(program)), arguments: Arguments(arguments), environment: .custom(updates),
      output: .discarded, error: .string(limit: 16 << 10))
    guard result.terminationStatus.isSuccess else {
      let detail = result.standardError.split(separator: "\n").suffix(3).joined(separator: "; ")
      throw Failure(
        description: "libvirtd did not start: \(detail.isEmpty ? "\(result.terminationStatus)" : detail)")
    }
  }
}

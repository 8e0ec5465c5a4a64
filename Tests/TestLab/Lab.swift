import FoundationEssentials
import Glibc
public import Libvirt
import Subprocess

/// A private libvirt for one suite of tests, and the `virtform` binary run against it as a user would.
///
/// All state lies in a directory of its own below /tmp. `close()` ends every guest and the daemon.
public final class Lab: Sendable {
  /// The directory that `VIRTFORM_HOME` names.
  public let home: String
  /// A directory for specs and other files of tests.
  public let work: String
  /// Held open so that what the test driver keeps in memory stays until the end.
  public let connection: Connection
  /// The URI of the daemon's QEMU driver.
  public let uri: String

  /// Starts the daemon by way of `virtform` itself.
  ///
  /// - Parameters:
  ///   - driver: `qemu` or `test`, the driver that `connection` is held on.
  ///   - configuration: lines for `libvirtd.conf`, which count over those of the lab.
  ///   - launcher: a program and arguments that the daemon is started by way of, such as one with mounts of its own.
  ///   - prepare: gets the work directory before the daemon starts, which sees no mount that is made later.
  public init(
    driver: String = "qemu", configuration lines: String = "", launcher: [String] = [],
    prepare: (String) async throws -> Void = { _ in }
  ) async throws {
    // A daemon that ends while something is written to it must not end all tests.
    signal(SIGPIPE, SIG_IGN)
    let root = "/tmp/vfl-\(UInt32.random(in: 0...UInt32.max))"
    home = "\(root)/h"
    work = "\(root)/w"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    try await prepare(work)
    let configuration = "\(home)/\(geteuid() == 0 ? "etc" : "cfg/libvirt")"
    try FileManager.default.createDirectory(atPath: configuration, withIntermediateDirectories: true)
    // libvirt goes by the first of two lines.
    try (lines + "\n" + Self.daemonConfiguration(home: home)).write(
      toFile: "\(configuration)/libvirtd.conf", atomically: true, encoding: .utf8)
    try Self.copyCapabilities(from: Self.capabilitiesCache, to: Self.capabilities(home: home))
    let start = try "virtform: 1\nstack: start\n".written(to: "\(work)/start.yaml")
    let command = launcher + [Self.binary, "show", start]
    let shown = try await Self.run(
      command[0], Array(command.dropFirst()), in: work, environment: ["VIRTFORM_HOME": home])
    guard let line = shown.output.split(separator: "\n").first(where: { $0.hasPrefix("host local") }),
      let uri = line.split(separator: " ").last.map(String.init)
    else { throw Failure(description: "the daemon did not start: \(shown.output)\(shown.errors)") }
    self.uri = uri
    try Self.copyCapabilities(from: Self.capabilities(home: home), to: Self.capabilitiesCache)
    connection = try await Connection.open(Self.uri(uri, driver: driver), access: .readWrite)
  }

  /// Runs `body` with a lab of its own, and closes that however it ends.
  public static func with(
    driver: String = "qemu", configuration: String = "", launcher: [String] = [],
    prepare: (String) async throws -> Void = { _ in }, _ body: (Lab) async throws -> Void
  ) async throws {
    let lab = try await Lab(
      driver: driver, configuration: configuration, launcher: launcher, prepare: prepare)
    do { try await body(lab) } catch {
      await lab.close()
      throw error
    }
    await lab.close()
  }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
  }

  /// The configuration of a daemon that writes no calls down, which takes it time.
  public static let withoutCallLog = "log_filters = \"4:rpc\""

  /// As virtform's own, and a log with a line for each call that arrives.
  private static func daemonConfiguration(home: String) -> String {
    let log = geteuid() == 0 ? "/var/log/libvirt" : home
    return """
      auth_unix_rw = "none"
      auth_unix_ro = "none"
      unix_sock_rw_perms = "0700"
      unix_sock_ro_perms = "0700"
      unix_sock_admin_perms = "0700"
      host_uuid = "\(UUID().uuidString.lowercased())"
      log_filters = "1:rpc.netserverprogram"
      log_outputs = "1:file:\(log)/rpc.log"

      """
  }

  /// Where a daemon keeps what it found out about QEMU's binaries, which takes it eight seconds the first time.
  private static func capabilities(home: String) -> String {
    geteuid() == 0 ? "\(home)/cache/qemu/capabilities" : "\(home)/cache/libvirt/qemu/cache/capabilities"
  }

  private static let capabilitiesCache = "\(repository)/.lab/capabilities"

  /// The next lab's daemon checks whether what it finds there is still true.
  private static func copyCapabilities(from: String, to: String) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: from)) ?? []
    guard !names.isEmpty else { return }
    try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
    for name in names where !FileManager.default.fileExists(atPath: "\(to)/\(name)") {
      try? FileManager.default.copyItem(atPath: "\(from)/\(name)", toPath: "\(to)/\(name)")
    }
  }

  /// The daemon's URI with another of its drivers.
  public func uri(driver: String) -> String { Self.uri(uri, driver: driver) }

  private static func uri(_ uri: String, driver: String) -> String {
    driver == "test" ? "test+unix:///default?" + uri.split(separator: "?")[1] : uri
  }

  /// Ends the guests and the daemon and removes the directory.
  public func close() async {
    if let qemu = try? await Connection.open(uri, access: .readWrite) {
      for domain in (try? await qemu.domains(.active)) ?? [] { try? await domain.powerOff() }
      for network in (try? await qemu.networks(.active)) ?? [] { try? await network.stop() }
      await qemu.close()
    }
    await connection.close()
    if let text = try? String(contentsOfFile: "\(home)/libvirtd.pid", encoding: .utf8),
      let pid = pid_t(text.filter(\.isNumber)), pid > 1
    {
      kill(pid, SIGTERM)
      for _ in 0..<50 where kill(pid, 0) == 0 { try? await Task.sleep(for: .milliseconds(100)) }
    }
    try? FileManager.default.removeItem(atPath: String(home.dropLast(2)))
  }

  // MARK: Commands

  /// What a command said and how it ended.
  public struct Outcome: Sendable {
    public let status: Int32
    public let output: String
    public let errors: String
  }

  /// Runs `virtform` without a terminal, in the work directory.
  public func virtform(_ arguments: String..., environment: [String: String] = [:]) async throws -> Outcome {
    try await Self.virtform(arguments, home: home, in: work, environment: environment)
  }

  /// The same with a list.
  public func virtform(_ arguments: [String]) async throws -> Outcome {
    try await Self.virtform(arguments, home: home, in: work)
  }

  /// Runs `virtform` with any home, which a command that opens no host never looks at.
  public static func virtform(
    _ arguments: [String], home: String, in directory: String, environment: [String: String] = [:]
  ) async throws -> Outcome {
    var environment = environment
    environment["VIRTFORM_HOME"] = home
    return try await run(binary, arguments, in: directory, environment: environment)
  }

  /// Runs `virsh`, the independent client, against the daemon.
  public func virsh(_ arguments: String..., driver: String = "qemu") async throws -> String {
    try await virsh(arguments, driver: driver)
  }

  public func virsh(_ arguments: [String], driver: String = "qemu") async throws -> String {
    let outcome = try await Self.run(
      "/usr/bin/virsh", ["-q", "-c", uri(driver: driver)] + arguments, in: work)
    guard outcome.status == 0 else { throw Failure(description: "virsh \(arguments): \(outcome.errors)") }
    return outcome.output
  }

  /// Runs a program with the mounts that the daemon sees.
  public func runInDaemon(_ program: String, _ arguments: String...) async throws -> Outcome {
    let pid = try String(contentsOfFile: "\(home)/libvirtd.pid", encoding: .utf8).filter(\.isNumber)
    return try await Self.run(
      "/usr/bin/nsenter", ["--target", pid, "--mount", "--wd=/", program] + arguments, in: work)
  }

  /// Runs any program to its end.
  public static func run(
    _ program: String, _ arguments: [String], in directory: String, environment: [String: String] = [:]
  ) async throws -> Outcome {
    let updates = Dictionary(
      uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), Optional($1)) })
    let result = try await Subprocess.run(
      .path(.init(program)), arguments: Arguments(arguments), environment: .inherit.updating(updates),
      workingDirectory: .init(directory), output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): -signal
      }
    return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
  }

  /// The built `virtform`, beside the tests; or the one that `VIRTFORM_BINARY` names, which may be built otherwise.
  public static let binary: String = {
    if let path = ProcessInfo.processInfo.environment["VIRTFORM_BINARY"], !path.isEmpty { return path }
    var directory = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    for _ in 0..<6 {
      let candidate = directory.appending(path: "virtform").path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      directory = directory.deletingLastPathComponent()
    }
    return "\(repository)/.build/debug/virtform"
  }()

  /// The directory of the package.
  public static let repository: String = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Writes a file into the work directory and returns its path.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try text.written(to: "\(work)/\(name)")
  }
}

extension String {
  fileprivate func written(to path: String) throws -> String {
    try write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}

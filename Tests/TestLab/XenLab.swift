import FoundationEssentials
import Glibc

/// A Xen host for a test, by way of `Lab/xen/lab.sh`: Xen and a dom0 with libvirt, in a QEMU that emulates.
///
/// It is a new host each time, with a pool `default` and no network. It lies below /tmp, and `close()` leaves nothing of it. When the
/// process of the tests ends, it ends, too.
public final class XenLab: Sendable {
  /// A directory for specs and other files of tests.
  public let work: String
  /// How a libvirt client on this machine reaches the host.
  public let uri: String
  private let directory: String

  private init(directory: String) async throws {
    self.directory = directory
    uri = try await Self.command(["uri"], in: directory).filter { !$0.isWhitespace }
    work = "\(directory)/w"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
  }

  /// Runs `body` with a host of its own, and closes it however it ends.
  ///
  /// - Parameter hasSVM: whether its processor virtualizes; it has to boot then.
  public static func with(hasSVM: Bool = false, _ body: (XenLab) async throws -> Void) async throws {
    let directory = "/tmp/vfxen-\(UInt32.random(in: 0...UInt32.max))"
    do {
      try await command(hasSVM ? ["up", "svm"] : ["up"], in: directory)
      try await body(XenLab(directory: directory))
    } catch {
      try? await close(directory)
      throw error
    }
    try await close(directory)
  }

  private static func close(_ directory: String) async throws {
    try await command(["down"], in: directory)
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Ends all guests and boots the host again; definitions and disks stay.
  public func reboot() async throws { try await Self.command(["reboot"], in: directory) }

  // MARK: Commands

  /// Runs `virtform` without a terminal, in the work directory.
  public func virtform(_ arguments: [String], environment: [String: String] = [:]) async throws
    -> Lab.Outcome
  {
    try await Lab.virtform(arguments, home: "\(directory)/home", in: work, environment: environment)
  }

  /// Runs `virtform` and kills it after `seconds`.
  public func virtform(
    killedAfter seconds: Int, _ arguments: [String], environment: [String: String] = [:]
  ) async throws {
    _ = try await Lab.run(
      "/usr/bin/timeout", ["-s", "KILL", "\(seconds)", Lab.binary] + arguments, in: work,
      environment: environment.merging(["VIRTFORM_HOME": "\(directory)/home"]) { $1 })
  }

  /// Runs `virsh`, the independent client, on this machine. Returns what it says.
  @discardableResult
  public func virsh(_ arguments: String...) async throws -> String {
    let outcome = try await Lab.run("/usr/bin/virsh", ["-q", "-c", uri] + arguments, in: work)
    guard outcome.status == 0 else {
      throw Lab.Failure(description: "virsh \(arguments): \(outcome.errors)")
    }
    return outcome.output
  }

  /// Runs a command of the shell in dom0. Returns what it says.
  @discardableResult
  public func run(_ script: String) async throws -> String {
    try await Self.command(["enter", script], in: directory)
  }

  /// The fields of the first status line of the tiny guest that `condition` holds for, as Xen keeps its console. Lines of
  /// former starts do not count.
  public func status(
    of name: String, until condition: ([String: String]) -> Bool = { _ in true },
    within limit: Duration = .seconds(900)
  ) async throws -> [String: String] {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    // What the log has by now may be old.
    let log = "/var/log/xen/console/guest-\(name).log"
    let before = Int(try await run("cat \(log) 2>/dev/null | wc -c").filter(\.isNumber)) ?? 0
    var last: [String: String] = [:]
    while clock.now < deadline {
      let text = try await run("tail -c +\(before + 1) \(log) 2>/dev/null | grep -a VF-STATUS | tail -n 1; :")
      let line = text.split(separator: "\n").last.map(String.init) ?? ""
      // A line that is being written has no end yet.
      if line.contains(" boot=") {
        last = Lab.fields(of: line)
        if condition(last) { return last }
      }
      try await Task.sleep(for: .seconds(1))
    }
    throw Lab.Failure(
      description: "the guest \(name) did not get there within \(limit); its last status is \(last)")
  }

  @discardableResult
  private static func command(_ words: [String], in directory: String) async throws -> String {
    let outcome = try await Lab.run(
      "\(Lab.repository)/Lab/xen/lab.sh", words, in: "/",
      environment: ["VF_LAB": directory, "VF_LAB_OWNER": "\(getpid())"])
    guard outcome.status == 0 else {
      throw Lab.Failure(description: "lab.sh \(words): \(outcome.errors)")
    }
    return outcome.output
  }
}

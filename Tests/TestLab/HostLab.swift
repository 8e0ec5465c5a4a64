import FoundationEssentials
import Glibc

/// Several QEMU hosts on this machine for a test, by way of `Lab/qemu/lab.sh`: each is a machine of its own with networks,
/// disks and a libvirtd, which can be cut off, hang or crash.
///
/// All hosts have a directory of their own at `/srv/local`, share one at `/srv/shared`, and join their guests by the bridge
/// `br0`. They lie below /tmp, and `close()` leaves nothing of them. When the process of the tests ends, they end, too.
public final class HostLab: Sendable {
  /// `rack1`, `rack2` …
  public let hosts: [String]
  /// A directory for specs and other files of tests.
  public let work: String
  private let directory: String
  private let uris: [String: [Transport: String]]

  /// How a client speaks to a host. `ssh` knows the hosts' keys only as `virtform(_:)` and `virsh(on:_:)` run it.
  public enum Transport: String, Sendable, CaseIterable {
    case tcp, tls, ssh, libssh, libssh2
  }

  /// Who else a host can be cut off from.
  public enum Peer: Sendable {
    case host(String)
    /// The machine that the tests run on.
    case client

    fileprivate var word: String {
      switch self {
      case .host(let name): name
      case .client: "client"
      }
    }
  }

  private init(directory: String, hosts: [String]) throws {
    self.directory = directory
    self.hosts = hosts
    work = "\(directory)/w"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    uris = try Dictionary(
      uniqueKeysWithValues: hosts.map { host in
        let lines = try String(contentsOfFile: "\(directory)/\(host)/uris", encoding: .utf8)
        let pairs = lines.split(separator: "\n").compactMap { line -> (Transport, String)? in
          let words = line.split(separator: " ").map(String.init)
          return words.count == 2 ? Transport(rawValue: words[0]).map { ($0, words[1]) } : nil
        }
        return (host, Dictionary(uniqueKeysWithValues: pairs))
      })
  }

  /// Starts `count` hosts, 1 to 9, and waits until all answer.
  public static func start(hosts count: Int) async throws -> HostLab {
    // A host that ends while something is written to it must not end all tests.
    signal(SIGPIPE, SIG_IGN)
    let directory = "/tmp/vfh-\(UInt32.random(in: 0...UInt32.max))"
    do {
      try await command(["up", "\(count)"], in: directory)
      return try HostLab(directory: directory, hosts: (1...count).map { "rack\($0)" })
    } catch {
      try? FileManager.default.removeItem(atPath: directory)
      throw error
    }
  }

  /// A guest's kernel has crashed.
  ///
  /// QEMU that emulates can lose a page which the guest writes while it is sent: on a busy machine one live migration of some
  /// hundreds ends so, by whatever client (Lab/qemu/README.md).
  public struct GuestCrash: Error, CustomStringConvertible {
    public let description: String

    /// nil unless the console has what a kernel of Linux says when it crashes.
    public init?(console: String) {
      let words = [
        "Oops", "general protection fault", "Kernel panic", "BUG: ", "unable to handle page fault",
      ]
      guard let word = words.first(where: console.contains), let place = console.firstRange(of: word) else {
        return nil
      }
      description = "the guest's kernel crashed: \(console[place.lowerBound...].prefix(400))"
    }
  }

  /// Runs `body` with hosts of its own, and closes them however it ends. If a guest's kernel crashes, it says so and runs once
  /// more, with new hosts.
  public static func with(hosts count: Int, _ body: (HostLab) async throws -> Void) async throws {
    do {
      try await once(hosts: count, body)
    } catch let crash as GuestCrash {
      print(
        "NOTE: \(crash)\nNOTE: QEMU's emulation may lose memory while it migrates: the test runs once more")
      try await once(hosts: count, body)
    }
  }

  private static func once(hosts count: Int, _ body: (HostLab) async throws -> Void) async throws {
    let lab = try await start(hosts: count)
    do { try await body(lab) } catch {
      try? await lab.close()
      throw error
    }
    try await lab.close()
  }

  /// Ends all hosts with their guests, and removes the directory.
  public func close() async throws {
    try await run("down")
    try FileManager.default.removeItem(atPath: directory)
  }

  /// How a libvirt client on this machine reaches a host.
  public func uri(of host: String, transport: Transport = .tcp) -> String {
    uris[host]?[transport] ?? "no host \(host)"
  }

  // MARK: Faults

  /// Ends a host's libvirtd by SIGTERM; guests go on.
  public func stop(_ host: String) async throws { try await run("stop", host) }
  /// Ends a host's libvirtd by SIGKILL; guests go on.
  public func kill(_ host: String) async throws { try await run("kill", host) }
  /// Starts a host's libvirtd again, or boots a host that has crashed. Returns when it answers.
  public func start(_ host: String) async throws { try await run("start", host) }
  /// A host's libvirtd answers nobody until it is thawed.
  public func freeze(_ host: String) async throws { try await run("freeze", host) }
  public func thaw(_ host: String) async throws { try await run("thaw", host) }
  /// Power loss: guests and daemons of a host end at once and tell nobody.
  public func crash(_ host: String) async throws { try await run("crash", host) }

  /// Loses what goes between a host and `peers`, or everybody and its guests, too, where none are given.
  ///
  /// - Parameter isReset: connections are reset and refused instead, but for those of guests.
  public func cut(_ host: String, from peers: [Peer] = [], isReset: Bool = false) async throws {
    try await run(["cut"] + (isReset ? ["--reset"] : []) + [host] + peers.map(\.word))
  }
  /// Limits what a host sends and gets, guests included; `rate` is one of tc(8), such as `10mbit`.
  public func slow(_ host: String, to rate: String) async throws { try await run("slow", host, rate) }
  /// Undoes `cut` and `slow`.
  public func heal(_ host: String) async throws { try await run("heal", host) }

  // MARK: Commands

  /// Runs `virtform` without a terminal, in the work directory.
  public func virtform(_ arguments: String..., environment: [String: String] = [:]) async throws
    -> Lab.Outcome
  {
    try await Lab.virtform(
      arguments, home: "\(directory)/home", in: work,
      environment: clientEnvironment.merging(environment) { $1 })
  }

  /// Runs `virsh`, the independent client, on this machine. Returns what it says.
  @discardableResult
  public func virsh(on host: String, _ arguments: String..., transport: Transport = .tcp) async throws
    -> String
  {
    let outcome = try await Lab.run(
      "/usr/bin/virsh", ["-q", "-c", uri(of: host, transport: transport)] + arguments, in: work,
      environment: clientEnvironment)
    guard outcome.status == 0 else {
      throw Lab.Failure(description: "virsh on \(host), \(arguments): \(outcome.errors)")
    }
    return outcome.output
  }

  /// Runs a program on a host, as root there. Returns what it says.
  @discardableResult
  public func run(on host: String, _ command: String...) async throws -> String {
    try await run(["enter", host] + command)
  }

  /// Has the `ssh` first that knows the hosts' keys.
  private var clientEnvironment: [String: String] {
    ["PATH": "\(directory)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"]
  }

  @discardableResult
  private func run(_ words: String...) async throws -> String { try await run(words) }

  @discardableResult
  private func run(_ words: [String]) async throws -> String {
    try await Self.command(words, in: directory)
  }

  @discardableResult
  private static func command(_ words: [String], in directory: String) async throws -> String {
    let outcome = try await Lab.run(
      "\(Lab.repository)/Lab/qemu/lab.sh", words, in: "/",
      environment: ["VF_LAB": directory, "VF_LAB_OWNER": "\(getpid())"])
    guard outcome.status == 0 else {
      throw Lab.Failure(description: "lab.sh \(words): \(outcome.errors)")
    }
    return outcome.output
  }
}

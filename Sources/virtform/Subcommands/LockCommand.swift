import Applier
import ArgumentParser
import SpecModel

/// Keeps everybody from changing a stack, or shows who does.
struct LockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "lock",
    abstract: "Keep everybody from changing the stack, or show who does.",
    discussion: "The lock has no end: 'virtform unlock' removes it. 'plan' and 'show' need no lock.")

  @OptionGroup var options: SpecOptions
  @OptionGroup var lock: LockOptions

  @Option(name: .customLong("reason"), help: "What others are told who want to change the stack.")
  var reason: String?

  @Flag(name: .customLong("status"), help: "Show which hosts are locked, and by whom; lock nothing.")
  var showsStatus = false

  @Flag(name: .customLong("json"), help: "With --status: as JSON.")
  var isJSON = false

  func validate() throws {
    if isJSON, !showsStatus { throw ValidationError("--json goes with --status") }
    guard let reason else { return }
    guard !reason.allSatisfy(\.isWhitespace), reason == printable(reason), reason.utf8.count <= 300 else {
      throw ValidationError("the reason must be one line of up to 300 bytes")
    }
  }

  func run() async throws {
    if showsStatus {
      return try await Workspace.open(options, access: .readOnly, reads: false, needsAll: true).closing {
        workspace in
        let locking = Locking(workspace)
        if isJSON { return Terminal.print(try await locking.document()) }
        _ = try await locking.show()
      }
    }
    try await Workspace.open(options, access: .readWrite, reads: false, needsAll: true).closing { workspace in
      let stack = workspace.site.stack
      let request = LockRequest(
        stack, command: "lock", reason: reason, hasLease: false, timeout: lock.timeout)
      _ = try await Locking(workspace).take(request)
      let hosts = workspace.site.hosts.map { "'\($0.name)'" }.joined(separator: ", ")
      Terminal.print("Locked stack '\(stack)' on \(hosts); 'virtform unlock' ends it.")
    }
  }
}

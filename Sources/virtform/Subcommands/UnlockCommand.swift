import ArgumentParser

/// Shows and breaks the lock of a stack.
struct UnlockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "unlock",
    abstract: "Show who has locked the stack, and break the lock.",
    discussion: "A run that still works when its lock is broken begins nothing more within a minute.")

  @OptionGroup var options: SpecOptions
  @OptionGroup var consent: ConsentOptions

  func run() async throws {
    try await Workspace.open(options, access: .readWrite, reads: false, needsAll: true).closing { workspace in
      let locking = Locking(workspace)
      let locks = try await locking.show()
      if locks.isEmpty { return }
      _ = try await consent.obtain(for: "Break \(locks.count == 1 ? "this lock" : "these locks")?")
      try await locking.breakLocks(locks)
    }
  }
}

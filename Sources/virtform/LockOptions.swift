import ArgumentParser
import SpecModel

/// What a command takes that needs the lock of the stack.
struct LockOptions: ParsableArguments {
  @Option(
    name: .customLong("lock-timeout"),
    help: ArgumentHelp("How long to wait while somebody else works on the stack.", valueName: "time"),
    transform: Self.time)
  var timeout = TimeSpan(seconds: 0)

  private static func time(_ text: String) throws -> TimeSpan {
    do {
      return try TimeSpan(parsing: text)
    } catch {
      throw ValidationError(error.message + (error.help.map { "; \($0)" } ?? ""))
    }
  }
}

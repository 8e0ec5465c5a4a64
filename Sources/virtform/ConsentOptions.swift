import ArgumentParser
import Dispatch

/// What a command takes that asks before it does something.
struct ConsentOptions: ParsableArguments {
  @Flag(name: .customLong("auto-approve"), help: "Do it without asking.")
  var isApproved = false

  /// How consent was given: beforehand, or by somebody who took their time to read.
  enum Consent { case given, asked }

  /// Asks unless `--auto-approve` is there; without consent, says so and ends the command.
  func obtain(for question: String) async throws -> Consent {
    if isApproved { return .given }
    guard Terminal.isInteractive else {
      throw Terminal.fail(
        "this needs consent, and there is no terminal to ask on", help: "--auto-approve gives it", .refused)
    }
    Terminal.print("\n\(question) Only 'yes' is taken for an answer: ", terminator: "")
    guard await Self.answer() == "yes" else {
      Terminal.error("Nothing was changed.")
      throw ExitStatus.refused
    }
    return .asked
  }

  /// A line from standard input, waited for on a thread of its own: locks are renewed meanwhile.
  private static func answer() async -> String? {
    await withCheckedContinuation { continuation in
      DispatchQueue(label: "answer").async { continuation.resume(returning: readLine()) }
    }
  }
}

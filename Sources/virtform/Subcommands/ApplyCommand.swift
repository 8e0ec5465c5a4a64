import ArgumentParser
import Planner

/// Makes the hosts as the spec says.
struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Make the hosts as the spec says.")

  @OptionGroup var options: SpecOptions
  @OptionGroup var consent: ConsentOptions

  func run() async throws {
    try await Convergence(options: options, consent: consent, goal: .converge).run()
  }
}

import ArgumentParser
import FoundationEssentials
import Planner

/// Makes the hosts as the spec says.
struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Make the hosts as the spec says, or carry out a saved plan.",
    discussion: """
      Instead of a spec it takes a plan that 'virtform plan -o FILE' saved. That is carried out without asking, as it was \
      reviewed; if the spec or a host has changed since in what the plan rests on, nothing is done.
      """)

  @OptionGroup var options: ConvergenceOptions

  func run() async throws {
    guard let saved = try PlanFile.read(options.spec.spec) else {
      return try await Convergence(options: options, goal: .converge).run()
    }
    guard options.planning.isEmpty else {
      throw Terminal.fail(
        "what a saved plan may do was said when it was made; no further options go with it")
    }
    guard FileManager.default.fileExists(atPath: saved.spec.path) else {
      throw Terminal.fail(
        "the plan '\(options.spec.spec)' is about the spec at '\(saved.spec.path)', and there is none",
        help: "carry it out in the directory that it was made in")
    }
    try await Convergence(options: options, saved: saved).run()
  }
}

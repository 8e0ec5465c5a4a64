import ArgumentParser
import Planner

/// Removes all that the stack has on its hosts.
struct DestroyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "destroy",
    abstract: "Remove all that the stack has on its hosts.",
    discussion:
      "The content of disks stays unless --allow-data-loss is given. What virtform did not make is left alone."
  )

  @OptionGroup var options: ConvergenceOptions

  func run() async throws {
    try await Convergence(options: options, goal: .destroy).run()
  }
}

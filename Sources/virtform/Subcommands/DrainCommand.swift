import ArgumentParser
import SpecModel

/// Moves the VMs of a host to others.
struct DrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "drain", abstract: "Move the VMs of a host to others that the spec allows.",
    discussion: """
      Shows the moves, asks, and makes them. What the spec changes of VMs that move, and what their moves need, comes along; \
      all else is left for the next apply. The host takes VMs again then, which moves none back: 'state: drained' in the \
      spec keeps it empty.
      """)

  @Argument(help: "The host.", transform: PlanningOptions.host)
  var host: ResourceName

  @OptionGroup var options: ConvergenceOptions

  func run() async throws {
    let site = try options.spec.load()
    try options.spec.requireHost(host, in: site)
    var convergence = Convergence(options: options, goal: .converge)
    convergence.planning.drained.insert(host)
    convergence.planning.isOnlyMoves = true
    try await convergence.run()
  }
}

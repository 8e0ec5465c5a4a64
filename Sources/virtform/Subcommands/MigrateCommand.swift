import ArgumentParser
import SpecModel

/// Moves a VM to a host of its choice.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "migrate", abstract: "Move a VM to another of the hosts that the spec allows.",
    discussion: """
      It stays there: virtform moves no VM without a reason. What the spec changes of the VM, and what its move needs, comes \
      along; all else is left for the next apply. A VM whose host the spec names goes there alone: another host is written \
      into the spec, and applied.
      """)

  @Argument(help: "The VM.")
  var vm: String

  @Argument(help: "The host.", transform: PlanningOptions.host)
  var host: ResourceName

  @OptionGroup var options: ConvergenceOptions

  func run() async throws {
    let site = try options.spec.load()
    let machine = try options.spec.machine(vm, in: site)
    try options.spec.requireHost(host, in: site)
    guard machine.placement.hosts.contains(host) else {
      throw Terminal.fail(
        "the spec does not allow VM '\(machine.name)' on host '\(host)'",
        at: site.origins.location(of: machine.path + "host"),
        help: machine.placement.isChosen
          ? "it allows " + machine.placement.hosts.map(\.rawValue).joined(separator: ", ")
          : "write host: \(host), and apply")
    }
    var convergence = Convergence(options: options, goal: .converge)
    convergence.planning.destinations[machine.name] = host
    convergence.planning.isOnlyMoves = true
    try await convergence.run()
  }
}

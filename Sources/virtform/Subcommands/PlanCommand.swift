import ArgumentParser
import Planner

/// Shows what `apply` would do. Opens the hosts for reading only.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what apply would do; changes nothing.")

  @OptionGroup var options: SpecOptions

  @Flag(
    name: .customLong("allow-data-loss"), help: "Plan to delete the disks of what the spec no longer has.")
  var allowsDataLoss = false

  @Flag(name: .customLong("destroy"), help: "Plan the removal of the whole stack.")
  var destroys = false

  @Flag(name: .customLong("detailed-exitcode"), help: "End with 2 if there are changes.")
  var hasDetailedExitCode = false

  func run() async throws {
    let workspace = try await Workspace.open(options, access: .readOnly)
    let plan = try await workspace.plan(
      .init(goal: destroys ? .destroy : .converge, allowsDataLoss: allowsDataLoss))
    Terminal.print(PlanText(plan, style: Terminal.style(noColor: options.noColor)).render(), terminator: "")
    await workspace.fleet.close()
    if hasDetailedExitCode, !plan.isEmpty { throw ExitStatus.changesPresent }
  }
}

import ArgumentParser
import Planner

/// Shows what somebody changed beside virtform. Opens the hosts for reading only.
struct DriftCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "drift", abstract: "Show what was changed beside virtform; changes nothing.",
    discussion: """
      Compares what was last applied with what is there. What the spec wants otherwise than when it was last applied is no \
      drift: 'virtform plan' shows it. What is missing is shown, too, since a host does not remember what it no longer has.
      """)

  @OptionGroup var options: SpecOptions

  @Flag(name: .customLong("detailed-exitcode"), help: "End with 2 if something has drifted or is missing.")
  var hasDetailedExitCode = false

  @Flag(name: .customLong("json"), help: "As JSON: the whole plan, whose resource_drift has what drifted.")
  var isJSON = false

  func run() async throws {
    let (obstacles, forms) = try await Workspace.open(options, access: .readOnly).closing { workspace in
      var workspace = workspace
      let (plan, obstacles) = try await workspace.differences()
      return (obstacles, PlanForms(plan, in: workspace, options: SitePlanner.Options()))
    }
    let drift = DriftText(
      forms.plan, obstacles: obstacles, style: Terminal.style(noColor: options.reading.noColor))
    if isJSON {
      Terminal.report(obstacles)
      Terminal.print(try forms.document.json)
    } else {
      Terminal.print(drift.render(), terminator: "")
    }
    if hasDetailedExitCode, !drift.isEmpty { throw ExitStatus.changesPresent }
  }
}

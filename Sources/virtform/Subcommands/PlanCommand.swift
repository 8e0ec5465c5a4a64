import ArgumentParser
import FoundationEssentials
import Planner

/// Shows what `apply` would do. Opens the hosts for reading only.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    subcommand: "plan", abstract: "Show what apply would do; changes nothing.")

  @OptionGroup var options: SpecOptions
  @OptionGroup var planning: PlanningOptions
  @OptionGroup var policy: PolicyOptions
  @OptionGroup(title: "Output") var form: PlanOutputOptions

  @Flag(name: .customLong("destroy"), help: "Plan the removal of the whole stack.")
  var destroys = false

  @Option(
    name: [.customShort("o"), .customLong("out")],
    help: ArgumentHelp("Save the plan, for 'virtform apply FILE'.", valueName: "file"), completion: .file())
  var output: String?

  @Option(
    name: .customLong("sign"),
    help: ArgumentHelp(
      "Sign the saved plan with this SSH key, or the public half of one that an agent has; the signature is FILE.sig.",
      valueName: "key"), completion: .file())
  var key: String?

  @Flag(name: .customLong("detailed-exitcode"), help: "End with 2 if there are changes.")
  var hasDetailedExitCode = false

  @Option(
    help: ArgumentHelp(
      "Look at the policy's windows as of this time, such as 2026-12-05T22:30:00Z; without it, as of now.",
      valueName: "time"), transform: Self.time)
  var at: Date?

  private static func time(_ text: String) throws -> Date {
    guard let time = try? Date(text, strategy: .iso8601) else {
      throw ValidationError("'\(text)' is not a time; write it as 2026-12-05T22:30:00Z")
    }
    return time
  }

  func validate() throws {
    if key != nil, output == nil { throw ValidationError("--sign goes with --out") }
  }

  func run() async throws {
    let planning = planning.planning(destroys ? .destroy : .converge)
    let plan = try await Workspace.open(options, policy: policy, access: .readOnly).closing { workspace in
      var workspace = workspace
      let plan = try await workspace.plan(planning, at: at ?? Date())
      if let output {
        try await PlanFile.write(workspace.saved(plan, options: planning), to: output, signedBy: key)
      }
      try form.show(
        PlanForms(plan, in: workspace, options: planning),
        style: Terminal.style(noColor: options.reading.noColor))
      return plan
    }
    if let output {
      let signed = key == nil ? "" : ", signed in \(PlanSignature.path(of: output))"
      let text = "Saved to \(output)\(signed); carry it out with: virtform apply \(output)"
      if form.isText { Terminal.print(text) } else { Terminal.remark(text) }
    }
    try PolicyOptions.enforce(on: plan)
    if hasDetailedExitCode, !plan.isEmpty { throw ExitStatus.changesPresent }
  }
}

import ArgumentParser
import Planner

/// Limits on what a plan may do, beside those that the spec sets.
struct PolicyOptions: ParsableArguments {
  @Option(
    name: .customLong("policy"),
    help: ArgumentHelp(
      "Have the rules of this YAML file count beside the spec's policy; may be given again.",
      valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var files: [String] = []

  /// Ends the run if the policy has something against `plan`.
  static func enforce(on plan: Plan) throws {
    guard !plan.breaches.isEmpty else { return }
    throw Terminal.fail(
      "the policy refuses this plan, and nothing was done: \(plan.breaches.rules)",
      help: "the plan says which objects break each rule", .refused)
  }
}

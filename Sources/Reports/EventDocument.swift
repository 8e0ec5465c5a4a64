public import Applier
public import FoundationEssentials
public import Planner
public import SpecModel

/// One line of what `apply --json` prints: an object with its `type`, and the time. `docs/schemas/event.schema.json`
/// describes all of them.
public struct EventDocument {
  public static let formatVersion = "1.0"

  private let type: String
  private let members: [String: StructuredValue]

  private init(_ type: String, _ members: [String: StructuredValue] = [:]) {
    self.type = type
    self.members = members
  }

  public func json(at time: Date) -> StructuredValue {
    .map(
      members.merging([
        "type": .string(type),
        "time": .string(time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))),
      ]) { $1 })
  }

  // MARK: The run

  /// The first line of all.
  public static func version(_ version: String) -> Self {
    .init("version", ["format_version": .string(formatVersion), "virtform_version": .string(version)])
  }

  /// `plan`: the document of the plan that is carried out.
  public static func plan(_ plan: StructuredValue) -> Self { .init("plan", ["plan": plan]) }

  public static func diagnostic(_ diagnostic: Diagnostic) -> Self {
    .init("diagnostic", ["diagnostic": StructuredValue(diagnostic)])
  }

  /// What a lock says, for people.
  public static func lock(_ text: String) -> Self { .init("lock", ["text": .string(text)]) }

  /// The run was asked to end, and does so after what is under way.
  public static func interrupted(_ signal: String, _ unfinished: [Step]) -> Self {
    .init(
      "interrupted", ["signal": .string(signal), "unfinished": .list(unfinished.map { .map(head($0)) })])
  }

  /// The run ends at once; nobody knows what became of what was under way.
  public static func aborted(_ unfinished: [Step]) -> Self {
    .init("aborted", ["unfinished": .list(unfinished.map { .map(head($0)) })])
  }

  public static func outputs(_ outputs: StructuredValue) -> Self { .init("outputs", ["outputs": outputs]) }

  /// The last line of a run that carried something out.
  public static func summary(_ report: ApplyReport) -> Self {
    func count(_ matches: (StepResult) -> Bool) -> StructuredValue {
      StructuredValue(report.results.count { matches($0.result) })
    }
    return .init(
      "apply_summary",
      [
        "succeeded": .bool(report.succeeded),
        "steps": [
          "done": count { if case .done = $0 { true } else { false } },
          "failed": count { if case .failed = $0 { true } else { false } },
          "skipped": count(\.wasLeftOut),
        ], "changes": PlanDocument.summary(report.plan.summary),
      ])
  }

  // MARK: Steps

  public static func event(_ event: ApplyEvent) -> Self {
    switch event {
    case .started(let step): .init("step_started", head(step))
    case .progress(let step, let sent, let total):
      .init(
        "step_progress",
        head(step).merging(["sent": StructuredValue(sent), "total": StructuredValue(total)]) { $1 })
    case .finished(let step, let result):
      switch result {
      case .done(let time): .init("step_done", head(step).merging(["seconds": seconds(time)]) { $1 })
      case .failed(let reason, let time):
        .init(
          "step_failed", head(step).merging(["reason": .string(reason), "seconds": seconds(time)]) { $1 })
      case .notBegun(let reason):
        .init("step_skipped", head(step).merging(["reason": .string(reason)]) { $1 })
      case .skipped(let address):
        .init("step_skipped", head(step).merging(["needs": .string("\(address)")]) { $1 })
      }
    }
  }

  /// Said now and then of a step that takes long.
  public static func heartbeat(_ step: Step, after time: Duration) -> Self {
    .init("step_heartbeat", head(step).merging(["seconds": seconds(time)]) { $1 })
  }

  private static func head(_ step: Step) -> [String: StructuredValue] {
    [
      "step": StructuredValue(step.id), "address": .string("\(step.address)"),
      "host": .string(step.address.host.rawValue), "operation": .string(step.operation.verb.rawValue),
      "effect": .string(step.effect.identifier),
    ]
  }

  /// Whole seconds.
  private static func seconds(_ time: Duration) -> StructuredValue {
    StructuredValue(Int(time.components.seconds))
  }
}

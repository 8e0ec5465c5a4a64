public import Planner

/// What happens while a plan is carried out.
public enum ApplyEvent: Sendable {
  case started(Step)
  /// Bytes that are sent, of how many.
  case progress(Step, sent: UInt64, total: UInt64)
  case finished(Step, StepResult)
}

/// How a step ended.
public enum StepResult: Sendable {
  case done(Duration)
  case failed(reason: String, Duration)
  /// Not tried, because what it needs failed.
  case skipped(because: Address)
}

/// What became of a plan: a result for each of its steps.
public struct ApplyReport: Sendable {
  public let plan: Plan
  /// In the order of the plan's steps.
  public let results: [(step: Step, result: StepResult)]

  public var succeeded: Bool { results.allSatisfy { if case .done = $0.result { true } else { false } } }
  /// True if some step was done although another failed.
  public var isPartial: Bool {
    !succeeded && results.contains { if case .done = $0.result { true } else { false } }
  }
}

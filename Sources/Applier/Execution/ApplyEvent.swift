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
  /// The run was ended before.
  case notBegun(reason: String)
  /// Not tried, because what it needs failed.
  case skipped(because: Address)
}

extension StepResult {
  /// True for a step that was never tried.
  public var wasLeftOut: Bool {
    switch self {
    case .notBegun, .skipped: true
    case .done, .failed: false
    }
  }
}

/// What became of a plan: a result for each of its steps.
public struct ApplyReport: Sendable {
  public let plan: Plan
  /// In the order of the plan's steps.
  public let results: [(step: Step, result: StepResult)]

  public init(plan: Plan, results: [(step: Step, result: StepResult)]) {
    self.plan = plan
    self.results = results
  }

  public var succeeded: Bool { results.allSatisfy { if case .done = $0.result { true } else { false } } }
  /// True if some step was done although another failed.
  public var isPartial: Bool {
    !succeeded && results.contains { if case .done = $0.result { true } else { false } }
  }
}

extension StepResult {
  /// The same with its reason as `transform` says.
  public func mapTexts(_ transform: (String) -> String) -> StepResult {
    switch self {
    case .failed(let reason, let time): .failed(reason: transform(reason), time)
    case .notBegun(let reason): .notBegun(reason: transform(reason))
    case .done, .skipped: self
    }
  }
}

extension ApplyEvent {
  public func mapTexts(_ transform: (String) -> String) -> ApplyEvent {
    if case .finished(let step, let result) = self {
      .finished(step, result.mapTexts(transform))
    } else {
      self
    }
  }
}

extension ApplyReport {
  public func mapTexts(_ transform: (String) -> String) -> ApplyReport {
    ApplyReport(plan: plan, results: results.map { ($0.step, $0.result.mapTexts(transform)) })
  }
}

public import Planner
import SpecModel

/// Carries out a plan: each step as soon as what it depends on is done, as many at once as the hosts take.
public struct Executor: Sendable {
  private let fleet: Fleet
  private let capabilities: [ResourceName: HostCapabilities]
  private let report: @Sendable (ApplyEvent) -> Void

  /// - Parameters:
  ///   - states: what the plan was made from.
  ///   - report: is told of every event; called from any thread.
  public init(fleet: Fleet, states: [HostState], report: @escaping @Sendable (ApplyEvent) -> Void) {
    self.fleet = fleet
    capabilities = Dictionary(uniqueKeysWithValues: states.map { ($0.name, $0.capabilities) })
    self.report = report
  }

  /// Runs all steps. A failure ends what depends on it, and nothing else.
  public func run(_ plan: Plan) async -> ApplyReport {
    var results = [StepResult?](repeating: nil, count: plan.steps.count)
    var waiting = plan.steps.map { Set($0.dependsOn) }
    var dependents = [[Int]](repeating: [], count: plan.steps.count)
    for step in plan.steps {
      for dependency in step.dependsOn { dependents[dependency].append(step.id) }
    }
    await withTaskGroup(of: (Int, StepResult).self) { group in
      func begin(_ id: Int) {
        let step = plan.steps[id]
        group.addTask { (id, await perform(step, stack: plan.stack.rawValue)) }
      }
      for step in plan.steps where step.dependsOn.isEmpty { begin(step.id) }
      while let (id, result) = await group.next() {
        results[id] = result
        if case .done = result {
          for next in dependents[id] where waiting[next].remove(id) != nil && waiting[next].isEmpty {
            if results[next] == nil { begin(next) }
          }
        } else {
          skip(dependents[id], because: plan.steps[id].address, plan, dependents, &results)
        }
      }
    }
    return ApplyReport(
      plan: plan, results: zip(plan.steps, results).map { ($0, $1 ?? .skipped(because: $0.address)) })
  }

  private func skip(
    _ ids: [Int], because address: Address, _ plan: Plan, _ dependents: [[Int]],
    _ results: inout [StepResult?]
  ) {
    for id in ids where results[id] == nil {
      let result = StepResult.skipped(because: address)
      results[id] = result
      report(.finished(plan.steps[id], result))
      skip(dependents[id], because: address, plan, dependents, &results)
    }
  }

  private func perform(_ step: Step, stack: String) async -> StepResult {
    guard let session = fleet.sessions[step.address.host], let host = capabilities[step.address.host] else {
      return .failed(reason: "the plan is for a host that is not connected", .zero)
    }
    report(.started(step))
    let clock = ContinuousClock()
    let start = clock.now
    let runner = StepRunner(connection: session.connection, host: host, stack: stack) { sent, total in
      report(.progress(step, sent: sent, total: total))
    }
    let result: StepResult
    do {
      try await runner.run(step.operation)
      result = .done(clock.now - start)
    } catch {
      result = .failed(reason: "\(error)", clock.now - start)
    }
    report(.finished(step, result))
    return result
  }
}

public import Planner
import SpecModel

/// Carries out a plan: each step as soon as what it depends on is done, as many at once as the hosts take.
public struct Executor: Sendable {
  private let fleet: Fleet
  private let capabilities: [ResourceName: HostCapabilities]
  private let former = FormerGuests()
  private let checked = CheckedDocuments()
  private let recent = RecentAnswers()
  private let interruption: @Sendable () -> String?
  private let hold: @Sendable (Step) -> String?
  private let report: @Sendable (ApplyEvent) -> Void

  private let stepsPerHost: Int

  /// More than the calls that libvirt takes at once, since a step that waits for a guest to shut down makes none.
  public static let defaultStepsPerHost = 20

  /// - Parameters:
  ///   - states: what the plan was made from.
  ///   - stepsPerHost: how many steps of one host may be under way at once.
  ///   - interruption: says why no further step may begin; asked before each, from any thread. Waiting for a guest to be
  ///     ready ends, too.
  ///   - hold: says why this step may not begin; asked before it, from any thread.
  ///   - report: is told of every event; called from any thread.
  public init(
    fleet: Fleet, states: [HostState], stepsPerHost: Int = defaultStepsPerHost,
    interruption: @escaping @Sendable () -> String? = { nil },
    hold: @escaping @Sendable (Step) -> String? = { _ in nil },
    report: @escaping @Sendable (ApplyEvent) -> Void
  ) {
    self.fleet = fleet
    capabilities = Dictionary(uniqueKeysWithValues: states.map { ($0.name, $0.capabilities) })
    self.stepsPerHost = stepsPerHost
    self.interruption = interruption
    self.hold = hold
    self.report = report
  }

  /// Runs all steps. A failure ends what depends on it, and nothing else.
  public func run(_ plan: Plan) async -> ApplyReport {
    var results = [StepResult?](repeating: nil, count: plan.steps.count)
    /// How many steps each still waits for.
    var waiting = plan.steps.map(\.dependsOn.count)
    var dependents = [[Int]](repeating: [], count: plan.steps.count)
    for step in plan.steps {
      for dependency in step.dependsOn { dependents[dependency].append(step.id) }
    }
    let ranks = Self.ranks(of: plan.steps, dependents)
    var ready: [ResourceName: ReadySteps] = [:]
    var begun: [ResourceName: Int] = [:]
    await withTaskGroup(of: (Int, StepResult).self) { group in
      func begin(_ id: Int) {
        group.addTask { (id, await perform(plan.steps[id], stack: plan.stack.rawValue)) }
      }
      /// Begins what is ready on `host`, up to the limit.
      func begin(on host: ResourceName) {
        while begun[host, default: 0] < stepsPerHost, let id = ready[host]?.popFirst() {
          begun[host, default: 0] += 1
          begin(id)
        }
      }
      func makeReady(_ id: Int) {
        // A step that only waits takes no place, and is not to miss what it waits for.
        if plan.steps[id].operation.isWait { return begin(id) }
        ready[plan.steps[id].address.host, default: ReadySteps()].append(id, rank: ranks[id])
      }
      for id in plan.steps.indices where waiting[id] == 0 { makeReady(id) }
      for host in ready.keys { begin(on: host) }
      while let (id, result) = await group.next() {
        results[id] = result
        let host = plan.steps[id].address.host
        if !plan.steps[id].operation.isWait { begun[host, default: 1] -= 1 }
        if case .done = result {
          for next in dependents[id] {
            waiting[next] -= 1
            guard waiting[next] == 0, results[next] == nil else { continue }
            makeReady(next)
            begin(on: plan.steps[next].address.host)
          }
        } else {
          skip(dependents[id], because: plan.steps[id].address, plan, dependents, &results)
        }
        begin(on: host)
      }
    }
    return ApplyReport(
      plan: plan, results: zip(plan.steps, results).map { ($0, $1 ?? .skipped(because: $0.address)) })
  }

  /// Of the steps that are ready, those of the highest rank begin first: what several others wait for, such as a network; then
  /// what most steps had to come before, so that the first VMs are up while others are being made.
  private static func ranks(of steps: [Step], _ dependents: [[Int]]) -> [Int] {
    var ranks = [Int](repeating: 0, count: steps.count)
    for step in steps { ranks[step.id] = step.dependsOn.map { ranks[$0] + 1 }.max() ?? 0 }
    return steps.indices.map { dependents[$0].count > 1 ? steps.count : ranks[$0] }
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
    if let reason = interruption() ?? hold(step) {
      let result = StepResult.notBegun(reason: reason)
      report(.finished(step, result))
      return result
    }
    report(.started(step))
    let clock = ContinuousClock()
    let start = clock.now
    let runner = StepRunner(
      connection: session.connection, host: host, stack: stack, former: former, checked: checked,
      recent: recent,
      peer: { fleet.sessions[$0]?.connection }
    ) { sent, total in report(.progress(step, sent: sent, total: total)) }
    let result: StepResult
    do {
      if step.operation.isWait {
        try await unlessInterrupted { try await runner.run(step.operation) }
      } else {
        try await runner.run(step.operation)
      }
      result = .done(clock.now - start)
    } catch {
      result = .failed(reason: "\(error)", clock.now - start)
    }
    report(.finished(step, result))
    return result
  }

  /// Runs `wait`, which changes nothing, until it ends or the run is to end.
  private func unlessInterrupted(_ wait: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask(operation: wait)
      group.addTask {
        while interruption() == nil { try await Task.sleep(for: .milliseconds(200)) }
        throw StepRunner.Failure(description: "\(interruption() ?? ""); the guest runs on")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}

/// Steps that may begin, by their ranks.
private struct ReadySteps {
  private var steps: [Int: ArraySlice<Int>] = [:]

  mutating func append(_ step: Int, rank: Int) { steps[rank, default: []].append(step) }

  /// Takes the one of the highest rank; of several, the one that has waited longest.
  mutating func popFirst() -> Int? {
    guard let rank = steps.keys.max(), let step = steps[rank]?.popFirst() else { return nil }
    if steps[rank]?.isEmpty == true { steps[rank] = nil }
    return step
  }
}

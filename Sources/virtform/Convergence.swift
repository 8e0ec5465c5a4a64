import Applier
import FoundationEssentials
import Planner
import Reports
import SpecModel
import Synchronization

/// Lock, plan, consent, execution, report: what `apply` and `destroy` share.
struct Convergence {
  var options: ConvergenceOptions
  var planning: SitePlanner.Options
  /// The plan that was reviewed, if it is one from a file.
  var saved: SavedPlan?

  private var style: TextStyle { Terminal.style(noColor: options.spec.reading.noColor) }

  init(options: ConvergenceOptions, goal: SitePlanner.Goal) {
    self.options = options
    planning = options.planning.planning(goal)
  }

  /// Carries out a plan from a file.
  init(options: ConvergenceOptions, saved: SavedPlan) throws {
    self.options = options
    self.options.spec.spec = saved.spec.path
    self.saved = saved
    do {
      planning = try saved.options.planning
    } catch {
      throw Terminal.fail("the plan is damaged: \(error.message)")
    }
  }

  func run() async throws {
    if saved == nil { try PlanSignature.refuseUnsigned(SignatureRequirement.ofEnvironment) }
    if let path = options.output.json {
      let file = try OutputFile(path)
      Terminal.copyEvents { file.write($0) }
    }
    try await Workspace.open(
      options.spec, policy: options.policy, access: .readWrite, reads: false
    ).closing { workspace in
      await workspace.fleet.refreshSharedPools(of: workspace.site)
      var workspace = try await workspace.refreshed()
      let observers = observers(of: workspace.site)
      // Where there is nothing to do, nothing is written: not even a lock.
      let plan = try await workspace.plan(planning)
      var forms = try check(plan, workspace)
      if !plan.breaches.isEmpty { for observer in observers { try await observer.show(forms) } }
      try PolicyOptions.enforce(on: plan)
      if plan.isEmpty {
        for observer in observers { try await observer.show(forms) }
        // What is left of a run that was killed, nobody else would remove until there is something to do.
        if workspace.isLocked { try await Locking(workspace).breakAbandoned() }
        try writeJUnit(ApplyReport(plan: plan, results: []), workspace.site)
        await showOutputs(workspace, to: observers)
        return try conclude(workspace)
      }
      if Terminal.speech == .text { forms.prepareText(style: style) }
      let command = planning.goal == .destroy ? "destroy" : "apply"
      try await Locking(workspace).holding(command: command, timeout: options.lock.timeout) { [forms] lock in
        let interruption = Interruption(first: { leave($0, lock) }, second: { .failure })
        defer { interruption.end() }
        // What the plan was made from may have been another run's half-done work.
        await workspace.fleet.refreshSharedPools(of: workspace.site)
        try await converge(workspace.refreshed(keepingImages: true), forms, lock, interruption, observers)
      }
    }
  }

  private func observers(of site: Site) -> [any RunObserver] {
    var observers: [any RunObserver] = []
    if Terminal.speech == .text { observers.append(TextObserver(site: site, style: style)) }
    if Terminal.speech == .lines || options.output.json != nil { observers.append(EventObserver()) }
    return observers
  }

  /// Ends a run that was interrupted before it began anything.
  private func leave(_ signal: String, _ lock: StackLock) {
    Task {
      await Locking.release(lock)
      Terminal.remark("")
      _ = Terminal.fail("\(signal): nothing was changed")
      Virtform.end(.failure)
    }
  }

  /// - Parameter expected: the plan before the stack was locked, most likely the one that is carried out.
  private func converge(
    _ start: Workspace, _ expected: PlanForms, _ lock: StackLock, _ interruption: Interruption,
    _ observers: [any RunObserver]
  ) async throws {
    var workspace = start
    let plan = try await workspace.plan(planning)
    var forms = try check(plan, workspace)
    forms.takePrepared(from: expected)
    for observer in observers { try await observer.show(forms) }
    try PolicyOptions.enforce(on: plan)
    if plan.isEmpty { return }
    // A plan from a file, or one whose digest is known, has been read already.
    let isReviewed = saved != nil || options.approval.digest != nil
    if !isReviewed, try await options.consent.obtain(for: "Do this?") == .asked {
      // What is done is what they have read, or nothing.
      let read = workspace.saved(plan, options: planning)
      workspace = try await workspace.refreshed()
      let again = try await workspace.plan(planning)
      try refuse(
        read.staleness(comparedWith: workspace.saved(again, options: planning)), help: "run it again")
    }
    try await execute(plan, workspace, lock, interruption, observers)
  }

  /// The forms of `plan`, made just now. Ends the run unless that is what was reviewed.
  private func check(_ plan: Plan, _ workspace: Workspace) throws -> PlanForms {
    if let saved {
      try refuse(
        saved.staleness(comparedWith: workspace.saved(plan, options: planning)),
        help: "make a new one with virtform plan -o FILE")
    }
    if let approved = options.approval.digest {
      let digest = try workspace.saved(plan, options: planning).digest
      guard digest.hasPrefix(approved) else {
        throw Terminal.fail(
          "the plan is not the one that was approved, and nothing was done: its digest is \(digest)",
          help: "read it with virtform plan, with the options of this run", .stalePlan)
      }
    }
    return PlanForms(plan, in: workspace, options: planning)
  }

  /// Ends the run if there is a reason why the plan that was read is no longer what would be done.
  private func refuse(_ reasons: [String], help: String) throws {
    guard !reasons.isEmpty else { return }
    throw Terminal.fail(
      "the plan is stale, and nothing was done: \(reasons.joined(separator: "; "))", help: help, .stalePlan)
  }

  private func execute(
    _ plan: Plan, _ workspace: Workspace, _ lock: StackLock, _ interruption: Interruption,
    _ observers: [any RunObserver]
  ) async throws {
    if Terminal.speech == .text { Terminal.print("") }
    let running = RunningSteps()
    interruption.on { signal in
      for observer in observers { observer.interrupted(by: signal, unfinished: running.steps) }
    } second: {
      Terminal.tell(.aborted(running.steps))
      let names = running.steps.map { "\($0.address) on \($0.address.host) (\($0.operation.verb.present))" }
      _ = Terminal.fail(
        "ended at once"
          + (names.isEmpty ? "" : "; what was under way may be unfinished: \(names.joined(separator: ", "))"),
        help: "run the same command again to go on from here")
      return .partlyApplied
    }
    let executor = Executor(
      fleet: workspace.fleet, states: workspace.states, stepsPerHost: options.parallelism,
      interruption: { lock.loss ?? interruption.reason },
      hold: { plan.hold(on: $0, of: workspace.site.policy, at: Date()) }
    ) { event in
      running.note(event)
      for observer in observers { observer.show(event.mapTexts(Terminal.redacted)) }
    }
    let callsBefore = workspace.fleet.mutatingCalls
    let report = await withTaskGroup(of: ApplyReport?.self) { group in
      for observer in observers {
        group.addTask {
          await observer.tick()
          return nil
        }
      }
      let report = await executor.run(plan).mapTexts(Terminal.redacted)
      group.cancelAll()
      return report
    }
    let hasChanged = workspace.fleet.mutatingCalls > callsBefore
    // Who may only read cannot have a host look again: plans are to see what is in shared pools by now.
    if hasChanged { await workspace.fleet.refreshSharedPools(of: workspace.site) }
    for observer in observers { observer.show(report, goal: planning.goal) }
    try writeJUnit(report, workspace.site)
    if report.succeeded {
      if !workspace.site.outputs.isEmpty {
        await showOutputs(try await workspace.refreshed(keepingImages: true), to: observers)
      }
      return try conclude(workspace)
    }
    let loss = lock.loss
    if let loss { _ = Terminal.fail("\(loss); what had not begun was left out") }
    if hasChanged { throw ExitStatus.partlyApplied }
    throw loss == nil ? ExitStatus.failure : ExitStatus.locked
  }

  /// What was done is not all if a host did not answer.
  private func conclude(_ workspace: Workspace) throws {
    guard workspace.lacksHosts else { return }
    let hosts = workspace.unreachable.map { "'\($0.host)'" }.joined(separator: ", ")
    throw Terminal.fail(
      "hosts that did not answer were left out: \(hosts)", help: "run it again once they do", .partlyApplied)
  }

  private func writeJUnit(_ report: ApplyReport, _ site: Site) throws {
    guard let path = options.output.junit else { return }
    try OutputFile.replace(path, with: Array(JUnitReport(report, of: site).render().utf8))
  }

  /// What the spec hands on, as far as it is known by now.
  private func showOutputs(_ workspace: Workspace, to observers: [any RunObserver]) async {
    guard planning.goal == .converge, !workspace.site.outputs.isEmpty else { return }
    let outputs = await Outputs(workspace)
    for observer in observers { observer.show(outputs) }
  }
}

/// The steps that are under way at this moment.
private final class RunningSteps: Sendable {
  private let byID = Mutex<[Int: Step]>([:])

  var steps: [Step] { byID.withLock { $0.values.sorted { $0.id < $1.id } } }

  func note(_ event: ApplyEvent) {
    byID.withLock { steps in
      switch event {
      case .started(let step): steps[step.id] = step
      case .finished(let step, _): steps[step.id] = nil
      case .progress: break
      }
    }
  }
}

import Applier
import Planner

/// Lock, plan, consent, execution, report: what `apply` and `destroy` share.
struct Convergence {
  var options: ConvergenceOptions
  let planning: SitePlanner.Options
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
      Terminal.error("error: the plan is damaged: \(error.message)")
      throw ExitStatus.failure
    }
  }

  func run() async throws {
    try await Workspace.open(options.spec, access: .readWrite).closing { workspace in
      var workspace = workspace
      // Where there is nothing to do, nothing is written: not even a lock.
      let plan = try await workspace.plan(planning)
      try refuseStale(plan, workspace)
      if plan.isEmpty {
        show(plan)
        return await showOutputs(workspace)
      }
      let command = planning.goal == .destroy ? "destroy" : "apply"
      try await Locking(workspace).holding(command: command, timeout: options.lock.timeout) { lock in
        // What the plan was made from may have been another run's half-done work.
        try await converge(workspace.refreshed(keepingImages: true), lock)
      }
    }
  }

  private func converge(_ start: Workspace, _ lock: StackLock) async throws {
    var workspace = start
    let plan = try await workspace.plan(planning)
    try refuseStale(plan, workspace)
    show(plan)
    if plan.isEmpty { return }
    // A plan from a file has been read already.
    if saved == nil, try await options.consent.obtain(for: "Do this?") == .asked {
      // What is done is what they have read, or nothing.
      workspace = try await workspace.refreshed()
      let again = try await workspace.plan(planning)
      let before = workspace.saved(plan, options: planning)
      guard workspace.saved(again, options: planning).steps == before.steps else {
        Terminal.error(
          "error: the hosts have changed since this plan was made; nothing was done; run it again")
        throw ExitStatus.stalePlan
      }
    }
    try await execute(plan, workspace, lock)
  }

  /// Ends the run unless `plan`, made just now, is what was reviewed.
  private func refuseStale(_ plan: Plan, _ workspace: Workspace) throws {
    guard let saved else { return }
    let reasons = saved.staleness(comparedWith: workspace.saved(plan, options: planning))
    guard !reasons.isEmpty else { return }
    Terminal.error("error: the plan is stale, and nothing was done:")
    for reason in reasons { Terminal.error("  \(reason)") }
    Terminal.error("  help: make a new one with virtform plan -o FILE")
    throw ExitStatus.stalePlan
  }

  private func execute(_ plan: Plan, _ workspace: Workspace, _ lock: StackLock) async throws {
    Terminal.print("")
    let progress = ProgressView(isLive: Terminal.outputIsTerminal, style: style)
    let executor = Executor(fleet: workspace.fleet, states: workspace.states, interruption: { lock.loss }) {
      progress.show($0)
    }
    let callsBefore = workspace.fleet.mutatingCalls
    let ticker = Task { await progress.tick() }
    let report = await executor.run(plan)
    ticker.cancel()
    progress.end()
    Terminal.print(
      ReportText(report, site: workspace.site, style: style).render(goal: planning.goal), terminator: "")
    if report.succeeded {
      if !workspace.site.outputs.isEmpty {
        await showOutputs(try await workspace.refreshed(keepingImages: true))
      }
      return
    }
    let loss = lock.loss
    if let loss { Terminal.error("error: \(loss); what had not begun was left out") }
    if workspace.fleet.mutatingCalls > callsBefore { throw ExitStatus.partlyApplied }
    throw loss == nil ? ExitStatus.failure : ExitStatus.locked
  }

  /// What the spec hands on, as far as it is known by now.
  private func showOutputs(_ workspace: Workspace) async {
    guard planning.goal == .converge, !workspace.site.outputs.isEmpty else { return }
    Terminal.print("\nOutputs:\n" + (await Outputs(workspace)).text, terminator: "")
  }

  private func show(_ plan: Plan) {
    Terminal.print(PlanText(plan, style: style).render(), terminator: "")
  }
}

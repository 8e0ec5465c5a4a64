import Applier
import Planner

/// Plan, consent, execution, report: what `apply` and `destroy` share.
struct Convergence {
  let options: SpecOptions
  let consent: ConsentOptions
  let goal: SitePlanner.Goal

  func run() async throws {
    let workspace = try await Workspace.open(options, access: .readWrite)
    let plan = try await workspace.plan(.init(goal: goal, allowsDataLoss: consent.allowsDataLoss))
    let style = Terminal.style(noColor: options.noColor)
    Terminal.print(PlanText(plan, style: style).render(), terminator: "")
    guard !plan.isEmpty else { return await workspace.fleet.close() }
    do {
      try obtainConsent()
    } catch {
      await workspace.fleet.close()
      throw error
    }
    Terminal.print("")
    let progress = ProgressView(isLive: Terminal.outputIsTerminal, style: style)
    let executor = Executor(fleet: workspace.fleet, states: workspace.states) { progress.show($0) }
    let ticker = Task { await progress.tick() }
    let report = await executor.run(plan)
    ticker.cancel()
    progress.end()
    await workspace.fleet.close()
    Terminal.print(ReportText(report, site: workspace.site, style: style).render(goal: goal), terminator: "")
    if !report.succeeded { throw report.isPartial ? ExitStatus.partlyApplied : ExitStatus.failure }
  }

  private func obtainConsent() throws {
    if consent.isApproved { return }
    guard Terminal.isInteractive else {
      Terminal.error("error: this needs consent, and there is no terminal to ask on; --auto-approve gives it")
      throw ExitStatus.refused
    }
    Terminal.print("\nDo this? Only 'yes' is taken for an answer: ", terminator: "")
    guard readLine() == "yes" else {
      Terminal.error("Nothing was changed.")
      throw ExitStatus.refused
    }
  }
}

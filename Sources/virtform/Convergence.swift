import Applier
import Planner

/// Plan, consent, execution, report: what `apply` and `destroy` share.
struct Convergence {
  let options: SpecOptions
  let consent: ConsentOptions
  let goal: SitePlanner.Goal

  func run() async throws {
    var workspace = try await Workspace.open(options, access: .readWrite)
    let planning = SitePlanner.Options(goal: goal, allowsDataLoss: consent.allowsDataLoss)
    let plan = try await workspace.plan(planning)
    let style = Terminal.style(noColor: options.noColor)
    Terminal.print(PlanText(plan, style: style).render(), terminator: "")
    guard !plan.isEmpty else { return await workspace.fleet.close() }
    do {
      if try obtainConsent() == .asked {
        // Somebody took their time to read: what is done is what they read, or nothing.
        workspace = try await workspace.refreshed()
        guard PlanText(try await workspace.plan(planning)).render() == PlanText(plan).render() else {
          Terminal.error(
            "error: the hosts have changed since this plan was made; nothing was done; run it again")
          throw ExitStatus.stalePlan
        }
      }
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
    let hasTouchedHosts = workspace.fleet.mutatingCalls > 0
    await workspace.fleet.close()
    Terminal.print(ReportText(report, site: workspace.site, style: style).render(goal: goal), terminator: "")
    if !report.succeeded { throw hasTouchedHosts ? ExitStatus.partlyApplied : ExitStatus.failure }
  }

  private enum Consent { case given, asked }

  private func obtainConsent() throws -> Consent {
    if consent.isApproved { return .given }
    guard Terminal.isInteractive else {
      Terminal.error("error: this needs consent, and there is no terminal to ask on; --auto-approve gives it")
      throw ExitStatus.refused
    }
    Terminal.print("\nDo this? Only 'yes' is taken for an answer: ", terminator: "")
    guard readLine() == "yes" else {
      Terminal.error("Nothing was changed.")
      throw ExitStatus.refused
    }
    return .asked
  }
}

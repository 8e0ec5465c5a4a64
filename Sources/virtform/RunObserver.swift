import Applier
import Planner
import Reports
import SpecModel
import Synchronization

/// Who is told what a run does, while it does it.
protocol RunObserver: Sendable {
  func show(_ plan: PlanForms) async throws
  func show(_ event: ApplyEvent)
  /// Says now and then what takes long, until it is cancelled.
  func tick() async
  /// The run is to end after what is under way.
  func interrupted(by signal: String, unfinished: [Step])
  func show(_ report: ApplyReport, goal: SitePlanner.Goal)
  func show(_ outputs: Outputs)
}

/// Tells a person, on standard output.
final class TextObserver: RunObserver {
  private let progress: ProgressView
  private let site: Site
  private let style: TextStyle

  init(site: Site, style: TextStyle) {
    progress = ProgressView(isLive: Terminal.outputIsTerminal, style: style)
    self.site = site
    self.style = style
  }

  func show(_ plan: PlanForms) async {
    Terminal.print(await plan.preparedText(orIn: style), terminator: "")
  }

  func show(_ event: ApplyEvent) { progress.show(event) }

  func tick() async { await progress.tick() }

  func interrupted(by signal: String, unfinished: [Step]) {
    let names = unfinished.map { "\($0.address) (\($0.operation.verb.present))" }
    progress.say(
      "\(signal): ending after what is under way"
        + (names.isEmpty ? "" : ": \(names.joined(separator: ", "))")
        + "; once more ends at once")
  }

  func show(_ report: ApplyReport, goal: SitePlanner.Goal) {
    progress.end()
    Terminal.print(ReportText(report, site: site, style: style).render(goal: goal), terminator: "")
  }

  func show(_ outputs: Outputs) { Terminal.print("\nOutputs:\n" + outputs.text, terminator: "") }
}

/// Tells a program, in lines of JSON.
final class EventObserver: RunObserver {
  private let running = Mutex<[Int: (step: Step, start: ContinuousClock.Instant)]>([:])
  private static let heartbeat = Duration.seconds(10)

  func show(_ plan: PlanForms) throws { Terminal.tell(.plan(try plan.document.json)) }

  func show(_ event: ApplyEvent) {
    running.withLock { running in
      switch event {
      case .started(let step): running[step.id] = (step, .now)
      case .finished(let step, _): running[step.id] = nil
      case .progress: break
      }
    }
    Terminal.tell(.event(event))
  }

  func tick() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.heartbeat)
      if Task.isCancelled { return }
      let now = ContinuousClock.now
      for (step, start) in running.withLock({ $0.values.sorted { $0.step.id < $1.step.id } }) {
        Terminal.tell(.heartbeat(step, after: now - start))
      }
    }
  }

  func interrupted(by signal: String, unfinished: [Step]) { Terminal.tell(.interrupted(signal, unfinished)) }

  func show(_ report: ApplyReport, goal: SitePlanner.Goal) { Terminal.tell(.summary(report)) }

  func show(_ outputs: Outputs) { Terminal.tell(.outputs(outputs.json)) }
}

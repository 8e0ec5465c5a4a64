import Applier
import Planner
import SpecModel
import Synchronization

/// Shows what is going on: on a terminal the running steps with their time at the bottom, else a line an event.
final class ProgressView: Sendable {
  private struct Running {
    let step: Step
    let start: ContinuousClock.Instant
    var sent: (UInt64, UInt64)?
    var lastLine: ContinuousClock.Instant
  }

  private struct State {
    var running: [Int: Running] = [:]
    var live = LiveLines()
  }

  private let state = Mutex(State())
  private let isLive: Bool
  private let style: TextStyle
  private let clock = ContinuousClock()
  /// How often a log without a terminal hears of a step that takes long.
  private static let heartbeat = Duration.seconds(10)

  init(isLive: Bool, style: TextStyle) {
    self.isLive = isLive
    self.style = style
  }

  /// Takes an event; called from any thread.
  func show(_ event: ApplyEvent) {
    state.withLock { state in
      switch event {
      case .started(let step):
        let now = clock.now
        state.running[step.id] = Running(step: step, start: now, sent: nil, lastLine: now)
        if !isLive { Terminal.print("\(name(step)): \(step.operation.verb.present)…") }
      case .progress(let step, let sent, let total): state.running[step.id]?.sent = (sent, total)
      case .finished(let step, let result):
        state.running[step.id] = nil
        if isLive { erase(&state) }
        Terminal.print(line(step, result))
      }
      if isLive { redraw(&state) }
    }
  }

  /// Keeps the times moving until it is cancelled.
  func tick() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: isLive ? .milliseconds(200) : .seconds(1))
      state.withLock { state in
        if isLive { redraw(&state) } else { beat(&state) }
      }
    }
  }

  /// Says something besides.
  func say(_ text: String) {
    state.withLock { state in
      erase(&state)
      Terminal.print(text)
      if isLive { redraw(&state) }
    }
  }

  /// Takes the live part off the terminal.
  func end() {
    state.withLock { state in
      state.running = [:]
      erase(&state)
    }
  }

  private func name(_ step: Step) -> String { "\(step.address) on \(step.address.host)" }

  private func line(_ step: Step, _ result: StepResult) -> String {
    switch result {
    case .done(let time): "\(style(.green, "✓")) \(name(step)): \(step.operation.verb.past) in \(text(time))"
    case .failed(let reason, let time):
      "\(style(.red, "✗")) \(name(step)): \(step.operation.verb.present) failed after \(text(time)): \(printable(reason))"
    case .notBegun(let reason): "\(style(.yellow, "-")) \(name(step)): not begun: \(reason)"
    case .skipped(let address): "\(style(.yellow, "-")) \(name(step)): skipped, since \(address) failed"
    }
  }

  private func elapsed(_ running: Running) -> String {
    var line = "\(name(running.step)): \(running.step.operation.verb.present)"
    let time = clock.now - running.start
    if let (sent, total) = running.sent, total > 0 {
      line += " \(sent * 100 / total)%"
      // What it takes by the rate so far; at first that says nothing.
      if time > .seconds(2), sent > 0, total > sent {
        line += ", about \(text(time * (Double(total - sent) / Double(sent)))) left"
      }
    }
    return line + ", \(text(time))"
  }

  private func beat(_ state: inout State) {
    for (id, running) in state.running.sorted(by: { $0.key < $1.key })
    where clock.now - running.lastLine >= Self.heartbeat {
      Terminal.print("\(elapsed(running))…")
      state.running[id]?.lastLine = clock.now
    }
  }

  private func erase(_ state: inout State) {
    Terminal.draw(state.live.erase(width: Terminal.width))
  }

  private func redraw(_ state: inout State) {
    let lines = state.running.values.sorted { $0.step.id < $1.step.id }.map {
      printableLines("  \(elapsed($0))", keepsColours: true)
    }
    Terminal.draw(state.live.draw(lines, width: Terminal.width, height: Terminal.height))
  }
}

import Dispatch
import Glibc
import Synchronization

/// The signals that ask a run to end: ^C (SIGINT) and SIGTERM.
///
/// The first one lets what is under way come to its end; the second ends the process at once.
final class Interruption: Sendable {
  private struct State {
    var signal: String?
    var first: @Sendable (String) -> Void
    var second: @Sendable () -> ExitStatus
  }

  private let state: Mutex<State>
  /// Made in `init`, cancelled in `end()`, and touched nowhere else.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  /// Listens until ``end()``. Both are called on a thread of its own.
  ///
  /// - Parameters:
  ///   - first: told of the signal, `SIGTERM`.
  ///   - second: called before the process ends; says how.
  init(first: @escaping @Sendable (String) -> Void, second: @escaping @Sendable () -> ExitStatus) {
    state = Mutex(State(first: first, second: second))
    let queue = DispatchQueue(label: "signals")
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      return DispatchSource.makeSignalSource(signal: number, queue: queue)
    }
    for (source, name) in zip(sources, ["SIGINT", "SIGTERM"]) {
      source.setEventHandler { [weak self] in self?.receive(name) }
      source.resume()
    }
  }

  private func receive(_ name: String) {
    let (isFirst, state) = state.withLock { state in
      let isFirst = state.signal == nil
      if isFirst { state.signal = name }
      return (isFirst, state)
    }
    if isFirst { return state.first(name) }
    Virtform.end(state.second())
  }

  /// What is done from now on instead.
  func on(first: @escaping @Sendable (String) -> Void, second: @escaping @Sendable () -> ExitStatus) {
    state.withLock { ($0.first, $0.second) = (first, second) }
  }

  /// Why nothing more is to begin; nil if nobody asked.
  var reason: String? { state.withLock { $0.signal.map { "interrupted by \($0)" } } }

  /// Signals end the process again.
  func end() {
    for source in sources { source.cancel() }
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
  }
}

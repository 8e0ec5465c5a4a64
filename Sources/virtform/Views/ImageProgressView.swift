import Applier
import SpecModel
import Synchronization

/// Shows on standard error how images come to this machine, before there is a plan: on a terminal in one line that
/// changes, else a line for each that is begun.
final class ImageProgressView: Sendable {
  private struct State {
    /// What is said of each image that is worked on.
    var texts: [ResourceName: String] = [:]
    /// Images that a line was written of.
    var begun: Set<String> = []
    var lastDrawn: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let isLive: Bool
  private static let interval = Duration.milliseconds(200)

  init(isLive: Bool) { self.isLive = isLive }

  /// Takes an event; called from any thread.
  func show(_ image: ImageSpec, _ event: ImageStore.Event) {
    state.withLock { state in
      switch event {
      case .downloading(let received, let total):
        let amount = total.map { "\($0 == 0 ? 100 : received * 100 / $0)% of \(Self.megabytes($0))" }
        state.texts[image.name] = "downloading, \(amount ?? Self.megabytes(received))"
        announce(image, "downloading \(image.source)", &state)
      case .decompressing:
        state.texts[image.name] = "decompressing"
        announce(image, "decompressing", &state)
      case .converting:
        state.texts[image.name] = "converting to qcow2"
        announce(image, "converting to qcow2", &state)
      case .done: state.texts[image.name] = nil
      }
      if isLive { redraw(&state) }
    }
  }

  /// Takes the line off the terminal.
  func end() {
    state.withLock { state in
      if state.lastDrawn != nil { Terminal.status("") }
      state = State()
    }
  }

  private func announce(_ image: ImageSpec, _ what: String, _ state: inout State) {
    let line = "image \(image.name): \(what)…"
    if !isLive, state.begun.insert(line).inserted { Terminal.error(line) }
  }

  private func redraw(_ state: inout State) {
    let now = ContinuousClock.now
    if let last = state.lastDrawn, now - last < Self.interval { return }
    // Where all images are there already, nothing is ever drawn.
    guard !state.texts.isEmpty || state.lastDrawn != nil else { return }
    state.lastDrawn = now
    let texts = state.texts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    Terminal.status(texts.joined(separator: "; "))
  }

  private static func megabytes(_ bytes: UInt64) -> String { "\(bytes / 1_000_000) MB" }
}

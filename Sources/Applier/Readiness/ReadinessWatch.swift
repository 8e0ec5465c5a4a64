import SpecModel

/// Looks again and again, with all probes at once, until each has come true or the time is over.
struct ReadinessWatch: Sendable {
  let timeout: TimeSpan
  /// Whether the guest runs.
  let isActive: @Sendable () async throws -> Bool

  private static let interval = Duration.milliseconds(500)
  /// A guest that reboots is off for a moment with some drivers.
  private static let rebootTime = Duration.seconds(5)

  /// Why a guest is not ready: what was waited for, and what there was instead.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  func wait(for probes: [(what: ReadinessProbe, probe: any Probe)]) async throws {
    let deadline = ContinuousClock.now + timeout.duration
    let unmet = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
      for (index, (what, probe)) in probes.enumerated() {
        group.addTask { (index, try await wait(for: what, by: probe, until: deadline)) }
      }
      group.addTask { try await watchGuest() }
      defer { group.cancelAll() }
      var unmet: [Int: String] = [:]
      for _ in probes {
        if let (index, sight) = try await group.next() { unmet[index] = sight }
      }
      return unmet
    }
    if unmet.isEmpty { return }
    let sights = unmet.sorted { $0.key < $1.key }.map(\.value).joined(separator: "; ")
    throw Failure(description: "not ready within \(timeout): \(sights); the guest runs on")
  }

  /// What was waited for and what there was instead, if the time is over; nil once it has come true.
  private func wait(for what: ReadinessProbe, by probe: any Probe, until deadline: ContinuousClock.Instant)
    async throws -> String?
  {
    var last = "nothing was seen"
    while true {
      do {
        switch try await probe.look() {
        case .ready: return nil
        case .notYet(let sight): last = sight
        case .never(let sight):
          throw Failure(
            description: "it does not get ready: waited for \(what), but \(sight); the guest runs on")
        }
      } catch let error where !(error is Failure) {
        try Task.checkCancellation()
        last = "\(error)"
      }
      guard ContinuousClock.now + Self.interval < deadline else {
        return "waited for \(what), last seen: \(last)"
      }
      try await Task.sleep(for: Self.interval)
    }
  }

  /// Throws once the guest is off. Returns only when it is cancelled.
  private func watchGuest() async throws -> (Int, String?) {
    var offSince: ContinuousClock.Instant?
    while true {
      try await Task.sleep(for: Self.interval)
      // That a host cannot say so now is no reason to give up.
      let isActive = (try? await isActive()) ?? true
      offSince = isActive ? nil : offSince ?? .now
      if let offSince, offSince + Self.rebootTime < .now {
        throw Failure(description: "the guest has gone off before it was ready")
      }
    }
  }
}

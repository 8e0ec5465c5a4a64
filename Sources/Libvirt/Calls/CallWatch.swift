import Synchronization

/// Gives up calls that take too long, by some clock.
protocol CallWatching: AnyObject, Sendable {
  /// Watches a call that has just begun.
  ///
  /// - Parameters:
  ///   - activity: grows while something arrives, which starts the time anew.
  ///   - giveUp: called when the time is over, unless the call has ended.
  /// - Returns: what the call is known by.
  func begin(_ limit: Duration, _ activity: CallActivity?, giveUp: @escaping @Sendable () -> Void) -> UInt64

  /// Lets go of a call that has returned.
  func end(_ id: UInt64)
}

/// One task that watches all calls, however many there are.
///
/// A task that sleeps leaves its timer behind when it is cancelled, until its time is over: one for each call would be many.
final class CallWatch<Time: Clock>: CallWatching where Time.Duration == Duration {
  private struct Watched {
    var due: Time.Instant
    let limit: Duration
    let activity: CallActivity?
    /// What had arrived when its time last began.
    var arrived: Int
    let giveUp: @Sendable () -> Void
  }

  private struct State {
    var calls: [UInt64: Watched] = [:]
    var nextID: UInt64 = 0
    var sleeper: Task<Void, Never>?
    /// Until when it sleeps.
    var wakesAt: Time.Instant?
  }

  private let state = Mutex(State())
  private let clock: Time

  init(_ clock: Time) { self.clock = clock }

  deinit { state.withLock { $0.sleeper?.cancel() } }

  func begin(_ limit: Duration, _ activity: CallActivity?, giveUp: @escaping @Sendable () -> Void) -> UInt64 {
    let due = clock.now.advanced(by: limit)
    return state.withLock { state in
      state.nextID += 1
      state.calls[state.nextID] = Watched(
        due: due, limit: limit, activity: activity, arrived: activity?.count ?? 0, giveUp: giveUp)
      sleep(until: due, &state)
      return state.nextID
    }
  }

  func end(_ id: UInt64) { state.withLock { $0.calls[id] = nil } }

  /// Sleeps on if it wakes before that anyway.
  private func sleep(until due: Time.Instant, _ state: inout State) {
    if let wakesAt = state.wakesAt, wakesAt <= due { return }
    state.sleeper?.cancel()
    state.wakesAt = due
    state.sleeper = Task { [weak self, clock] in
      do { try await clock.sleep(until: due, tolerance: nil) } catch { return }
      self?.wake(at: due)
    }
  }

  private func wake(at time: Time.Instant) {
    let now = clock.now
    let expired = state.withLock { state -> [@Sendable () -> Void] in
      guard state.wakesAt == time else { return [] }
      state.wakesAt = nil
      state.sleeper = nil
      var expired: [@Sendable () -> Void] = []
      for (id, call) in state.calls where call.due <= time {
        if let count = call.activity?.count, count != call.arrived {
          state.calls[id]?.arrived = count
          state.calls[id]?.due = now.advanced(by: call.limit)
        } else {
          state.calls[id] = nil
          expired.append(call.giveUp)
        }
      }
      if let next = state.calls.values.map(\.due).min() { sleep(until: next, &state) }
      return expired
    }
    for giveUp in expired { giveUp() }
  }
}

import Synchronization

/// A call that somebody waits for: until it returns, or is given up, whichever comes first.
final class PendingCall<Value: Sendable>: Sendable {
  private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

  init(_ continuation: CheckedContinuation<Value, any Error>) {
    self.continuation = Mutex(continuation)
  }

  /// What comes of the call, unless it was given up.
  func finish(with result: Result<Value, any Error>) { take()?.resume(with: result) }

  /// Gives the call up, unless it has returned; what it returns later is dropped on its own thread.
  ///
  /// - Parameter error: made only if the call is given up.
  func giveUp(_ error: () -> any Error) { take()?.resume(throwing: error()) }

  private func take() -> CheckedContinuation<Value, any Error>? {
    continuation.withLock { continuation in
      defer { continuation = nil }
      return continuation
    }
  }
}

/// How long one call may take, and what becomes of it then.
struct CallDeadline: Sendable {
  let limit: Duration
  let watch: any CallWatching
  /// Grows while something arrives, which starts the time anew.
  let activity: CallActivity?
  /// Called when the time is over, unless the call has returned.
  let expired: @Sendable () -> any Error

  /// Watches `call` until ``end(_:)`` is told what this returns.
  func begin<Value>(_ call: PendingCall<Value>) -> UInt64 {
    watch.begin(limit, activity) { call.giveUp(expired) }
  }

  func end(_ id: UInt64?) {
    if let id { watch.end(id) }
  }
}

/// Counts what arrives in the course of a long call.
final class CallActivity: Sendable {
  private let parts = Atomic(0)

  var count: Int { parts.load(ordering: .relaxed) }

  func note() { parts.wrappingAdd(1, ordering: .relaxed) }
}

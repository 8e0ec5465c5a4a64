/// What happens while a lock is taken.
public enum LockEvent: Sendable {
  /// A lock that nobody needs any more was removed.
  case broke(HeldLock, LockAbandonment)
  /// A lock whose lease has run out is looked at for so long, and broken unless it is renewed.
  case watching(HeldLock, Duration)
  /// Somebody holds the lock, and is waited for.
  case waiting(HeldLock)
}

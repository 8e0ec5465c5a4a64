/// What happens while a lock is taken.
public enum LockEvent: Sendable {
  /// A lock that nobody needs any more was removed.
  case broke(HeldLock, LockAbandonment)
  /// Somebody holds the lock, and is waited for.
  case waiting(HeldLock)
}

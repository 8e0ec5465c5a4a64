/// Why a lock could not be had.
public enum LockError: Error, Sendable {
  /// Somebody holds it, and did not let it go in time.
  case held(HeldLock)
  case host(HostError)
}

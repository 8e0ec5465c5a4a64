/// Why a lock may be broken without asking.
public enum LockAbandonment: Hashable, Sendable {
  /// The holder ran on this machine and has ended.
  case processGone
  /// The holder has not renewed its lease, as it does while it runs.
  case leaseOver
}

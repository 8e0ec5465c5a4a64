public import SpecModel

/// Who wants a lock, what for, and for how long they wait for it.
public struct LockRequest: Sendable {
  public let stack: ResourceName
  public let command: String
  public let reason: String?
  /// False for a lock that outlives its process.
  public let hasLease: Bool
  public let timeout: TimeSpan
  let holder: LockHolder

  public init(
    _ stack: ResourceName, command: String, reason: String? = nil, hasLease: Bool = true, timeout: TimeSpan
  ) {
    self.init(
      stack, command: command, reason: reason, hasLease: hasLease, timeout: timeout, holder: .current)
  }

  init(
    _ stack: ResourceName, command: String, reason: String? = nil, hasLease: Bool = true,
    timeout: TimeSpan = TimeSpan(seconds: 0), holder: LockHolder
  ) {
    self.stack = stack
    self.command = command
    self.reason = reason
    self.hasLease = hasLease
    self.timeout = timeout
    self.holder = holder
  }
}

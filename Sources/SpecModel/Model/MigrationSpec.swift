/// How a guest is moved while it runs (<https://libvirt.org/migration.html>).
public struct MigrationSpec: Hashable, Sendable {
  /// How long the guest may stand still at the end, in milliseconds; nil for the hypervisor's default.
  public var downtime: Int?
  /// Bytes a second that it may take from the network; nil for no limit.
  public var bandwidth: ByteCount?
  public var convergence = MigrationConvergence.none
  /// How many connections send its memory at once.
  public var connections = 1
  /// How long it may take; what is not done by then goes on where it was.
  public var timeout: TimeSpan?

  public init() {}
}

/// What is done for a guest that writes its memory faster than it is sent.
public enum MigrationConvergence: String, CaseIterable, Sendable {
  /// It is sent until it fits, or the time is over.
  case none
  /// Its processors are slowed down step by step.
  case autoConverge = "auto-converge"
  /// It goes on at the other host, which fetches what it lacks. If the network fails in between, the guest is lost.
  case postCopy = "post-copy"
}

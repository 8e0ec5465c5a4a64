/// The size of a host.
public struct NodeInfo: Hashable, Sendable {
  /// All memory of the host in KiB.
  public let memoryKibibytes: UInt64
  /// Logical processors that are online.
  public let cpus: Int
}

/// The memory of a host in KiB (`virNodeMemoryStats`).
public struct NodeMemory: Hashable, Sendable {
  public let total: UInt64
  /// What nothing uses, not even as a cache.
  public let free: UInt64
  /// Caches and buffers, which make room when somebody needs it.
  public let cached: UInt64

  /// What new guests could have. Never more than there is: hosts that are containers count caches of others.
  public var available: UInt64 { min(free + cached, total) }
}

/// The size of a host.
public struct NodeInfo: Hashable, Sendable {
  /// All memory of the host in KiB.
  public let memoryKibibytes: UInt64
  /// Logical processors that are online.
  public let cpus: Int
}

/// Whether a NIC's cable is plugged in.
public enum LinkState: String, CaseIterable, Sendable {
  case up, down
}

/// A limit of the traffic in one direction (<https://libvirt.org/formatnetwork.html#quality-of-service>).
public struct Bandwidth: Hashable, Sendable, CustomStringConvertible {
  /// Bytes a second over time; libvirt counts in KiB.
  public let average: ByteCount
  /// Bytes a second for the length of a burst.
  public let peak: ByteCount?
  /// Bytes that may be sent at the peak.
  public let burst: ByteCount?

  public init(average: ByteCount, peak: ByteCount? = nil, burst: ByteCount? = nil) {
    self.average = average
    self.peak = peak
    self.burst = burst
  }

  /// `10 MiB/s (peak 20 MiB/s, burst 1 MiB)`
  public var description: String {
    let extra = [peak.map { "peak \($0)/s" }, burst.map { "burst \($0)" }].compactMap { $0 }
    return "\(average)/s" + (extra.isEmpty ? "" : " (\(extra.joined(separator: ", ")))")
  }
}

/// Limits of a NIC's traffic, as the guest sees it: inbound is what it receives. nil is no limit.
public struct QoS: Hashable, Sendable, CustomStringConvertible {
  public let inbound: Bandwidth?
  public let outbound: Bandwidth?

  public init(inbound: Bandwidth? = nil, outbound: Bandwidth? = nil) {
    self.inbound = inbound
    self.outbound = outbound
  }

  public var isUnlimited: Bool { inbound == nil && outbound == nil }

  public var description: String {
    let parts = [inbound.map { "in \($0)" }, outbound.map { "out \($0)" }].compactMap { $0 }
    return parts.isEmpty ? "unlimited" : parts.joined(separator: ", ")
  }
}

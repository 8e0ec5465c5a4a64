/// What may pass between a guest's NIC and its network; answers to what passed always may
/// (<https://libvirt.org/formatnwfilter.html>).
public struct FirewallSpec: Hashable, Sendable {
  /// Traffic of one direction that passes.
  public enum Traffic: Hashable, Sendable {
    case any
    /// What one of the rules allows; nothing if there is none.
    case only([FirewallRule])
  }

  public let name: ResourceName
  /// What reaches the guest.
  public let inbound: Traffic
  /// What leaves it.
  public let outbound: Traffic
  /// Filters of the host that count, too, such as libvirt's `clean-traffic`.
  public let includes: [String]
  public let path: SpecPath
}

/// Traffic that a firewall lets pass.
public struct FirewallRule: Hashable, Sendable {
  /// What a packet carries.
  public enum Transport: String, CaseIterable, Sendable {
    case any, tcp, udp, icmp

    /// True if there are ports.
    public var hasPorts: Bool { self == .tcp || self == .udp }
  }

  public let transport: Transport
  /// The ports that are reached; empty: all.
  public let ports: [ClosedRange<Int>]
  /// Who is at the other end; empty: anybody. Names of VMs are replaced by their addresses.
  public let peers: [IPBlock]

  public init(transport: Transport, ports: [ClosedRange<Int>], peers: [IPBlock]) {
    self.transport = transport
    self.ports = ports
    self.peers = peers
  }
}

internal import CLibvirt

/// An address that a network's DHCP server has given out (`virNetworkDHCPLease`).
public struct DHCPLease: Hashable, Sendable {
  /// `nil` for IPv6, where the client's identifier counts.
  public let mac: String?
  public let address: String
  /// The length of the network's prefix.
  public let prefix: Int
  public let hostname: String?
  /// When the lease ends, in seconds since 1970.
  public let expiry: Int64
  /// The host's interface that the server is on.
  public let interface: String

  init(_ lease: virNetworkDHCPLease) {
    mac = lease.mac.map { String(cString: $0) }
    address = lease.ipaddr.map { String(cString: $0) } ?? ""
    prefix = Int(lease.prefix)
    hostname = lease.hostname.map { String(cString: $0) }
    expiry = Int64(lease.expirytime)
    interface = lease.iface.map { String(cString: $0) } ?? ""
  }
}

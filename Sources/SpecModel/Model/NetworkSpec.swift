/// How a virtual network reaches the world (<https://libvirt.org/formatnetwork.html>).
public enum NetworkMode: String, CaseIterable, Sendable {
  /// Guests reach out behind the host's address.
  case nat
  /// Guests reach out with their own addresses; the LAN needs a route to the host.
  case routed
  /// Guests reach each other and the host only.
  case isolated
  /// As routed, without any firewall rule of libvirt's.
  case open
  /// A bridge that exists on the host: guests are on its LAN.
  case bridge
  /// An Open vSwitch bridge that exists on the host: as `bridge`, with VLANs.
  case ovs
  /// An interface of the host that guests share: each has an interface of its own on the LAN behind it.
  case macvtap
  /// QEMU's user-mode network: no privileges and no object on the host; guests reach out, nobody reaches in.
  case user
  /// `user` where all its hosts have that, else `nat`: no network is of it once the spec is read.
  case auto

  /// True where libvirt gives the guests addresses.
  public var hasAddresses: Bool {
    switch self {
    case .nat, .routed, .isolated, .open, .auto: true
    case .bridge, .ovs, .macvtap, .user: false
    }
  }
}

/// How guests on an interface of the host's reach each other (<https://libvirt.org/formatnetwork.html#connectivity>).
public enum MacvtapType: String, CaseIterable, Sendable {
  /// They reach each other, and not the host.
  case bridge
  /// What they send goes out to a switch, which sends back what is for one of them.
  case vepa
  /// They do not reach each other.
  case `private`
  /// One guest has the whole interface.
  case passthrough
}

/// What interfaces of a network can have in common, by a name
/// (<https://libvirt.org/formatnetwork.html#portgroups>).
public struct Portgroup: Hashable, Sendable, CustomStringConvertible {
  public var vlan: VLAN?
  public var qos: QoS?
  /// True if it is for interfaces that name none.
  public var isDefault: Bool

  public init(vlan: VLAN? = nil, qos: QoS? = nil, isDefault: Bool = false) {
    self.vlan = vlan
    self.qos = qos
    self.isDefault = isDefault
  }

  /// `VLAN 40, in 10 MiB/s, default`
  public var description: String {
    let parts = [vlan.map { "VLAN \($0)" }, qos?.description, isDefault ? "default" : nil].compactMap { $0 }
    return parts.isEmpty ? "plain" : parts.joined(separator: ", ")
  }
}

/// What a network has for one family of addresses.
public struct AddressPlan<Address: InternetAddress>: Hashable, Sendable {
  public let cidr: CIDRBlock<Address>
  /// The host's own address on the network.
  public let gateway: Address
  public let dhcp: AddressRange<Address>?
}

/// A virtual network that the spec wants (or, if external, relies on) on some hosts.
public struct NetworkSpec: Hashable, Sendable {
  public let name: ResourceName
  public let mode: NetworkMode
  public let ipv4: AddressPlan<IPv4Address>?
  public let ipv6: AddressPlan<IPv6Address>?
  /// True if IPv6 leaves the network behind the host's address, false if with the guests' own; nil where neither is
  /// asked.
  public let translatesIPv6: Bool?
  public let domain: String?
  /// Further names that the network's DNS server knows, each with an address of one or both families.
  public let records: [String: [IPAddress]]
  /// The bridge on the host: for `bridge` and `ovs` the one to use, else the name that libvirt's own bridge gets.
  public let bridge: String?
  /// The interfaces of the host that a network of mode `macvtap` is on; none for any other.
  public let devices: [String]
  /// Of mode `macvtap` only.
  public let macvtap: MacvtapType?
  /// By name.
  public let portgroups: [ResourceName: Portgroup]
  /// Bytes.
  public let mtu: Int?
  public let autostart: Bool?
  public let hosts: [ResourceName]
  /// True for a network that is there already: it is used, never created, changed or removed.
  public let isExternal: Bool
  /// True for a bridge that guests are plugged into without a network of libvirt's.
  public var isDirect = false
  /// True if nothing may remove it.
  public let isProtected: Bool
  public let path: SpecPath

  /// True if libvirt has a network for it.
  public var isObject: Bool { mode != .user && !isDirect }
}

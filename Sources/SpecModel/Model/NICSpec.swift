/// A network interface of a VM, known by its name.
public struct NICSpec: Hashable, Sendable {
  public let name: ResourceName
  public let network: ResourceName
  /// nil: virtform derives one from the names, so that it is the same on every run.
  public let mac: MACAddress?
  /// The addresses that DHCP reserves for the interface.
  public let ip: IPv4Address?
  public let ipv6: IPv6Address?
  /// The addresses that cloud-init gives the interface: none, or one of one or both families.
  public let addresses: [StaticAddress]
  /// The servers of the DNS that go with `addresses`.
  public let nameservers: [IPAddress]
  /// The families of which cloud-init has the guest ask DHCP.
  public let dhcp: Set<AddressFamily>
  public let model: String?
  public let link: LinkState?
  /// The group of ports of its network that it is in: the one that it names, or the network's default.
  public let portgroup: ResourceName?
  public let vlan: VLAN?
  public let qos: QoS?
  /// The firewall between the NIC and its network.
  public let firewall: ResourceName?
  public let path: SpecPath

  /// The addresses that the spec gives the interface, by DHCP or by cloud-init; that of IPv4 first.
  public var statedAddresses: [IPAddress] {
    let reserved = [ip.map(IPAddress.ipv4), ipv6.map(IPAddress.ipv6)].compactMap { $0 }
    return (reserved + addresses.map(\.address)).sorted()
  }
}

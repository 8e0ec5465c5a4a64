/// A network interface of a VM, known by its name.
public struct NICSpec: Hashable, Sendable {
  public let name: ResourceName
  public let network: ResourceName
  /// nil: virtform derives one from the names, so that it is the same on every run.
  public let mac: MACAddress?
  /// The address that DHCP reserves for the interface.
  public let ip: IPv4Address?
  /// The address that cloud-init gives the interface; nil where the guest asks DHCP.
  public let address: StaticAddress?
  public let model: String?
  public let link: LinkState?
  /// The tag of the VLAN that the NIC is on, 1 to 4094.
  public let vlan: Int?
  public let qos: QoS?
  /// The firewall between the NIC and its network.
  public let firewall: ResourceName?
  public let path: SpecPath

  /// The address that the spec gives the interface, by DHCP or by cloud-init.
  public var statedAddress: IPv4Address? { ip ?? address?.address }
}

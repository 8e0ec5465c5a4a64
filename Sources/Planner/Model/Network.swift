public import FoundationEssentials
public import SpecModel

/// A virtual network, as wanted or as a host reports it.
public struct Network: Hashable, Sendable {
  /// An address that DHCP keeps for one interface.
  public struct Reservation: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var mac: MACAddress
    public var ip: IPv4Address
    public var hostname: String

    public init(mac: MACAddress, ip: IPv4Address, hostname: String) {
      self.mac = mac
      self.ip = ip
      self.hostname = hostname
    }

    public var description: String { "\(ip) for \(hostname) (\(mac))" }
    public static func < (a: Self, b: Self) -> Bool { (a.ip, a.hostname) < (b.ip, b.hostname) }
  }

  public var name: String
  public var uuid: UUID
  public var mode: NetworkMode?
  public var cidr: CIDRBlock?
  public var gateway: IPv4Address?
  public var dhcp: AddressRange?
  public var domain: String?
  public var bridge: String?
  /// Bytes.
  public var mtu: Int?
  public var autostart: Bool?
  public var isActive: Bool
  public var reservations: Set<Reservation>
  /// The stack whose mark it carries.
  public var mark: Mark?

  public init(name: String, uuid: UUID, mode: NetworkMode?, isActive: Bool) {
    self.name = name
    self.uuid = uuid
    self.mode = mode
    self.isActive = isActive
    reservations = []
  }
}

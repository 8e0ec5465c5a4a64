public import FoundationEssentials
public import SpecModel

/// A virtual network, as wanted or as a host reports it.
public struct Network: Hashable, Sendable {
  /// An address that DHCP keeps for one interface.
  public struct Reservation: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var mac: MACAddress
    public var ip: IPv4Address
    /// The name that DNS has for the address; empty where it has none. A network knows a name but once.
    public var hostname: String

    public init(mac: MACAddress, ip: IPv4Address, hostname: String) {
      self.mac = mac
      self.ip = ip
      self.hostname = hostname
    }

    public var description: String {
      hostname.isEmpty ? "\(ip) for \(mac)" : "\(ip) for \(hostname) (\(mac))"
    }
    public static func < (a: Self, b: Self) -> Bool {
      (a.ip, a.hostname, a.mac.description) < (b.ip, b.hostname, b.mac.description)
    }
  }

  /// libvirt's name, to which interfaces refer. It never changes.
  public var name: String
  /// The name that the spec last had for it: another one than libvirt's if it was renamed since it was made.
  public var specName: String
  public var uuid: UUID
  public var mode: NetworkMode?
  public var cidr: CIDRBlock?
  public var gateway: IPv4Address?
  /// The ranges that DHCP hands out. The spec has one; others were put beside it by a person.
  public var ranges: [AddressRange] = []
  public var domain: String?
  /// Further names that the DNS server knows.
  public var records: [String: IPv4Address] = [:]
  public var bridge: String?
  /// Bytes.
  public var mtu: Int?
  public var autostart: Bool?
  public var isActive: Bool
  /// True if nothing may remove it; a host remembers it in the mark.
  public var isProtected = false
  public var reservations: Set<Reservation>
  public var mark: Mark?
  /// In the live state: the running VMs whose interfaces on it lead nowhere. They were plugged into a bridge that is
  /// gone, since somebody stopped the network under them or a run was cut off.
  public var unplugged: Set<UUID> = []
  /// In the live state: how many interfaces are plugged in.
  public var connections = 0

  public init(name: String, uuid: UUID, mode: NetworkMode?, isActive: Bool) {
    self.name = name
    specName = name
    self.uuid = uuid
    self.mode = mode
    self.isActive = isActive
    reservations = []
  }

  /// The values that the spec set when it was last applied.
  var applied: [String: String] { mark?.applied ?? [:] }
}

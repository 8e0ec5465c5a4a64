public import FoundationEssentials
public import SpecModel

/// A virtual network, as wanted or as a host reports it.
public struct Network: Hashable, Sendable {
  /// An address that DHCP keeps for one interface.
  public struct Reservation<Address: InternetAddress>: Hashable, Sendable, Comparable, CustomStringConvertible
  {
    /// By which DHCP for IPv4 knows the interface; nil for IPv6, where the name counts.
    public var mac: MACAddress?
    /// By which DHCP for IPv6 knows the guest where a person said so: the spec knows none.
    public var duid: String?
    public var ip: Address
    /// The name that DNS has for the address; empty where it has none. A network knows a name but once in each family.
    public var hostname: String

    public init(mac: MACAddress? = nil, duid: String? = nil, ip: Address, hostname: String) {
      self.mac = mac
      self.duid = duid
      self.ip = ip
      self.hostname = hostname
    }

    public var description: String {
      let client = mac?.description ?? duid
      guard let client else { return "\(ip) for \(hostname)" }
      return hostname.isEmpty ? "\(ip) for \(client)" : "\(ip) for \(hostname) (\(client))"
    }
    public static func < (a: Self, b: Self) -> Bool {
      if a.ip != b.ip { return a.ip < b.ip }
      return (a.hostname, a.description) < (b.hostname, b.description)
    }
  }

  /// What the network has for one family of addresses.
  public struct Subnet<Address: InternetAddress>: Hashable, Sendable {
    public var cidr: CIDRBlock<Address>?
    /// The host's own address.
    public var gateway: Address?
    /// The ranges that DHCP hands out. The spec has one; others were put beside it by a person.
    public var ranges: [AddressRange<Address>] = []
    public var reservations: Set<Reservation<Address>> = []

    public init() {}

    init(_ plan: AddressPlan<Address>) {
      cidr = plan.cidr
      gateway = plan.gateway
      ranges = plan.dhcp.map { [$0] } ?? []
    }

    /// True if a DHCP server answers.
    var hasDHCP: Bool { !ranges.isEmpty || !reservations.isEmpty }
  }

  /// A further name that the DNS server knows, in one family of addresses.
  public struct RecordName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let name: String
    public let family: AddressFamily

    public init(_ name: String, _ family: AddressFamily) {
      self.name = name
      self.family = family
    }

    /// `db`, or `db (IPv6)`
    public var description: String { family == .ipv4 ? name : "\(name) (\(family.rawValue))" }

    public static func < (a: Self, b: Self) -> Bool {
      (a.name, a.family.rawValue) < (b.name, b.family.rawValue)
    }
  }

  /// libvirt's name, to which interfaces refer. It never changes.
  public var name: String
  /// The name that the spec last had for it: another one than libvirt's if it was renamed since it was made.
  public var specName: String
  public var uuid: UUID
  public var mode: NetworkMode?
  public var ipv4 = Subnet<IPv4Address>()
  public var ipv6 = Subnet<IPv6Address>()
  /// True if IPv6 leaves the network behind the host's address; nil where that is not asked.
  public var translatesIPv6: Bool?
  public var domain: String?
  /// Further names that the DNS server knows.
  public var records: [RecordName: IPAddress] = [:]
  public var bridge: String?
  /// The interfaces of the host that one of mode `macvtap` is on.
  public var devices: [String] = []
  public var macvtap: MacvtapType?
  public var portgroups: [String: Portgroup] = [:]
  /// Bytes.
  public var mtu: Int?
  public var autostart: Bool?
  public var isActive: Bool
  /// True if it is active without a definition: once it stops, it is gone.
  public var isTransient = false
  /// True if nothing may remove it; a host remembers it in the mark.
  public var isProtected = false
  public var mark: Mark?
  /// What is wrong with the mark, if there is one that this virtform cannot go by.
  public var markFault: MarkFault?
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
  }

  /// The values that the spec set when it was last applied.
  var applied: [String: String] { mark?.applied ?? [:] }
}

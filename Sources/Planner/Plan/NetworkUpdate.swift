public import SpecModel

/// An edit of a network: of its definition, and of what it has while it is active.
public struct NetworkUpdate: Equatable, Sendable {
  /// The network as its definition is to be, with the mark that is to be remembered.
  public let wanted: Network
  public let definition: NetworkEdit
  /// What the active network is to have at once.
  public let live: NetworkEdit

  public init(wanted: Network, definition: NetworkEdit, live: NetworkEdit) {
    self.wanted = wanted
    self.definition = definition
    self.live = live
  }
}

/// What changes in one of a network's two documents. It says what goes and what comes, never how the whole is to be:
/// what others put beside it stays.
public struct NetworkEdit: Hashable, Sendable {
  /// What changes in what DHCP gives out of one family of addresses.
  public struct Subnet<Address: InternetAddress>: Hashable, Sendable {
    public var removedRanges: [AddressRange<Address>] = []
    public var addedRanges: [AddressRange<Address>] = []
    public var removedReservations: [Network.Reservation<Address>] = []
    public var addedReservations: [Network.Reservation<Address>] = []

    public init() {}

    mutating func setRanges(from subnet: Network.Subnet<Address>, to target: Network.Subnet<Address>) {
      removedRanges = subnet.ranges.filter { !target.ranges.contains($0) }
      addedRanges = target.ranges.filter { !subnet.ranges.contains($0) }
    }

    mutating func setReservations(from subnet: Network.Subnet<Address>, to target: Network.Subnet<Address>) {
      removedReservations = subnet.reservations.subtracting(target.reservations).sorted()
      addedReservations = target.reservations.subtracting(subnet.reservations).sorted()
    }

    public var isEmpty: Bool { self == Self() }
  }

  /// Fields of one value, to be written as the wanted network has them.
  public var fields: Set<NetworkField> = []
  public var ipv4 = Subnet<IPv4Address>()
  public var ipv6 = Subnet<IPv6Address>()
  public var removedRecords: Set<Network.RecordName> = []
  /// Records to add or to change.
  public var setRecords: [Network.RecordName: IPAddress] = [:]
  public var removedPortgroups: Set<String> = []
  /// Port groups to add or to change.
  public var setPortgroups: [String: Portgroup] = [:]

  public init() {}

  /// What takes `network` to `target`, as far as `fields` go.
  init(from network: Network, to target: Network, _ fields: Set<NetworkField>) {
    for field in fields {
      switch field {
      case .dhcp: ipv4.setRanges(from: network.ipv4, to: target.ipv4)
      case .reservations: ipv4.setReservations(from: network.ipv4, to: target.ipv4)
      case .dhcpIPv6: ipv6.setRanges(from: network.ipv6, to: target.ipv6)
      case .reservationsIPv6: ipv6.setReservations(from: network.ipv6, to: target.ipv6)
      case .records:
        removedRecords = Set(network.records.keys).subtracting(target.records.keys)
        setRecords = target.records.filter { network.records[$0.key] != $0.value }
      case .portgroups:
        removedPortgroups = Set(network.portgroups.keys).subtracting(target.portgroups.keys)
        setPortgroups = target.portgroups.filter { network.portgroups[$0.key] != $0.value }
      case .name, .mode, .cidr, .gateway, .cidrIPv6, .gatewayIPv6, .natIPv6, .dns, .bridge, .device, .type,
        .mtu, .autostart, .protect:
        self.fields.insert(field)
      }
    }
  }

  public var isEmpty: Bool { self == NetworkEdit() }
}

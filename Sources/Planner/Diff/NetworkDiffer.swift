public import SpecModel

/// Compares a network as wanted with one of its two documents: the definition, or the live state.
///
/// A document is not compared with the wanted network itself but with what it would be if it were brought up to it:
/// what neither the spec nor its last application set is the same in both and never differs.
enum NetworkDiffer {
  /// One value that differs.
  struct Difference: Equatable {
    let field: NetworkField
    /// What the mark calls it: the field, or an entry of a field that has many.
    let key: String
    let from: String?
    let to: String?

    /// As a plan calls it: reservations are told apart by their values.
    var path: String {
      switch field {
      case .reservations: "reservation"
      case .reservationsIPv6: "ipv6.reservation"
      default: key
      }
    }
  }

  // MARK: What is remembered

  /// The values that the spec sets, as a mark keeps them: by the path of the field, entry by entry where it has many.
  static func memory(of wanted: Network) -> [String: String] {
    var memory: [String: String] = [:]
    for field in NetworkField.allCases {
      switch field {
      case .reservations: for entry in wanted.ipv4.reservations { memory[key(of: entry)] = text(of: entry) }
      case .reservationsIPv6:
        for entry in wanted.ipv6.reservations { memory[key(of: entry)] = text(of: entry) }
      case .records: for (name, ip) in wanted.records { memory[key(ofRecord: name)] = "\(ip)" }
      case .portgroups:
        for (name, group) in wanted.portgroups { memory[key(ofPortgroup: name)] = "\(group)" }
      // The mark has it in a place of its own.
      case .name: continue
      case .mode, .cidr, .gateway, .dhcp, .cidrIPv6, .gatewayIPv6, .dhcpIPv6, .natIPv6, .dns, .bridge,
        .device,
        .type, .mtu, .autostart, .protect:
        memory[field.rawValue] = field.value(of: wanted)
      }
    }
    return memory
  }

  /// True for a reservation that the spec set when it was last applied.
  static func remembers<Address>(
    _ reservation: Network.Reservation<Address>, in memory: [String: String]
  ) -> Bool {
    memory[key(of: reservation)] == text(of: reservation)
  }

  /// By what DHCP knows it: the MAC address, or the name.
  private static func key<Address>(of reservation: Network.Reservation<Address>) -> String {
    let field: NetworkField = Address.family == .ipv4 ? .reservations : .reservationsIPv6
    return "\(field.rawValue).\(reservation.mac?.description ?? reservation.duid ?? reservation.hostname)"
  }

  private static func text<Address>(of reservation: Network.Reservation<Address>) -> String {
    reservation.mac == nil ? "\(reservation.ip)" : "\(reservation.ip) \(reservation.hostname)"
  }

  private static func key(ofRecord name: Network.RecordName) -> String {
    "\(NetworkField.records.rawValue).\(name)"
  }

  private static func key(ofPortgroup name: String) -> String {
    "\(NetworkField.portgroups.rawValue).\(name)"
  }

  // MARK: What a document would be

  /// `document` with what the spec wants, and without what it wanted when `memory` was written and wants no more.
  static func merge(_ wanted: Network, into document: Network, remembering memory: [String: String])
    -> Network
  {
    var result = document
    for field in NetworkField.allCases {
      var isOwned: Bool { field.value(of: wanted) != nil || memory[field.rawValue] != nil }
      switch field {
      case .name: result.specName = wanted.specName
      case .mode: result.mode = wanted.mode ?? document.mode
      case .cidr: if isOwned { result.ipv4.cidr = wanted.ipv4.cidr }
      case .gateway: if isOwned { result.ipv4.gateway = wanted.ipv4.gateway }
      case .cidrIPv6: if isOwned { result.ipv6.cidr = wanted.ipv6.cidr }
      case .gatewayIPv6: if isOwned { result.ipv6.gateway = wanted.ipv6.gateway }
      case .natIPv6: if isOwned { result.translatesIPv6 = wanted.translatesIPv6 }
      case .dns: if isOwned { result.domain = wanted.domain }
      // Left to libvirt, it stays the one that it is, unless that one is the host's own.
      case .bridge:
        let isHosts = document.mode?.usesHostDevice == true && wanted.mode?.usesHostDevice == false
        result.bridge = wanted.bridge ?? (isHosts || wanted.mode == .macvtap ? nil : document.bridge)
      case .device: if isOwned { result.devices = wanted.devices }
      case .type: if isOwned { result.macvtap = wanted.macvtap }
      case .portgroups: result.portgroups = portgroups(wanted.portgroups, in: document.portgroups, memory)
      case .mtu: if isOwned { result.mtu = wanted.mtu }
      case .autostart: if isOwned { result.autostart = wanted.autostart ?? true }
      case .protect: result.isProtected = wanted.isProtected
      case .dhcp:
        result.ipv4.ranges = ranges(
          wanted.ipv4.ranges.first, in: document.ipv4.ranges, applied: memory[field.rawValue])
      case .dhcpIPv6:
        result.ipv6.ranges = ranges(
          wanted.ipv6.ranges.first, in: document.ipv6.ranges, applied: memory[field.rawValue])
      case .reservations:
        result.ipv4.reservations = reservations(
          wanted.ipv4.reservations, in: document.ipv4.reservations, memory)
      case .reservationsIPv6:
        result.ipv6.reservations = reservations(
          wanted.ipv6.reservations, in: document.ipv6.reservations, memory)
      case .records:
        for name in document.records.keys where memory[key(ofRecord: name)] != nil {
          result.records[name] = nil
        }
        result.records.merge(wanted.records) { $1 }
      }
    }
    return result
  }

  /// A range that stands where the spec's own should be was made from it by a person; any other is theirs.
  private static func ranges<Address>(
    _ wanted: AddressRange<Address>?, in ranges: [AddressRange<Address>], applied: String?
  ) -> [AddressRange<Address>] {
    let isThere = wanted.map(ranges.contains) ?? false
    let former = applied.flatMap(AddressRange<Address>.init(reading:))
    let isWhole = isThere || former.map(ranges.contains) ?? false
    var result = ranges.filter { range in
      if range == wanted { return true }
      if range == former { return false }
      let overlaps = [wanted, former].contains { $0?.overlaps(range) ?? false }
      return !overlaps || isWhole
    }
    if let wanted, !isThere {
      let place = ranges.firstIndex { !result.contains($0) } ?? result.count
      result.insert(wanted, at: min(place, result.count))
    }
    return result
  }

  /// Those of others stay, unless libvirt would refuse a wanted one because of them.
  private static func reservations<Address>(
    _ wanted: Set<Network.Reservation<Address>>, in there: Set<Network.Reservation<Address>>,
    _ memory: [String: String]
  ) -> Set<Network.Reservation<Address>> {
    let others = there.subtracting(wanted).filter { entry in
      !remembers(entry, in: memory) && !wanted.contains { $0.collides(with: entry) }
    }
    return wanted.union(others)
  }

  /// Those of others stay; but there is one default.
  private static func portgroups(
    _ wanted: [String: Portgroup], in there: [String: Portgroup], _ memory: [String: String]
  ) -> [String: Portgroup] {
    var result = there.filter { memory[key(ofPortgroup: $0.key)] == nil }
    if wanted.values.contains(where: \.isDefault) {
      for name in result.keys { result[name]?.isDefault = false }
    }
    result.merge(wanted) { $1 }
    return result
  }

  // MARK: Differences

  static func differences(from network: Network, to target: Network) -> [Difference] {
    NetworkField.allCases.flatMap { field -> [Difference] in
      switch field {
      case .reservations: differences(field, from: network.ipv4, to: target.ipv4)
      case .reservationsIPv6: differences(field, from: network.ipv6, to: target.ipv6)
      case .records:
        Set(network.records.keys).union(target.records.keys).sorted().filter {
          network.records[$0] != target.records[$0]
        }.map { name in
          Difference(
            field: field, key: key(ofRecord: name), from: network.records[name]?.description,
            to: target.records[name]?.description)
        }
      case .portgroups:
        Set(network.portgroups.keys).union(target.portgroups.keys).sorted().filter {
          network.portgroups[$0] != target.portgroups[$0]
        }.map { name in
          Difference(
            field: field, key: key(ofPortgroup: name), from: network.portgroups[name]?.description,
            to: target.portgroups[name]?.description)
        }
      case .name, .mode, .cidr, .gateway, .dhcp, .cidrIPv6, .gatewayIPv6, .dhcpIPv6, .natIPv6, .dns, .bridge,
        .device, .type, .mtu, .autostart, .protect:
        [
          Difference(
            field: field, key: field.rawValue, from: field.value(of: network), to: field.value(of: target))
        ].filter { $0.from != $0.to }
      }
    }
  }

  private static func differences<Address>(
    _ field: NetworkField, from subnet: Network.Subnet<Address>, to target: Network.Subnet<Address>
  ) -> [Difference] {
    let gone = subnet.reservations.subtracting(target.reservations).sorted().map {
      Difference(field: field, key: key(of: $0), from: "\($0)", to: nil)
    }
    let new = target.reservations.subtracting(subnet.reservations).sorted().map {
      Difference(field: field, key: key(of: $0), from: nil, to: "\($0)")
    }
    return gone + new
  }
}

extension [NetworkDiffer.Difference] {
  /// Each path once.
  var paths: [String] {
    var paths: [String] = []
    for path in map(\.path) where !paths.contains(path) { paths.append(path) }
    return paths
  }
}

extension Network.Reservation {
  /// True if libvirt refuses to have both in one network.
  func collides(with other: Self) -> Bool {
    ip == other.ip || mac != nil && mac == other.mac || !hostname.isEmpty && hostname == other.hostname
  }
}

extension NetworkMode {
  /// True where guests are plugged into something of the host's, which outlives the network.
  public var usesHostDevice: Bool { self == .bridge || self == .ovs || self == .macvtap }

  /// True where libvirt plugs an interface of a running guest in and out, as it does at Linux bridges.
  public var isMovable: Bool { self != .ovs && self != .macvtap }
}

extension AddressRange {
  /// A range from its description.
  init?(reading text: String) {
    let ends = text.split(separator: " – ").compactMap { try? Address(parsing: String($0)) }
    guard ends.count == 2 else { return nil }
    self.init(from: ends[0], to: ends[1])
  }

  func overlaps(_ other: AddressRange) -> Bool { from <= other.to && other.from <= to }
}

extension HostState {
  /// The running VMs that are plugged into `network`.
  public func guests(on network: Network) -> [Machine] {
    machines.filter { liveNetworks(of: $0).contains(network.name) }
  }

  /// The fields of an active network of the stack that its definition has otherwise and that it takes up when it next
  /// starts. Only what some spec set counts.
  public func pendingFields(of network: Network) -> [String] {
    guard let live = liveNetworks[network.uuid] else { return [] }
    let owned = Set(network.applied.keys).union(live.applied.keys)
    return NetworkDiffer.differences(from: live, to: network).filter { difference in
      difference.field.rule.scope == .guest && owned.contains(difference.key)
        && !difference.field.rule.isLive(from: live, to: network, on: capabilities.driver)
    }.paths
  }
}

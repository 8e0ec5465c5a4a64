import Crypto
import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// A virtual network as XML, after <https://libvirt.org/formatnetwork.html>: made once, then only edited.
enum NetworkDocument {
  /// The document that makes `network`.
  static func definition(of network: Network, on host: HostCapabilities) -> XMLElement {
    var network = network
    if network.bridge == nil { network.bridge = bridgeName(for: network, on: host) }
    var edit = NetworkEdit()
    edit.fields = Set(NetworkField.allCases)
    edit.addedRanges = network.ranges
    edit.addedReservations = network.reservations.sorted()
    edit.setRecords = network.records
    let empty = XMLElement("network") {
      XMLElement("name", text: network.name)
      XMLElement("uuid", text: network.uuid.uuidString.lowercased())
    }
    return self.edit(empty, edit, wanted: network)
  }

  /// The bridge of a network that names none. Left to libvirt, two networks that are defined at the same time
  /// get the same. The host's UUID tells the libvirts of one machine apart, which share its bridges.
  static func bridgeName(for network: Network, on host: HostCapabilities) -> String {
    let digest = SHA256.hash(data: Array("\(network.uuid)/\(host.hostUUID)".utf8))
    return "vfbr" + digest.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// `document` after `edit`, with the mark of `wanted`; what the edit does not name stays as it is.
  static func edit(_ document: XMLElement, _ edit: NetworkEdit, wanted: Network) -> XMLElement {
    let former = document
    var document = document
    for field in NetworkField.allCases where edit.fields.contains(field) {
      write(field, of: wanted, into: &document)
    }
    if !edit.fields.isDisjoint(with: [.cidr, .gateway]) {
      writeBlock(of: wanted, formerly: former, &document)
    }
    editDHCP(edit, &document, gateway: wanted.gateway)
    document.removeDNSHosts(edit.removedRecords.union(edit.setRecords.keys))
    for (name, ip) in edit.setRecords.sorted(by: { $0.key < $1.key }) { document.addDNSHost(name, ip) }
    if let mark = wanted.mark { MarkDocument.write(mark, into: &document) }
    return document
  }

  /// Sets `field` in `document`; what it does not own stays.
  private static func write(_ field: NetworkField, of network: Network, into document: inout XMLElement) {
    switch field {
    case .mode:
      guard let mode = forwardMode(network.mode) else {
        document.removeChildren(named: "forward")
        document.removeOpenVSwitchPort()
        return
      }
      document.mutateFirst("forward", otherwise: .after(["name", "uuid", "metadata"])) { forward in
        // What goes with network address translation means nothing to another mode.
        if mode != "nat" { forward.removeChildren(named: "nat") }
        forward[attribute: "mode"] = mode
      }
      if network.mode?.usesHostBridge == true { document.removeBridgeOptions() }
      if network.mode != .ovs { document.removeOpenVSwitchPort() }
      if network.mode == .ovs {
        document.setChild(
          XMLElement("virtualport", ["type": "openvswitch"]),
          otherwise: .after(["forward", "bridge", "mac", "mtu"]))
      }
    case .bridge:
      // Without a name, libvirt gives it one.
      document.mutateFirst("bridge", otherwise: .after(["name", "uuid", "metadata", "forward"])) {
        $0[attribute: "name"] = network.bridge
      }
    case .mtu:
      document.removeChildren(named: "mtu")
      if let mtu = network.mtu {
        document.insert(
          XMLElement("mtu", ["size": "\(mtu)"]), .after(["name", "uuid", "metadata", "forward", "bridge"]))
      }
    case .dns:
      document.removeChildren(named: "domain")
      if let domain = network.domain {
        document.insert(
          XMLElement("domain", ["name": domain, "localOnly": "yes"]), .before(["dns", "ip", "route"]))
      }
    // Written together, and entry by entry.
    case .cidr, .gateway, .dhcp, .reservations, .records: return
    // A state of the network, and what only the mark has.
    case .autostart, .name, .protect: return
    }
  }

  private static func forwardMode(_ mode: NetworkMode?) -> String? {
    switch mode {
    case .nat: "nat"
    case .routed: "route"
    case .open: "open"
    case .bridge, .ovs: "bridge"
    case .isolated, .user, nil: nil
    }
  }

  // MARK: Addresses

  /// The block of addresses that is virtform's: the one whose address it wrote last, else the first for IPv4.
  /// Further ones are somebody else's.
  static func blockIndex(in document: XMLElement, gateway: String?) -> Int? {
    let blocks = document.children.indices.filter { index in
      document.children[index].element.map { $0.name == "ip" && $0[attribute: "family"] != "ipv6" } ?? false
    }
    return blocks.first { document.children[$0].element?[attribute: "address"] == gateway } ?? blocks.first
  }

  private static func writeBlock(
    of network: Network, formerly former: XMLElement, _ document: inout XMLElement
  ) {
    let index = blockIndex(in: document, gateway: appliedGateway(in: former))
    guard let cidr = network.cidr, let gateway = network.gateway else {
      if let index { document.children.remove(at: index) }
      return
    }
    var block = index.flatMap { document.children[$0].element } ?? XMLElement("ip", ["family": "ipv4"])
    block[attribute: "address"] = "\(gateway)"
    block[attribute: "netmask"] = nil
    block[attribute: "prefix"] = "\(cidr.prefix)"
    if let index {
      document.children[index] = .element(block)
    } else {
      document.insert(block, .before(["route"]))
    }
  }

  static func appliedGateway(in document: XMLElement) -> String? {
    MarkDocument.read(from: document)?.applied[NetworkField.gateway.rawValue]
  }

  /// Edits the ranges and reservations. What else serves guests that boot from the network stays.
  private static func editDHCP(_ edit: NetworkEdit, _ document: inout XMLElement, gateway: IPv4Address?) {
    let isEdited =
      !(edit.removedRanges + edit.addedRanges).isEmpty
      || !(edit.removedReservations + edit.addedReservations).isEmpty
    guard isEdited, let index = blockIndex(in: document, gateway: gateway?.description),
      var block = document.children[index].element
    else { return }
    block.mutateFirst("dhcp") { dhcp in
      dhcp.removeChildren {
        $0.name == "range" && range($0).map(edit.removedRanges.contains) ?? false
          || $0.name == "host" && reservation($0).map(edit.removedReservations.contains) ?? false
      }
      let ranges = dhcp.all("range").compactMap(range)
      for new in edit.addedRanges where !ranges.contains(new) { dhcp.insert(element(of: new), .first) }
      let there = dhcp.all("host").compactMap(reservation)
      for new in edit.addedReservations where !there.contains(new) {
        dhcp.insert(element(of: new), .after(["range", "host"]))
      }
    }
    if block.first("dhcp")?.elements.isEmpty == true { block.removeChildren(named: "dhcp") }
    document.children[index] = .element(block)
  }

  /// A DHCP reservation, as `virNetworkUpdate` takes it, too.
  static func element(of reservation: Network.Reservation) -> XMLElement {
    XMLElement(
      "host",
      [
        "mac": "\(reservation.mac)", "name": reservation.hostname.isEmpty ? nil : reservation.hostname,
        "ip": "\(reservation.ip)",
      ])
  }

  static func element(of range: AddressRange) -> XMLElement {
    XMLElement("range", ["start": "\(range.from)", "end": "\(range.to)"])
  }

  // MARK: Reading

  /// A network from its persistent definition or from its live document.
  static func read(_ document: XMLElement, name: String, uuid: UUID, isActive: Bool) -> Network {
    var network = Network(name: name, uuid: uuid, mode: mode(of: document), isActive: isActive)
    network.mark = MarkDocument.read(from: document)
    network.specName = network.mark?.name ?? name
    network.isProtected = network.mark?.applied[NetworkField.protect.rawValue] == "true"
    network.connections = document[attribute: "connections"].flatMap { Int($0) } ?? 0
    network.bridge = document.first("bridge")?[attribute: "name"]
    network.mtu = document.first("mtu")?[attribute: "size"].flatMap { Int($0) }
    network.domain = document.first("domain")?[attribute: "name"]
    for host in document.dnsHosts {
      guard let ip = address(host, "ip") else { continue }
      for name in host.hostnames where network.records[name] == nil { network.records[name] = ip }
    }
    guard let index = blockIndex(in: document, gateway: appliedGateway(in: document)),
      let ip = document.children[index].element
    else { return network }
    network.gateway = address(ip, "address")
    let prefix =
      ip[attribute: "prefix"].flatMap { Int($0) }
      ?? address(ip, "netmask").map { $0.rawValue.nonzeroBitCount }
    if let gateway = network.gateway, let prefix, (0...32).contains(prefix) {
      network.cidr = CIDRBlock(containing: gateway, prefix: prefix)
    }
    network.ranges = ip.all(at: "dhcp", "range").compactMap(range)
    network.reservations = Set(ip.all(at: "dhcp", "host").compactMap(reservation))
    return network
  }

  static func range(_ element: XMLElement) -> AddressRange? {
    guard let from = address(element, "start"), let to = address(element, "end") else { return nil }
    return AddressRange(from: from, to: to)
  }

  /// nil for a reservation by something else than a MAC address, which is none of virtform's.
  static func reservation(_ host: XMLElement) -> Network.Reservation? {
    guard let ip = address(host, "ip"), let mac = try? MACAddress(parsing: host[attribute: "mac"] ?? "")
    else {
      return nil
    }
    return .init(mac: mac, ip: ip, hostname: host[attribute: "name"] ?? "")
  }

  private static func mode(of document: XMLElement) -> NetworkMode? {
    switch document.first("forward").map({ $0[attribute: "mode"] ?? "nat" }) {
    case nil: .isolated
    case "nat": .nat
    case "route": .routed
    case "open": .open
    case "bridge": document.first("virtualport")?[attribute: "type"] == "openvswitch" ? .ovs : .bridge
    default: nil
    }
  }

  private static func address(_ element: XMLElement, _ attribute: String) -> IPv4Address? {
    element[attribute: attribute].flatMap { try? IPv4Address(parsing: $0) }
  }
}

extension XMLElement {
  fileprivate mutating func removeOpenVSwitchPort() {
    removeChildren { $0.name == "virtualport" && $0[attribute: "type"] == "openvswitch" }
  }

  /// Takes out what tells libvirt how to make a bridge: it refuses that for one of the host's.
  fileprivate mutating func removeBridgeOptions() {
    removeChildren(named: "mac")
    guard first("bridge") != nil else { return }
    mutateFirst("bridge") { bridge in
      for option in ["stp", "delay", "zone", "macTableManager"] { bridge[attribute: option] = nil }
    }
  }
}

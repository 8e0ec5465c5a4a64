import Crypto
import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// A virtual network as XML, after <https://libvirt.org/formatnetwork.html>.
enum NetworkDocument {
  static func definition(of network: Network, stack: String, on host: HostCapabilities) -> XMLElement {
    var document = XMLElement("network") {
      XMLElement("name", text: network.name)
      XMLElement("uuid", text: network.uuid.uuidString.lowercased())
    }
    MarkDocument.write(Mark(stack: stack), into: &document)
    var network = network
    if network.bridge == nil { network.bridge = bridgeName(for: network, on: host) }
    for field in NetworkField.allCases { write(field, of: network, into: &document) }
    return document
  }

  /// The bridge of a network that names none. Left to libvirt, two networks that are defined at the same time
  /// get the same. The host's UUID tells the libvirts of one machine apart, which share its bridges.
  private static func bridgeName(for network: Network, on host: HostCapabilities) -> String {
    let digest = SHA256.hash(data: Array("\(network.uuid)/\(host.hostUUID)".utf8))
    return "vfbr" + digest.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Sets `field` in `document`; what it does not own stays.
  static func write(_ field: NetworkField, of network: Network, into document: inout XMLElement) {
    switch field {
    case .mode:
      guard let mode = forwardMode(network.mode) else {
        document.removeChildren(named: "forward")
        return
      }
      document.mutateFirst("forward", otherwise: .after(["name", "uuid", "metadata"])) { forward in
        // What goes with network address translation means nothing to another mode.
        if mode != "nat" { forward.removeChildren(named: "nat") }
        forward[attribute: "mode"] = mode
      }
    case .bridge:
      guard let bridge = network.bridge else { return }
      document.mutateFirst("bridge", otherwise: .after(["name", "uuid", "metadata", "forward"])) {
        $0[attribute: "name"] = bridge
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
    case .cidr, .gateway, .dhcp: writeAddresses(of: network, into: &document)
    case .autostart: return
    }
  }

  private static func forwardMode(_ mode: NetworkMode?) -> String? {
    switch mode {
    case .nat: "nat"
    case .routed: "route"
    case .open: "open"
    case .bridge: "bridge"
    case .isolated, .user, nil: nil
    }
  }

  /// Edits the first IPv4 block: its address, its range and its reservations. TFTP, routes, further blocks stay.
  private static func writeAddresses(of network: Network, into document: inout XMLElement) {
    func isManaged(_ element: XMLElement) -> Bool {
      element.name == "ip" && element[attribute: "family"] != "ipv6"
    }
    let index = document.children.firstIndex { $0.element.map(isManaged) ?? false }
    guard let cidr = network.cidr, let gateway = network.gateway else {
      if let index { document.children.remove(at: index) }
      return
    }
    var block = index.flatMap { document.children[$0].element } ?? XMLElement("ip", ["family": "ipv4"])
    block[attribute: "address"] = "\(gateway)"
    block[attribute: "netmask"] = nil
    block[attribute: "prefix"] = "\(cidr.prefix)"
    if network.dhcp != nil || !network.reservations.isEmpty || block.first("dhcp") != nil {
      block.mutateFirst("dhcp") { dhcp in
        let there = dhcp.all("host").compactMap(reservation)
        dhcp.removeChildren(named: "range")
        dhcp.removeChildren { host in
          host.name == "host" && reservation(host).map { !network.reservations.contains($0) } ?? false
        }
        for missing in network.reservations.subtracting(there).sorted() {
          dhcp.insert(host(missing), .after(["range", "host"]))
        }
        if let range = network.dhcp {
          dhcp.insert(XMLElement("range", ["start": "\(range.from)", "end": "\(range.to)"]), .first)
        }
      }
      if block.first("dhcp")?.elements.isEmpty == true { block.removeChildren(named: "dhcp") }
    }
    if let index {
      document.children[index] = .element(block)
    } else {
      document.insert(block, .before(["route"]))
    }
  }

  /// A DHCP reservation, as `virNetworkUpdate` takes it, too.
  static func host(_ reservation: Network.Reservation) -> XMLElement {
    XMLElement(
      "host", ["mac": "\(reservation.mac)", "name": reservation.hostname, "ip": "\(reservation.ip)"])
  }

  /// A network from its persistent definition.
  static func read(_ document: XMLElement, name: String, uuid: UUID, isActive: Bool) -> Network {
    var network = Network(name: name, uuid: uuid, mode: mode(of: document), isActive: isActive)
    network.mark = MarkDocument.read(from: document)
    network.bridge = document.first("bridge")?[attribute: "name"]
    network.mtu = document.first("mtu")?[attribute: "size"].flatMap { Int($0) }
    network.domain = document.first("domain")?[attribute: "name"]
    guard let ip = document.all("ip").first(where: { $0[attribute: "family"] != "ipv6" }) else {
      return network
    }
    network.gateway = address(ip, "address")
    let prefix =
      ip[attribute: "prefix"].flatMap { Int($0) }
      ?? address(ip, "netmask").map { $0.rawValue.nonzeroBitCount }
    if let gateway = network.gateway, let prefix, (0...32).contains(prefix) {
      network.cidr = CIDRBlock(containing: gateway, prefix: prefix)
    }
    if let range = ip.at("dhcp", "range"), let from = address(range, "start"), let to = address(range, "end")
    {
      network.dhcp = AddressRange(from: from, to: to)
    }
    network.reservations = Set(ip.all(at: "dhcp", "host").compactMap(reservation))
    return network
  }

  /// nil for a reservation by something else than a MAC address, which is none of virtform's.
  private static func reservation(_ host: XMLElement) -> Network.Reservation? {
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
    case "bridge": .bridge
    default: nil
    }
  }

  private static func address(_ element: XMLElement, _ attribute: String) -> IPv4Address? {
    element[attribute: attribute].flatMap { try? IPv4Address(parsing: $0) }
  }
}

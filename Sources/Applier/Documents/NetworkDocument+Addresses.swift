import Libvirt
import Planner
import SpecModel

/// The blocks of addresses in `<ip>`, each with what DHCP gives out of it.
extension NetworkDocument {
  /// The block of a family that is virtform's: the one whose address it wrote last, else the first. Further ones are
  /// somebody else's.
  static func blockIndex<Address: InternetAddress>(
    in document: XMLElement, _: Address.Type, gateway: Address? = nil
  )
    -> Int?
  {
    let blocks = document.children.indices.filter { index in
      document.children[index].element.map {
        $0.name == "ip" && ($0[attribute: "family"] ?? "ipv4") == Address.family.rawValue.lowercased()
      } ?? false
    }
    let gateway = gateway ?? appliedGateway(in: document)
    return blocks.first { index in
      gateway != nil && document.children[index].element.flatMap { address($0, "address") } == gateway
    } ?? blocks.first
  }

  private static func appliedGateway<Address: InternetAddress>(in document: XMLElement) -> Address? {
    let field: NetworkField = Address.family == .ipv4 ? .gateway : .gatewayIPv6
    return MarkDocument.read(from: document)?.applied[field.rawValue].flatMap { try? Address(parsing: $0) }
  }

  static func writeBlock<Address>(
    _ subnet: Network.Subnet<Address>, formerly former: XMLElement, _ document: inout XMLElement
  ) {
    let index = blockIndex(in: document, Address.self, gateway: appliedGateway(in: former))
    guard let cidr = subnet.cidr, let gateway = subnet.gateway else {
      if let index { document.children.remove(at: index) }
      return
    }
    var block =
      index.flatMap { document.children[$0].element }
      ?? XMLElement("ip", ["family": Address.family.rawValue.lowercased()])
    block[attribute: "address"] = "\(gateway)"
    block[attribute: "netmask"] = nil
    block[attribute: "prefix"] = "\(cidr.prefix)"
    if let index {
      document.children[index] = .element(block)
    } else {
      document.insert(block, .before(["route"]))
    }
  }

  /// Edits the ranges and reservations. What else serves guests that boot from the network stays.
  static func editDHCP<Address>(
    _ edit: NetworkEdit.Subnet<Address>, _ document: inout XMLElement, gateway: Address?
  ) {
    guard !edit.isEmpty, let index = blockIndex(in: document, Address.self, gateway: gateway),
      var block = document.children[index].element
    else { return }
    block.mutateFirst("dhcp") { dhcp in
      // How long leases last is a person's, and stays when the range becomes another one.
      let lease =
        dhcp.all("range").first { range($0).map(edit.removedRanges.contains) ?? false }?.elements ?? []
      dhcp.removeChildren {
        $0.name == "range" && range($0).map(edit.removedRanges.contains) ?? false
          || $0.name == "host" && reservation($0).map(edit.removedReservations.contains) ?? false
      }
      let ranges: [AddressRange<Address>] = dhcp.all("range").compactMap(range)
      for new in edit.addedRanges where !ranges.contains(new) {
        var element = element(of: new)
        for child in lease { element.insert(child) }
        dhcp.insert(element, .first)
      }
      let there: [Network.Reservation<Address>] = dhcp.all("host").compactMap(reservation)
      for new in edit.addedReservations where !there.contains(new) {
        dhcp.insert(element(of: new), .after(["range", "host"]))
      }
    }
    if block.first("dhcp")?.elements.isEmpty == true { block.removeChildren(named: "dhcp") }
    document.children[index] = .element(block)
  }

  /// A DHCP reservation, as `virNetworkUpdate` takes it, too.
  static func element<Address>(of reservation: Network.Reservation<Address>) -> XMLElement {
    XMLElement(
      "host",
      [
        "mac": reservation.mac?.description, "id": reservation.duid,
        "name": reservation.hostname.isEmpty ? nil : reservation.hostname, "ip": "\(reservation.ip)",
      ])
  }

  static func element<Address>(of range: AddressRange<Address>) -> XMLElement {
    XMLElement("range", ["start": "\(range.from)", "end": "\(range.to)"])
  }

  // MARK: Reading

  static func subnet<Address>(_ block: XMLElement) -> Network.Subnet<Address> {
    var subnet = Network.Subnet<Address>()
    subnet.gateway = address(block, "address")
    let netmask: Address? = address(block, "netmask")
    let prefix = block[attribute: "prefix"].flatMap { Int($0) } ?? netmask.map(\.rawValue.nonzeroBitCount)
    if let gateway = subnet.gateway, let prefix, (0...Address.bitWidth).contains(prefix) {
      subnet.cidr = CIDRBlock(containing: gateway, prefix: prefix)
    }
    subnet.ranges = block.all(at: "dhcp", "range").compactMap(range)
    subnet.reservations = Set(block.all(at: "dhcp", "host").compactMap(reservation))
    return subnet
  }

  private static func range<Address>(_ element: XMLElement) -> AddressRange<Address>? {
    guard let from: Address = address(element, "start"), let to: Address = address(element, "end") else {
      return nil
    }
    return AddressRange(from: from, to: to)
  }

  /// nil for a reservation of IPv4 by something else than a MAC address, which is none of virtform's.
  private static func reservation<Address>(_ host: XMLElement) -> Network.Reservation<Address>? {
    let mac = try? MACAddress(parsing: host[attribute: "mac"] ?? "")
    guard let ip: Address = address(host, "ip"), mac != nil || Address.family == .ipv6 else { return nil }
    return .init(mac: mac, duid: host[attribute: "id"], ip: ip, hostname: host[attribute: "name"] ?? "")
  }

  private static func address<Address: InternetAddress>(_ element: XMLElement, _ attribute: String)
    -> Address?
  {
    element[attribute: attribute].flatMap { try? Address(parsing: $0) }
  }
}

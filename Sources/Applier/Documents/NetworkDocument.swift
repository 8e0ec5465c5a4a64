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
    if network.bridge == nil, network.mode != .macvtap { network.bridge = bridgeName(for: network, on: host) }
    var edit = NetworkEdit()
    edit.fields = Set(NetworkField.allCases)
    edit.ipv4.addedRanges = network.ipv4.ranges
    edit.ipv4.addedReservations = network.ipv4.reservations.sorted()
    edit.ipv6.addedRanges = network.ipv6.ranges
    edit.ipv6.addedReservations = network.ipv6.reservations.sorted()
    edit.setRecords = network.records
    edit.setPortgroups = network.portgroups
    // Without it the host's card passes no multicast to a guest, and IPv6 finds no neighbour.
    let empty = XMLElement(
      "network", ["trustGuestRxFilters": network.mode == .macvtap ? "yes" : nil]
    ) {
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
      writeBlock(wanted.ipv4, formerly: former, &document)
    }
    if !edit.fields.isDisjoint(with: [.cidrIPv6, .gatewayIPv6]) {
      writeBlock(wanted.ipv6, formerly: former, &document)
    }
    editDHCP(edit.ipv4, &document, gateway: wanted.ipv4.gateway)
    editDHCP(edit.ipv6, &document, gateway: wanted.ipv6.gateway)
    document.removeDNSHosts(edit.removedRecords.union(edit.setRecords.keys))
    for (name, ip) in edit.setRecords.sorted(by: { $0.key < $1.key }) { document.addDNSHost(name.name, ip) }
    editPortgroups(edit, &document)
    if let mark = wanted.mark { MarkDocument.write(mark, into: &document) }
    return document
  }

  /// Sets `field` in `document`; what it does not own stays.
  private static func write(_ field: NetworkField, of network: Network, into document: inout XMLElement) {
    switch field {
    case .mode:
      guard let mode = forwardMode(network) else {
        document.removeChildren(named: "forward")
        document.removeOpenVSwitchPort()
        return
      }
      document.mutateFirst("forward", otherwise: .after(["name", "uuid", "metadata"])) { forward in
        // What goes with network address translation means nothing to another mode.
        if mode != "nat" { forward.removeChildren(named: "nat") }
        forward[attribute: "mode"] = mode
      }
      if network.mode?.usesHostDevice == true { document.removeBridgeOptions() }
      if network.mode != .ovs { document.removeOpenVSwitchPort() }
      if network.mode == .ovs {
        document.setChild(
          XMLElement("virtualport", ["type": "openvswitch"]),
          otherwise: .after(["forward", "bridge", "mac", "mtu"]))
      }
    case .natIPv6: document.setIPv6Translation(network.translatesIPv6)
    case .type:
      guard let type = network.macvtap else { return }
      document.mutateFirst("forward") { $0[attribute: "mode"] = type.rawValue }
    case .device:
      guard document.first("forward") != nil else { return }
      document.mutateFirst("forward") { forward in
        forward[attribute: "dev"] = network.devices.first
        forward.removeChildren(named: "interface")
        for device in network.devices { forward.insert(XMLElement("interface", ["dev": device]), .last) }
      }
    case .bridge:
      if network.mode == .macvtap {
        document.removeChildren(named: "bridge")
        return
      }
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
    case .cidr, .gateway, .dhcp, .cidrIPv6, .gatewayIPv6, .dhcpIPv6, .reservations, .reservationsIPv6,
      .records, .portgroups:
      return
    // A state of the network, and what only the mark has.
    case .autostart, .name, .protect: return
    }
  }

  private static func forwardMode(_ network: Network) -> String? {
    switch network.mode {
    case .nat: "nat"
    case .routed: "route"
    case .open: "open"
    case .bridge, .ovs: "bridge"
    case .macvtap: (network.macvtap ?? .bridge).rawValue
    case .isolated, .user, .auto, nil: nil
    }
  }

  // MARK: Reading

  /// A network from its persistent definition or from its live document.
  static func read(_ document: XMLElement, name: String, uuid: UUID, isActive: Bool) -> Network {
    var network = Network(name: name, uuid: uuid, mode: mode(of: document), isActive: isActive)
    network.mark = MarkDocument.read(from: document)
    network.markFault = MarkDocument.fault(in: document)
    network.specName = network.mark?.name ?? name
    network.isProtected = network.mark?.applied[NetworkField.protect.rawValue] == "true"
    network.connections = document[attribute: "connections"].flatMap { Int($0) } ?? 0
    network.bridge = document.first("bridge")?[attribute: "name"]
    if network.mode == .macvtap, let forward = document.first("forward") {
      network.macvtap = forward[attribute: "mode"].flatMap(MacvtapType.init)
      let devices = forward.all("interface").compactMap { $0[attribute: "dev"] }
      network.devices = devices.isEmpty ? [forward[attribute: "dev"]].compactMap { $0 } : devices
    }
    network.portgroups = portgroups(of: document)
    network.mtu = document.first("mtu")?[attribute: "size"].flatMap { Int($0) }
    network.domain = document.first("domain")?[attribute: "name"]
    for host in document.dnsHosts {
      guard let ip = host.dnsAddress else { continue }
      for name in host.hostnames {
        let record = Network.RecordName(name, ip.family)
        if network.records[record] == nil { network.records[record] = ip }
      }
    }
    if let index = blockIndex(in: document, IPv4Address.self), let block = document.children[index].element {
      network.ipv4 = subnet(block)
    }
    if let index = blockIndex(in: document, IPv6Address.self), let block = document.children[index].element {
      network.ipv6 = subnet(block)
    }
    if network.mode == .nat, network.ipv6.cidr != nil {
      network.translatesIPv6 = document.at("forward", "nat")?[attribute: "ipv6"] == "yes"
    }
    return network
  }

  private static func mode(of document: XMLElement) -> NetworkMode? {
    switch document.first("forward").map({ $0[attribute: "mode"] ?? "nat" }) {
    case nil: .isolated
    case "nat": .nat
    case "route": .routed
    case "open": .open
    case "bridge" where document.first("bridge") == nil: .macvtap
    case "bridge": document.first("virtualport")?[attribute: "type"] == "openvswitch" ? .ovs : .bridge
    case let mode?: MacvtapType(rawValue: mode) == nil ? nil : .macvtap
    }
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

  /// Elements that others put into `<nat>` stay; one with nothing to say goes.
  fileprivate mutating func setIPv6Translation(_ isWanted: Bool?) {
    guard let forward = first("forward"), forward[attribute: "mode"] ?? "nat" == "nat" else { return }
    mutateFirst("forward") { forward in
      guard isWanted == true || forward.first("nat") != nil else { return }
      forward.mutateFirst("nat") { $0[attribute: "ipv6"] = isWanted == true ? "yes" : nil }
      forward.removeChildren { $0.name == "nat" && $0.elements.isEmpty && $0.attributes.isEmpty }
    }
  }
}

extension SiteDecoder {
  mutating func decodeNetworks(_ spec: MappingReader) {
    for (name, entry) in declare(.networks, in: spec) {
      guard let reader = MappingReader(entry.value, at: SpecPath("networks.\(name)"), diagnostics) else {
        continue
      }
      if let network = decodeNetwork(name, reader) { networks.append(network, as: name) }
      reader.finish()
    }
  }

  private func decodeNetwork(_ name: ResourceName, _ reader: MappingReader) -> NetworkSpec? {
    let hosts = hostList(reader)
    if isExternal(reader, allowed: ["hosts"]) {
      return NetworkSpec(
        name: name, mode: .bridge, cidr: nil, gateway: nil, dhcp: nil, domain: nil, records: [:], bridge: nil,
        mtu: nil,
        autostart: nil, hosts: hosts, isExternal: true, isProtected: false, path: reader.path)
    }
    let mode = reader.choice("mode", NetworkMode.self)
    reader.missing("mode", help: "one of " + NetworkMode.allCases.map(\.rawValue).joined(separator: ", "))
    let cidr = reader.value("cidr") { text throws(ValueError) in try Self.networkBlock(text) }
    let gateway = reader.value("gateway") { text throws(ValueError) in try IPv4Address(parsing: text) }
    let dhcp = decodeDHCP(reader, cidr)
    let dns = reader.nested("dns")
    let domain = dns?.value("domain") { text throws(ValueError) in try ResourceName(parsing: text).rawValue }
    let records = dns.map(decodeRecords) ?? [:]
    dns?.finish()
    let bridge = reader.value("bridge") { text throws(ValueError) in try Self.interfaceName(text) }
    let mtu = reader.int("mtu", in: 68...65535)
    let autostart = reader.bool("autostart")
    let isProtected = reader.bool("protect") ?? false
    guard let mode else { return nil }

    switch mode {
    case .nat, .routed, .isolated, .open:
      if mode != .isolated { reader.missing("cidr", help: "such as cidr: 10.10.0.0/24") }
    case .bridge, .ovs:
      reader.missing(
        "bridge", help: "mode \(mode.rawValue) uses a bridge that the host has, such as bridge: br0")
      reader.refuse(["cidr", "gateway", "dhcp", "dns"]) {
        "a network of mode \(mode.rawValue) has no '\($0)'"
      }
    case .user:
      reader.refuse(["cidr", "gateway", "dhcp", "dns", "bridge", "mtu", "autostart"]) {
        "a network of mode user has no '\($0)'"
      }
    }
    if mode == .isolated, gateway != nil, !reader.has("cidr") {
      reader.error("a gateway needs a cidr", at: "gateway", help: "such as cidr: 10.10.0.0/24")
    }
    if let cidr, let gateway, !cidr.containsHost(gateway) {
      reader.error("the gateway \(gateway) is not an address of \(cidr)", at: "gateway")
    }
    if mode == .isolated, reader.has("dhcp"), !reader.has("cidr") {
      reader.error("DHCP needs a cidr", at: "dhcp", help: "such as cidr: 10.10.0.0/24")
    }
    if mode == .isolated, let dns, !records.isEmpty, !reader.has("cidr") {
      dns.error("names of hosts need a cidr", at: "hosts", help: "such as cidr: 10.10.0.0/24")
    }
    if let address = gateway ?? cidr?.firstHost, let dhcp, dhcp.contains(address) {
      reader.error(
        "the DHCP range \(dhcp) holds the gateway \(address)", at: "dhcp",
        help: gateway == nil ? "without 'gateway', the first address of the network is the gateway" : nil)
    }
    // A network whose block is in error takes no part in the checks of addresses.
    if cidr == nil, reader.has("cidr") || mode.hasAddresses && mode != .isolated { return nil }
    return NetworkSpec(
      name: name, mode: mode, cidr: cidr, gateway: gateway ?? cidr?.firstHost, dhcp: dhcp, domain: domain,
      records: records, bridge: bridge, mtu: mtu, autostart: autostart, hosts: hosts, isExternal: false,
      isProtected: isProtected, path: reader.path)
  }

  private func decodeDHCP(_ reader: MappingReader, _ cidr: CIDRBlock?) -> AddressRange? {
    guard let dhcp = reader.nested("dhcp") else { return nil }
    defer { dhcp.finish() }
    let from = dhcp.value("from") { text throws(ValueError) in try IPv4Address(parsing: text) }
    let to = dhcp.value("to") { text throws(ValueError) in try IPv4Address(parsing: text) }
    dhcp.missing("from")
    dhcp.missing("to")
    guard let from, let to else { return nil }
    if from > to { dhcp.error("the range ends at \(to), before it starts at \(from)", at: "to") }
    for (key, address) in [("from", from), ("to", to)] {
      if let cidr, !cidr.containsHost(address) {
        dhcp.error("\(address) is not an address of \(cidr)", at: key)
      }
    }
    return AddressRange(from: from, to: to)
  }

  /// The names in `dns: {hosts: …}`, in lower case, as names of the DNS are the same in either.
  private func decodeRecords(_ dns: MappingReader) -> [String: IPv4Address] {
    guard let hosts = dns.nested("hosts") else { return [:] }
    var records: [String: IPv4Address] = [:]
    var first: [String: SourceLocation] = [:]
    for key in hosts.keys {
      let address = hosts.value(key) { text throws(ValueError) in try IPv4Address(parsing: text) }
      let place = hosts.keyLocation(of: key)
      guard
        let name = diagnostics.value(at: place, { () throws(ValueError) in try Self.domainName(key) })
      else { continue }
      if let earlier = first.updateValue(place, forKey: name) {
        diagnostics.error(
          "the name '\(name)' is there twice", at: place,
          related: [.init(message: "the first is here", location: earlier)])
      }
      records[name] = address
    }
    return records
  }

  /// The grammar of host names, in RFC 1123, section 2.1; `_` is taken, too, as DNS servers do.
  static func domainName(_ text: String) throws(ValueError) -> String {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    let isName = labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }
    guard isName, text.utf8.count <= 253 else {
      throw ValueError(
        "'\(text)' is not a name of the DNS",
        help:
          "it has parts of up to 63 letters, digits and '-', with dots between them, such as db.shop.example")
    }
    return text.lowercased()
  }

  private static func networkBlock(_ text: String) throws(ValueError) -> CIDRBlock {
    let block = try CIDRBlock(parsing: text)
    guard (8...30).contains(block.prefix) else {
      throw ValueError("a network of /\(block.prefix) is not usable", help: "use a prefix from /8 to /30")
    }
    return block
  }

  /// Linux takes up to 15 characters for the name of an interface.
  private static func interfaceName(_ text: String) throws(ValueError) -> String {
    let name = try ResourceName(parsing: text).rawValue
    guard name.utf8.count <= 15 else {
      throw ValueError(
        "the bridge name '\(name)' is longer than 15 characters", help: "Linux allows no longer one")
    }
    return name
  }
}

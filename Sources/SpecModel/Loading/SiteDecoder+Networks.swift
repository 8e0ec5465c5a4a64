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
        name: name, mode: .bridge, ipv4: nil, ipv6: nil, translatesIPv6: nil, domain: nil, records: [:],
        bridge: nil, devices: [], macvtap: nil, portgroups: [:], mtu: nil, autostart: nil, hosts: hosts,
        isExternal: true, isProtected: false, path: reader.path)
    }
    let written = reader.choice("mode", NetworkMode.self)
    let mode = written == .auto ? automaticMode(on: hosts) : written
    reader.missing("mode", help: "one of " + NetworkMode.allCases.map(\.rawValue).joined(separator: ", "))
    let hasIPv4 = reader.has("cidr")
    let hasIPv6 = reader.has("ipv6")
    let ipv4 = decodeAddresses(reader, IPv4Address.self, prefixes: 8...30)
    let inner = reader.nested("ipv6")
    // Guests make themselves addresses in a block of /64; the DHCP server takes none that is larger.
    let ipv6 = inner.flatMap { decodeAddresses($0, IPv6Address.self, prefixes: 64...126) }
    inner?.missing("cidr", help: "such as cidr: fd00:10::/64")
    let nat = inner?.bool("nat")
    let dns = reader.nested("dns")
    let domain = dns?.value("domain") { text throws(ValueError) in try ResourceName(parsing: text).rawValue }
    let records = dns.map(decodeRecords) ?? [:]
    dns?.finish()
    let bridge = reader.value("bridge") { text throws(ValueError) in
      try Self.interfaceName(text, "bridge")
    }
    let devices = reader.values("device", help: "such as device: eth0") { text throws(ValueError) in
      try Self.interfaceName(text, "device")
    }
    let macvtap = reader.choice("type", MacvtapType.self)
    let portgroups = decodePortgroups(reader)
    let mtu = reader.int("mtu", in: 68...65535)
    let autostart = reader.bool("autostart")
    let isProtected = reader.bool("protect") ?? false
    let isDirect = reader.bool("direct") ?? false
    guard let mode else { return nil }
    if isDirect {
      if mode != .bridge {
        reader.error(
          "a network of mode \(mode.rawValue) has no 'direct'", at: "direct", help: "only mode: bridge has it"
        )
      }
      reader.refuse(
        ["portgroups", "mtu", "autostart", "protect"], help: "'direct' goes without a network of libvirt's"
      ) { "'\($0)' does not go with 'direct'" }
    }

    switch written ?? mode {
    case .auto:
      reader.missing("cidr", help: "its block where it is of mode nat, such as cidr: 10.10.0.0/24")
      reader.refuse(["ipv6", "bridge", "portgroups", "mtu"]) { "a network of mode auto has no '\($0)'" }
    case .nat, .routed, .isolated, .open:
      if mode != .isolated, !hasIPv6 { reader.missing("cidr", help: "such as cidr: 10.10.0.0/24") }
    case .bridge, .ovs:
      reader.missing(
        "bridge", help: "mode \(mode.rawValue) uses a bridge that the host has, such as bridge: br0")
      reader.refuse(["cidr", "gateway", "dhcp", "dns", "ipv6"]) {
        "a network of mode \(mode.rawValue) has no '\($0)'"
      }
    case .macvtap:
      reader.missing("device", help: "an interface that the host has, such as device: eth0")
      reader.refuse(["cidr", "gateway", "dhcp", "dns", "ipv6", "bridge", "mtu"]) {
        "a network of mode macvtap has no '\($0)'"
      }
    case .user:
      reader.refuse(["cidr", "gateway", "dhcp", "dns", "ipv6", "bridge", "portgroups", "mtu", "autostart"]) {
        "a network of mode user has no '\($0)'"
      }
    }
    if mode != .macvtap {
      reader.refuse(["device", "type"], help: "only mode: macvtap has one") {
        "a network of mode \(mode.rawValue) has no '\($0)'"
      }
    }
    if mode != .ovs, let groups = reader.has("portgroups") ? reader.nested("portgroups") : nil {
      for group in portgroups.keys.sorted() where portgroups[group]?.vlan != nil {
        diagnostics.error(
          Self.noTags(name, mode), at: groups.nestedEntry(group.rawValue, "vlan"),
          help: "only an Open vSwitch network does, mode: ovs")
      }
    }
    if mode.hasAddresses, mode == .isolated || hasIPv6, !hasIPv4 {
      let help = "such as cidr: 10.10.0.0/24"
      if reader.has("gateway") { reader.error("a gateway needs a cidr", at: "gateway", help: help) }
      if reader.has("dhcp") { reader.error("DHCP needs a cidr", at: "dhcp", help: help) }
      if let dns, !records.isEmpty, !hasIPv6 {
        dns.error("names of hosts need a cidr", at: "hosts", help: help)
      }
    }
    if mode != .nat, mode.hasAddresses {
      inner?.refuse(["nat"]) { "a network of mode \(mode.rawValue) has no '\($0)'" }
    }
    inner?.finish()
    // A network with a block in error takes no part in the checks of addresses.
    if hasIPv4 && ipv4 == nil || hasIPv6 && ipv6 == nil { return nil }
    if mode.hasAddresses, mode != .isolated, ipv4 == nil, ipv6 == nil { return nil }
    if mode == .user {
      return NetworkSpec(
        name: name, mode: mode, ipv4: nil, ipv6: nil, translatesIPv6: nil, domain: nil, records: [:],
        bridge: nil, devices: [], macvtap: nil, portgroups: [:], mtu: nil, autostart: nil, hosts: hosts,
        isExternal: false, isProtected: isProtected, path: reader.path)
    }
    return NetworkSpec(
      name: name, mode: mode, ipv4: ipv4, ipv6: ipv6,
      translatesIPv6: mode == .nat && ipv6 != nil ? nat ?? true : nil, domain: domain, records: records,
      bridge: bridge, devices: mode == .macvtap ? devices.map(\.value) : [],
      macvtap: mode == .macvtap ? macvtap ?? .bridge : nil, portgroups: portgroups, mtu: mtu,
      autostart: autostart, hosts: hosts, isExternal: false, isDirect: isDirect, isProtected: isProtected,
      path: reader.path)
  }

  /// What `mode: auto` is on these hosts: one mode for all of them, since a VM may go from one to another.
  private func automaticMode(on names: [ResourceName]) -> NetworkMode {
    hosts.all.contains { names.contains($0.name) && !$0.isQEMU } ? .nat : .user
  }

  /// `cidr`, `gateway` and `dhcp` of one family; nil without a block that is usable.
  private func decodeAddresses<Address>(
    _ reader: MappingReader, _: Address.Type, prefixes: ClosedRange<Int>
  ) -> AddressPlan<Address>? {
    let cidr = reader.value("cidr") { text throws(ValueError) -> CIDRBlock<Address> in
      let block = try CIDRBlock<Address>(parsing: text)
      guard prefixes.contains(block.prefix) else {
        throw ValueError(
          "a network of /\(block.prefix) is not usable",
          help: "use a prefix from /\(prefixes.lowerBound) to /\(prefixes.upperBound)")
      }
      return block
    }
    let gateway = reader.value("gateway") { text throws(ValueError) in try Address(parsing: text) }
    let dhcp = decodeDHCP(reader, cidr)
    guard let cidr else { return nil }
    if let gateway, !cidr.containsHost(gateway) {
      reader.error("the gateway \(gateway) is not an address of \(cidr)", at: "gateway")
    }
    let address = gateway ?? cidr.firstHost
    if let dhcp, dhcp.contains(address) {
      reader.error(
        "the DHCP range \(dhcp) holds the gateway \(address)", at: "dhcp",
        help: gateway == nil ? "without 'gateway', the first address of the network is the gateway" : nil)
    }
    return AddressPlan(cidr: cidr, gateway: address, dhcp: dhcp)
  }

  private func decodeDHCP<Address>(
    _ reader: MappingReader, _ cidr: CIDRBlock<Address>?
  ) -> AddressRange<Address>? {
    guard let dhcp = reader.nested("dhcp") else { return nil }
    defer { dhcp.finish() }
    let from = dhcp.value("from") { text throws(ValueError) in try Address(parsing: text) }
    let to = dhcp.value("to") { text throws(ValueError) in try Address(parsing: text) }
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
  private func decodeRecords(_ dns: MappingReader) -> [String: [IPAddress]] {
    guard let hosts = dns.nested("hosts") else { return [:] }
    var records: [String: [IPAddress]] = [:]
    var first: [String: SourceLocation] = [:]
    for key in hosts.keys {
      let addresses = oneOfEachFamily(hosts, key) { text throws(ValueError) in
        try IPAddress(parsing: text)
      } family: {
        $0.family
      }
      let place = hosts.keyLocation(of: key)
      guard
        let name = diagnostics.value(at: place, { () throws(ValueError) in try Self.domainName(key) })
      else { continue }
      if let earlier = first.updateValue(place, forKey: name) {
        diagnostics.error(
          "the name '\(name)' is there twice", at: place,
          related: [.init(message: "the first is here", location: earlier)])
      }
      records[name] = addresses.map(\.value).sorted()
    }
    return records
  }

  /// The value at `key`, or the two of a list there: of each family of addresses one at most.
  func oneOfEachFamily<Value>(
    _ reader: MappingReader, _ key: String, _ parse: (String) throws(ValueError) -> Value,
    family: (Value) -> AddressFamily
  ) -> [(value: Value, location: SourceLocation)] {
    var seen: Set<AddressFamily> = []
    return reader.values(key, help: "leave it out, or give it an address", parse).filter { value, location in
      let isNew = seen.insert(family(value)).inserted
      if !isNew {
        diagnostics.error("'\(key)' has two addresses of \(family(value).rawValue)", at: location)
      }
      return isNew
    }
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

  /// Linux takes up to 15 characters for the name of an interface.
  private static func interfaceName(_ text: String, _ kind: String) throws(ValueError) -> String {
    let name = try ResourceName(parsing: text).rawValue
    guard name.utf8.count <= 15 else {
      throw ValueError(
        "the \(kind) name '\(name)' is longer than 15 characters", help: "Linux allows no longer one")
    }
    return name
  }
}

extension SiteDecoder {
  func decodeNICs(_ reader: MappingReader, _ instance: Instance, host: ResourceName?) -> [NICSpec] {
    reader.namedEntries("nics").compactMap { name, entry in
      reader.nested(entry.value, "nics", name.rawValue).flatMap { nic in
        defer { nic.finish() }
        return decodeNIC(
          name, nic, keyLocation: entry.keyLocation, instance, host: host,
          hasCloudInit: reader.has("cloud_init"))
      }
    }
  }

  private func decodeNIC(
    _ name: ResourceName, _ nic: MappingReader, keyLocation: SourceLocation, _ instance: Instance,
    host: ResourceName?, hasCloudInit: Bool
  ) -> NICSpec? {
    let mac = nic.value("mac") { text throws(ValueError) in try MACAddress(parsing: text) }
    let model = nic.value("model") { text throws(ValueError) in try ResourceName(parsing: text).rawValue }
    let link = nic.choice("link", LinkState.self)
    let vlan = nic.int("vlan", in: 1...4094)
    let qos = decodeQoS(nic, isComplete: !instance.isTemplate)
    let firewall = reference(nic, "firewall", to: .firewalls)
    let ip = nic.value("ip") { text throws(ValueError) in try Self.address(text, instance) }
    let draft = decodeAddress(nic, instance, hasCloudInit: hasCloudInit)
    let networkLocation = nic.has("network") ? nic.location(of: "network") : keyLocation
    let stated = nic.name("network")
    // A NIC without a network is named after its own; of a template, the VM may name another.
    guard let networkName = stated ?? (nic.has("network") || instance.isTemplate ? nil : name),
      check(networkName, at: networkLocation, in: .networks, isNICName: stated == nil)
    else { return nil }
    if let network = networks[networkName] {
      if let host, !network.hosts.contains(host) {
        diagnostics.error(
          "network '\(networkName)' is not on host '\(host)'", at: networkLocation,
          help: network.hosts.isEmpty
            ? nil : "it is on " + network.hosts.prefix(10).map(\.rawValue).joined(separator: ", "))
      }
      if let ip { check(ip, on: network, nic) }
      checkTraffic(nic, on: network)
    }
    let address = draft.flatMap { self.address($0, on: networks[networkName], nic) }
    return NICSpec(
      name: name, network: networkName, mac: mac, ip: ip, address: address, model: model, link: link,
      vlan: vlan, qos: qos, firewall: firewall, path: nic.path)
  }

  /// Checks that the network can do what the NIC's traffic is to go through; of an external one, nobody knows.
  private func checkTraffic(_ nic: MappingReader, on network: NetworkSpec) {
    guard !network.isExternal else { return }
    if nic.has("vlan"), network.mode != .ovs {
      nic.error(
        "network '\(network.name)' of mode \(network.mode.rawValue) carries no VLAN tags", at: "vlan",
        help: "only an Open vSwitch network does, mode: ovs")
    }
    if nic.has("qos"), network.mode == .user {
      nic.error(
        "network '\(network.name)' of mode user cannot limit traffic", at: "qos", help: "leave out 'qos'")
    }
    if nic.has("firewall"), network.mode == .user || network.mode == .ovs {
      nic.error(
        "network '\(network.name)' of mode \(network.mode.rawValue) has no firewall", at: "firewall",
        help: "libvirt filters what passes a Linux bridge; leave out 'firewall'")
    }
  }

  private func decodeQoS(_ nic: MappingReader, isComplete: Bool) -> QoS? {
    let help = "write a limit, such as qos: {inbound: {average: 10MiB}}, or leave it out"
    guard let qos = nic.nonEmpty("qos", help: help) else { return nil }
    defer { qos.finish() }
    return QoS(
      inbound: decodeBandwidth(qos, "inbound", isComplete: isComplete),
      outbound: decodeBandwidth(qos, "outbound", isComplete: isComplete))
  }

  private func decodeBandwidth(_ qos: MappingReader, _ key: String, isComplete: Bool) -> Bandwidth? {
    guard let limit = qos.nested(key) else { return nil }
    defer { limit.finish() }
    let average = limit.value("average", Self.rate)
    let peak = limit.value("peak", Self.rate)
    let burst = limit.value("burst", Self.burst)
    if isComplete { limit.missing("average", help: "bytes a second, such as average: 10MiB") }
    if let average, let peak, peak < average {
      limit.error("'peak' is \(peak), less than 'average', which is \(average)", at: "peak")
    }
    return average.map { Bandwidth(average: $0, peak: peak, burst: burst) }
  }

  /// Bytes a second.
  private static func rate(_ text: String) throws(ValueError) -> ByteCount {
    let rate = try kibibytes(text)
    guard rate <= .gibibytes(1 << 10) else {
      throw ValueError("a rate of \(rate) a second is too much", help: "at most 1TiB")
    }
    return rate
  }

  /// The kernel keeps the bytes of a burst in 32 bits.
  private static func burst(_ text: String) throws(ValueError) -> ByteCount {
    let burst = try kibibytes(text)
    guard burst < .gibibytes(4) else {
      throw ValueError("a burst of \(burst) is too much", help: "less than 4GiB")
    }
    return burst
  }

  /// libvirt counts traffic in whole KiB.
  private static func kibibytes(_ text: String) throws(ValueError) -> ByteCount {
    let count = try ByteCount(parsing: text)
    guard count >= .kibibytes(1) else { throw ValueError("\(count) is too little", help: "at least 1KiB") }
    guard count == count.roundedUpToKibibytes else {
      throw ValueError("\(count) is not a whole number of KiB", help: "such as \(count.roundedUpToKibibytes)")
    }
    return count
  }

  private func check(_ ip: IPv4Address, on network: NetworkSpec, _ nic: MappingReader) {
    guard let cidr = network.cidr else {
      let reason = network.isExternal ? "is external" : "has no cidr"
      nic.error(
        "network '\(network.name)' \(reason), so it cannot reserve \(ip)", at: "ip", help: "leave out 'ip'")
      return
    }
    if !cidr.containsHost(ip) {
      nic.error("\(ip) is not an address of network '\(network.name)', which is \(cidr)", at: "ip")
    } else if ip == network.gateway {
      nic.error("\(ip) is the gateway of network '\(network.name)'", at: "ip")
    }
  }

  /// An address; with a `+` behind it the first VM of a count has it, the second the next one, and so on.
  static func address(_ text: String, _ instance: Instance) throws(ValueError) -> IPv4Address {
    guard text.hasSuffix("+") else { return try IPv4Address(parsing: text) }
    guard let index = instance.index else {
      throw ValueError(
        "'\(text)' counts up, but this VM has no count", help: "leave out the '+', or add a count")
    }
    let first = try IPv4Address(parsing: String(text.dropLast()))
    guard let address = first.advanced(by: index - 1) else {
      throw ValueError("'\(text)' runs past the last address")
    }
    return address
  }
}

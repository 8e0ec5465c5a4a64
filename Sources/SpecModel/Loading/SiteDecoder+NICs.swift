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
    let vlan = decodeVLAN(nic)
    let portgroup = nic.name("portgroup")
    let qos = decodeQoS(nic, isComplete: !instance.isTemplate)
    let firewall = reference(nic, "firewall", to: .firewalls)
    let reserved = oneOfEachFamily(nic, "ip") { text throws(ValueError) in
      try Self.address(text, instance)
    } family: {
      $0.family
    }
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
      for (ip, location) in reserved { check(ip, at: location, on: network) }
      checkTraffic(nic, on: network)
    }
    let (addresses, nameservers) = self.addresses(draft, on: networks[networkName], nic)
    for (ip, _) in reserved where draft.items.contains(where: { $0.address.family == ip.family }) {
      nic.error(
        "a NIC has either 'ip' or 'address' of \(ip.family.rawValue)", at: "address",
        help: "ip: is given by DHCP, address: by cloud-init")
    }
    var (ipv4, ipv6): (IPv4Address?, IPv6Address?)
    for (ip, _) in reserved {
      switch ip {
      case .ipv4(let address): ipv4 = address
      case .ipv6(let address): ipv6 = address
      }
    }
    let given = Set(addresses.map(\.address.family))
    return NICSpec(
      name: name, network: networkName, mac: mac, ip: ipv4, ipv6: ipv6, addresses: addresses,
      nameservers: nameservers,
      dhcp: Self.families(asked: networks[networkName], given, reserved: Set(reserved.map(\.value.family))),
      model: model, link: link, portgroup: self.portgroup(portgroup, on: networks[networkName], nic),
      vlan: vlan, qos: qos, firewall: firewall, path: nic.path)
  }

  /// The families of which a guest asks DHCP: those whose address nobody gave it, as far as there is somebody to ask. Of a
  /// network that is not libvirt's it is not known who answers; a guest with an address asks nobody there.
  private static func families(
    asked network: NetworkSpec?, _ given: Set<AddressFamily>, reserved: Set<AddressFamily>
  ) -> Set<AddressFamily> {
    var families: Set<AddressFamily> = reserved
    if network?.ipv6?.dhcp != nil { families.insert(.ipv6) }
    if given.isEmpty ? network?.ipv4 != nil || network?.ipv6 == nil : network?.ipv4?.dhcp != nil {
      families.insert(.ipv4)
    }
    return families.subtracting(given)
  }

  /// Checks that the network can do what the NIC's traffic is to go through; of an external one, nobody knows.
  private func checkTraffic(_ nic: MappingReader, on network: NetworkSpec) {
    guard !network.isExternal else { return }
    if nic.has("vlan"), network.mode != .ovs {
      nic.error(
        Self.noTags(network.name, network.mode), at: "vlan",
        help: "only an Open vSwitch network does, mode: ovs")
    }
    if nic.has("qos"), network.mode == .user {
      nic.error(
        "network '\(network.name)' of mode user cannot limit traffic", at: "qos", help: "leave out 'qos'")
    }
    if nic.has("firewall"), [.user, .ovs, .macvtap].contains(network.mode) {
      nic.error(
        "network '\(network.name)' of mode \(network.mode.rawValue) has no firewall", at: "firewall",
        help: "libvirt filters what passes a Linux bridge; leave out 'firewall'")
    }
  }

  private func check(_ ip: IPAddress, at location: SourceLocation, on network: NetworkSpec) {
    switch ip {
    case .ipv4(let address): check(address, at: location, on: network, network.ipv4)
    case .ipv6(let address): check(address, at: location, on: network, network.ipv6)
    }
  }

  private func check<Address>(
    _ ip: Address, at location: SourceLocation, on network: NetworkSpec, _ plan: AddressPlan<Address>?
  ) {
    guard let plan else {
      let block = Address.family == .ipv4 ? "cidr" : "ipv6"
      let reason = network.isExternal ? "is external" : "has no \(block)"
      diagnostics.error(
        "network '\(network.name)' \(reason), so it cannot reserve \(ip)", at: location,
        help: "leave out 'ip'")
      return
    }
    if !plan.cidr.containsHost(ip) {
      diagnostics.error(
        "\(ip) is not an address of network '\(network.name)', which is \(plan.cidr)", at: location)
    } else if ip == plan.gateway {
      diagnostics.error("\(ip) is the gateway of network '\(network.name)'", at: location)
    }
  }

  /// An address; with a `+` behind it the first VM of a count has it, the second the next one, and so on.
  static func address(_ text: String, _ instance: Instance) throws(ValueError) -> IPAddress {
    guard text.hasSuffix("+") else { return try IPAddress(parsing: text) }
    guard let index = instance.index else {
      throw ValueError(
        "'\(text)' counts up, but this VM has no count", help: "leave out the '+', or add a count")
    }
    let address: IPAddress? =
      switch try IPAddress(parsing: String(text.dropLast())) {
      case .ipv4(let first): first.advanced(by: index - 1).map(IPAddress.ipv4)
      case .ipv6(let first): first.advanced(by: index - 1).map(IPAddress.ipv6)
      }
    guard let address else { throw ValueError("'\(text)' runs past the last address") }
    return address
  }
}

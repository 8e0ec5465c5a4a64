/// What a NIC says of the address that its guest gives itself.
struct StaticAddressDraft {
  let address: IPv4Address
  let prefix: Int?
  let gateway: IPv4Address?
  let hasGateway: Bool
  let nameservers: [IPv4Address]?
}

extension SiteDecoder {
  /// The word for no gateway.
  private static let noGateway = "none"

  /// Reads `address: 10.10.0.5/24`, `gateway:` and `nameservers:`; the network may say what they leave out.
  func decodeAddress(_ nic: MappingReader, _ instance: Instance, hasCloudInit: Bool) -> StaticAddressDraft? {
    let address = nic.value("address") { text throws(ValueError) in
      try Self.addressWithPrefix(text, instance)
    }
    let hasNoGateway = nic.node("gateway")?.scalar?.text == Self.noGateway
    let gateway =
      hasNoGateway ? nil : nic.value("gateway") { text throws(ValueError) in try IPv4Address(parsing: text) }
    let nameservers = decodeNameservers(nic)
    guard !instance.isTemplate else { return nil }
    guard nic.has("address") else {
      for key in ["gateway", "nameservers"] where nic.has(key) {
        nic.error(
          "'\(key)' goes with an 'address', and there is none", at: key,
          help: "without one, the guest asks DHCP for all of it")
      }
      return nil
    }
    if nic.has("ip") {
      nic.error(
        "a NIC has either 'ip' or 'address'", at: "address",
        help: "ip: is given by DHCP, address: by cloud-init")
    } else if !hasCloudInit {
      nic.error(
        "'address' is given by cloud-init, and this VM has none", at: "address",
        help: "add cloud_init: {}, or use ip: where the network has DHCP")
    }
    return address.map {
      StaticAddressDraft(
        address: $0.address, prefix: $0.prefix, gateway: gateway, hasGateway: nic.has("gateway"),
        nameservers: nameservers)
    }
  }

  private func decodeNameservers(_ nic: MappingReader) -> [IPv4Address]? {
    nic.items("nameservers")?.compactMap { item in
      nic.text(item, "a nameserver").flatMap { text in
        diagnostics.value(at: item.location) { () throws(ValueError) in try IPv4Address(parsing: text) }
      }
    }
  }

  /// `10.10.0.5/24`, or `10.10.0.5` where the network knows the rest; with a `+` behind it, it counts up.
  private static func addressWithPrefix(
    _ text: String, _ instance: Instance
  ) throws(ValueError) -> (address: IPv4Address, prefix: Int?) {
    let plus = text.hasSuffix("+") ? "+" : ""
    let parts = text.dropLast(plus.count).split(separator: "/", omittingEmptySubsequences: false)
    let first = String(parts.first ?? "") + plus
    guard parts.count > 1 else { return (try address(first, instance), nil) }
    guard parts.count == 2, let prefix = Int(parts[1]), (1...32).contains(prefix), String(prefix) == parts[1]
    else {
      throw ValueError(
        "'\(text)' is not an address with the length of its prefix", help: "write one such as 10.10.0.5/24")
    }
    return (try address(first, instance), prefix)
  }

  /// What `draft` comes to on `network`; nil, with a diagnostic, if it is none of its addresses.
  func address(
    _ draft: StaticAddressDraft, on network: NetworkSpec?, _ nic: MappingReader
  ) -> StaticAddress? {
    guard let network else { return nil }
    let address = draft.address
    if network.mode == .user, !network.isExternal {
      nic.error(
        "network '\(network.name)' of mode user has its own addresses", at: "address",
        help: "leave out 'address': its guests get one by DHCP")
      return nil
    }
    guard let cidr = network.cidr else {
      guard let prefix = draft.prefix else {
        nic.error(
          "'\(address)' lacks the length of its prefix, since network '\(network.name)' has no cidr",
          at: "address", help: "such as \(address)/24")
        return nil
      }
      let block = CIDRBlock(containing: address, prefix: prefix)
      if let gateway = draft.gateway, !block.contains(gateway) {
        nic.error("the gateway \(gateway) is not an address of \(block)", at: "gateway")
      }
      return StaticAddress(
        address: address, prefix: prefix, gateway: draft.gateway, nameservers: draft.nameservers ?? [])
    }
    guard cidr.containsHost(address), draft.prefix ?? cidr.prefix == cidr.prefix else {
      nic.error(
        "\(address)\(draft.prefix.map { "/\($0)" } ?? "") is not an address of network '\(network.name)', which is \(cidr)",
        at: "address")
      return nil
    }
    if address == network.gateway {
      nic.error("\(address) is the gateway of network '\(network.name)'", at: "address")
    } else if let range = network.dhcp, range.contains(address) {
      nic.error(
        "\(address) is in the DHCP range of network '\(network.name)', \(range), which may give it to another guest",
        at: "address", help: "use one outside of it, or ip: to have DHCP reserve it")
    }
    if let gateway = draft.gateway, !cidr.containsHost(gateway) {
      nic.error("the gateway \(gateway) is not an address of \(cidr)", at: "gateway")
    }
    // An isolated network's host forwards nothing, but its DNS server answers there, too.
    let gateway = draft.hasGateway || network.mode == .isolated ? draft.gateway : network.gateway
    return StaticAddress(
      address: address, prefix: cidr.prefix, gateway: gateway,
      nameservers: draft.nameservers ?? network.gateway.map { [$0] } ?? [])
  }
}

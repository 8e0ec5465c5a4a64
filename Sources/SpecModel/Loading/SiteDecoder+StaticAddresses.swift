/// What a NIC says of the addresses that its guest gives itself.
struct StaticAddressDraft {
  struct Item {
    let address: IPAddress
    let prefix: Int?
    let location: SourceLocation
  }

  let items: [Item]
  let gateways: [(value: IPAddress, location: SourceLocation)]
  /// True if it says that there is none.
  let hasNoGateway: Bool
  let nameservers: [IPAddress]?

  static let none = StaticAddressDraft(items: [], gateways: [], hasNoGateway: false, nameservers: nil)
}

extension SiteDecoder {
  /// The word for no gateway.
  private static let noGateway = "none"

  /// Reads `address: 10.10.0.5/24`, or a list of one of each family, `gateway:` and `nameservers:`; the network may say
  /// what they leave out.
  func decodeAddress(_ nic: MappingReader, _ instance: Instance, hasCloudInit: Bool) -> StaticAddressDraft {
    let addresses = oneOfEachFamily(nic, "address") { text throws(ValueError) in
      try Self.addressWithPrefix(text, instance)
    } family: {
      $0.address.family
    }
    let hasNoGateway = nic.node("gateway")?.scalar?.text == Self.noGateway
    let gateways =
      hasNoGateway
      ? []
      : oneOfEachFamily(nic, "gateway") { text throws(ValueError) in
        try IPAddress(parsing: text)
      } family: {
        $0.family
      }
    let nameservers = decodeNameservers(nic)
    guard !instance.isTemplate else { return .none }
    guard nic.has("address") else {
      for key in ["gateway", "nameservers"] where nic.has(key) {
        nic.error(
          "'\(key)' goes with an 'address', and there is none", at: key,
          help: "without one, the guest asks DHCP for all of it")
      }
      return .none
    }
    if !hasCloudInit {
      nic.error(
        "'address' is given by cloud-init, and this VM has none", at: "address",
        help: "add cloud_init: {}, or use ip: where the network has DHCP")
    }
    let families = Set(addresses.map(\.value.address.family))
    for (gateway, location) in gateways where !addresses.isEmpty && !families.contains(gateway.family) {
      diagnostics.error(
        "the gateway \(gateway) goes with an 'address' of \(gateway.family.rawValue), and there is none",
        at: location)
    }
    return StaticAddressDraft(
      items: addresses.map { .init(address: $0.address, prefix: $0.prefix, location: $1) },
      gateways: gateways, hasNoGateway: hasNoGateway, nameservers: nameservers)
  }

  private func decodeNameservers(_ nic: MappingReader) -> [IPAddress]? {
    nic.items("nameservers")?.compactMap { item in
      nic.text(item, "a nameserver").flatMap { text in
        diagnostics.value(at: item.location) { () throws(ValueError) in try IPAddress(parsing: text) }
      }
    }
  }

  /// `10.10.0.5/24`, or `10.10.0.5` where the network knows the rest; with a `+` behind it, it counts up.
  private static func addressWithPrefix(
    _ text: String, _ instance: Instance
  ) throws(ValueError) -> (address: IPAddress, prefix: Int?) {
    let plus = text.hasSuffix("+") ? "+" : ""
    let parts = text.dropLast(plus.count).split(separator: "/", omittingEmptySubsequences: false)
    let first = String(parts.first ?? "") + plus
    guard parts.count > 1 else { return (try address(first, instance), nil) }
    let isIPv6 = first.contains(":")
    let longest = isIPv6 ? IPv6Address.bitWidth : IPv4Address.bitWidth
    guard parts.count == 2, let prefix = Int(parts[1]), (1...longest).contains(prefix),
      String(prefix) == parts[1]
    else {
      throw ValueError(
        "'\(text)' is not an address with the length of its prefix",
        help: "write one such as \(isIPv6 ? "fd00:10::5/64" : "10.10.0.5/24")")
    }
    return (try address(first, instance), prefix)
  }

  /// What `draft` comes to on `network`; what is none of its addresses is left out, with a diagnostic.
  func addresses(
    _ draft: StaticAddressDraft, on network: NetworkSpec?, _ nic: MappingReader
  ) -> (addresses: [StaticAddress], nameservers: [IPAddress]) {
    guard let network, !draft.items.isEmpty else { return ([], []) }
    if network.mode == .user, !network.isExternal {
      nic.error(
        "network '\(network.name)' of mode user has its own addresses", at: "address",
        help: "leave out 'address': its guests get one by DHCP")
      return ([], [])
    }
    let addresses = draft.items.compactMap { item in
      let gateway = draft.gateways.first { $0.value.family == item.address.family }
      switch item.address {
      case .ipv4(let address):
        return self.address(
          address, item, draft, gateway?.value.ipv4, at: gateway?.location, on: network, network.ipv4,
          IPAddress.ipv4)
      case .ipv6(let address):
        return self.address(
          address, item, draft, gateway?.value.ipv6, at: gateway?.location, on: network, network.ipv6,
          IPAddress.ipv6)
      }
    }
    // An isolated network's host forwards nothing, but its DNS server answers there, too.
    let servers = draft.items.compactMap { item in
      switch item.address {
      case .ipv4: network.ipv4.map { IPAddress.ipv4($0.gateway) }
      case .ipv6: network.ipv6.map { IPAddress.ipv6($0.gateway) }
      }
    }
    return (addresses.sorted { $0.address < $1.address }, draft.nameservers ?? servers.sorted())
  }

  private func address<Address>(
    _ address: Address, _ item: StaticAddressDraft.Item, _ draft: StaticAddressDraft, _ gateway: Address?,
    at gatewayLocation: SourceLocation?, on network: NetworkSpec, _ plan: AddressPlan<Address>?,
    _ erased: (Address) -> IPAddress
  ) -> StaticAddress? {
    func error(_ message: String, help: String? = nil) {
      diagnostics.error(message, at: item.location, help: help)
    }
    let length = item.prefix.map { "/\($0)" } ?? ""
    guard let prefix = plan?.cidr.prefix ?? item.prefix else {
      let ipv6 = Address.family == .ipv6
      error(
        "'\(address)' lacks the length of its prefix, since network '\(network.name)' has no \(ipv6 ? "ipv6" : "cidr")",
        help: "such as \(address)\(ipv6 ? "/64" : "/24")")
      return nil
    }
    let block = plan?.cidr ?? CIDRBlock(containing: address, prefix: prefix)
    if let plan {
      guard plan.cidr.containsHost(address), item.prefix ?? prefix == prefix else {
        error("\(address)\(length) is not an address of network '\(network.name)', which is \(plan.cidr)")
        return nil
      }
      if address == plan.gateway {
        error("\(address) is the gateway of network '\(network.name)'")
      } else if let range = plan.dhcp, range.contains(address) {
        error(
          "\(address) is in the DHCP range of network '\(network.name)', \(range), which may give it to another guest",
          help: "use one outside of it, or ip: to have DHCP reserve it")
      }
    }
    if let gateway, plan == nil ? !block.contains(gateway) : !block.containsHost(gateway) {
      diagnostics.error("the gateway \(gateway) is not an address of \(block)", at: gatewayLocation)
    }
    let isLeft = gateway == nil && !draft.hasNoGateway && network.mode != .isolated
    return StaticAddress(
      address: erased(address), prefix: prefix,
      gateway: (isLeft ? plan?.gateway : gateway).map(erased))
  }
}

extension IPAddress {
  fileprivate var ipv4: IPv4Address? { if case .ipv4(let address) = self { address } else { nil } }
  fileprivate var ipv6: IPv6Address? { if case .ipv6(let address) = self { address } else { nil } }
}

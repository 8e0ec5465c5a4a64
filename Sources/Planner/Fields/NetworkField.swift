import SpecModel

/// The fields of a network, each with its rule, as `MachineField` has them for a VM.
public enum NetworkField: String, CaseIterable, Sendable {
  case name, mode, cidr, gateway, dhcp
  case cidrIPv6 = "ipv6.cidr"
  case gatewayIPv6 = "ipv6.gateway"
  case dhcpIPv6 = "ipv6.dhcp"
  case natIPv6 = "ipv6.nat"
  case dns = "dns.domain"
  case records = "dns.hosts"
  case bridge, device, type, portgroups, mtu, autostart, protect, reservations
  case reservationsIPv6 = "ipv6.reservations"

  public var rule: FieldRule<Network> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<Network> {
    switch self {
    case .name:
      .init(
        "its name in the spec; libvirt keeps the one that it was made with", "the mark", scope: .definition,
        unset: .required
      ) { $0.specName }
    case .mode:
      .init("how it reaches the world", "<forward mode>", unset: .required) { $0.mode?.rawValue }
    case .cidr:
      .init("its block of addresses", "<ip address prefix>", unset: .removed) { $0.ipv4.cidr?.description }
    case .gateway:
      .init("the host's own address on it", "<ip address>", unset: .removed) { $0.ipv4.gateway?.description }
    case .dhcp:
      .init(
        "the range of addresses that DHCP hands out", "<dhcp><range>", by: "virNetworkUpdate",
        live: Self.inItsBlock, unset: .removed
      ) { $0.ipv4.rangesText }
    case .reservations:
      .init(
        "the addresses that DHCP keeps for the NICs of VMs", "<dhcp><host>", by: "virNetworkUpdate",
        live: Self.inItsBlock, unset: .removed
      ) { $0.ipv4.reservationsText }
    case .cidrIPv6:
      .init("its block of IPv6 addresses", "<ip family='ipv6' address prefix>", unset: .removed) {
        $0.ipv6.cidr?.description
      }
    case .gatewayIPv6:
      .init("the host's own IPv6 address on it", "<ip family='ipv6' address>", unset: .removed) {
        $0.ipv6.gateway?.description
      }
    case .dhcpIPv6:
      .init(
        "the range of IPv6 addresses that DHCP hands out", "<dhcp><range>", by: "virNetworkUpdate",
        live: Self.inItsIPv6Block, unset: .removed
      ) { $0.ipv6.rangesText }
    case .reservationsIPv6:
      .init(
        "the IPv6 addresses that DHCP keeps for VMs, by their names", "<dhcp><host>", by: "virNetworkUpdate",
        // libvirt tells a server that gave out nothing of its first reservation only when it starts anew.
        live: .on(
          .qemu, .xen, .test,
          if: "its block of addresses stays, and DHCP hands out addresses of it or has reserved some before",
          { Self.isInItsBlock($0.ipv6, $1.ipv6) && ($0.ipv6.hasDHCP || !$1.ipv6.ranges.isEmpty) }),
        unset: .removed
      ) { $0.ipv6.reservationsText }
    case .natIPv6:
      .init(
        "whether IPv6 leaves it behind the host's address, too", "<forward><nat ipv6>", unset: .removed
      ) { $0.translatesIPv6.map(String.init) }
    case .dns:
      .init("the DNS domain of its guests", "<domain name>", unset: .removed) { $0.domain }
    case .records:
      .init(
        "further names that its DNS server knows", "<dns><host>", by: "virNetworkUpdate",
        live: .on(.qemu, .xen, .test), unset: .removed
      ) { network in
        let records = network.records.sorted { $0.key < $1.key }.map { "\($0.key.name) = \($0.value)" }
        return records.isEmpty ? nil : records.joined(separator: ", ")
      }
    case .bridge:
      .init("the name of its bridge on the host", "<bridge name>") { $0.bridge }
    case .device:
      .init("the host's interfaces that it is on", "<forward><interface dev>", unset: .removed) { network in
        network.devices.isEmpty ? nil : network.devices.joined(separator: ", ")
      }
    case .type:
      .init("how its guests reach each other on that interface", "<forward mode>", unset: .removed) {
        $0.macvtap?.rawValue
      }
    case .portgroups:
      .init(
        "its port groups; the NICs in one are changed with it", "<portgroup>", by: "virNetworkUpdate",
        live: .on(.qemu, .xen, .test), unset: .removed
      ) { network in
        let groups = network.portgroups.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return groups.isEmpty ? nil : groups.joined(separator: "; ")
      }
    case .mtu:
      .init("the largest packet, in bytes", "<mtu size>", unset: .removed) { $0.mtu.map(String.init) }
    case .autostart:
      .init(
        "whether it starts with its host", "virNetworkGetAutostart", by: "virNetworkSetAutostart",
        scope: .definition,
        unset: .back(to: "true", { $0.autostart = true })
      ) { $0.autostart.map(String.init) }
    case .protect:
      .init("whether nothing may remove it", "the mark", scope: .definition, unset: .removed) {
        $0.isProtected ? "true" : nil
      }
    }
  }

  /// The field's normal form: equal texts are equal values. nil where the network has no value.
  func value(of network: Network) -> String? { rule.value(network) }

  /// Addresses are for the block that the active network has.
  private static let inItsBlock = FieldRule<Network>.Live.on(
    .qemu, .xen, .test, if: "its block of addresses stays"
  ) { isInItsBlock($0.ipv4, $1.ipv4) }

  private static let inItsIPv6Block = FieldRule<Network>.Live.on(
    .qemu, .xen, .test, if: "its block of addresses stays"
  ) { isInItsBlock($0.ipv6, $1.ipv6) }

  private static func isInItsBlock<Address>(
    _ network: Network.Subnet<Address>, _ wanted: Network.Subnet<Address>
  ) -> Bool {
    network.cidr == wanted.cidr && network.gateway == wanted.gateway
  }
}

extension Network.Subnet {
  fileprivate var rangesText: String? {
    ranges.isEmpty ? nil : ranges.map(\.description).joined(separator: ", ")
  }

  fileprivate var reservationsText: String? {
    reservations.isEmpty ? nil : reservations.sorted().map(\.description).joined(separator: ", ")
  }
}

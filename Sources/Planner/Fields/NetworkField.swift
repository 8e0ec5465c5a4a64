import SpecModel

/// The fields of a network, each with its rule, as `MachineField` has them for a VM.
public enum NetworkField: String, CaseIterable, Sendable {
  case name, mode, cidr, gateway, dhcp, dns = "dns.domain", records = "dns.hosts", bridge, mtu, autostart,
    protect,
    reservations

  public var rule: FieldRule<Network> {
    switch self {
    case .name:
      .init(
        "its name in the spec; libvirt keeps the one that it was made with", "the mark", scope: .definition,
        unset: .required
      ) { $0.specName }
    case .mode:
      .init("how it reaches the world", "<forward mode>", unset: .required) { $0.mode?.rawValue }
    case .cidr:
      .init("its block of addresses", "<ip address prefix>", unset: .removed) { $0.cidr?.description }
    case .gateway:
      .init("the host's own address on it", "<ip address>", unset: .removed) { $0.gateway?.description }
    case .dhcp:
      .init(
        "the range of addresses that DHCP hands out", "<dhcp><range>", by: "virNetworkUpdate",
        live: Self.inItsBlock, unset: .removed
      ) { network in
        network.ranges.isEmpty ? nil : network.ranges.map(\.description).joined(separator: ", ")
      }
    case .reservations:
      .init(
        "the addresses that DHCP keeps for the NICs of VMs", "<dhcp><host>", by: "virNetworkUpdate",
        live: Self.inItsBlock, unset: .removed
      ) { network in
        let reservations = network.reservations.sorted().map(\.description)
        return reservations.isEmpty ? nil : reservations.joined(separator: ", ")
      }
    case .dns:
      .init("the DNS domain of its guests", "<domain name>", unset: .removed) { $0.domain }
    case .records:
      .init(
        "further names that its DNS server knows", "<dns><host>", by: "virNetworkUpdate",
        live: .on(.qemu, .xen, .test), unset: .removed
      ) { network in
        let records = network.records.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
        return records.isEmpty ? nil : records.joined(separator: ", ")
      }
    case .bridge:
      .init("the name of its bridge on the host", "<bridge name>") { $0.bridge }
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
  ) { $0.cidr == $1.cidr && $0.gateway == $1.gateway }
}

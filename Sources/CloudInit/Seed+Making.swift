public import SpecModel

/// A NIC of the guest as cloud-init has to know it.
public struct GuestNIC: Hashable, Sendable {
  public let name: String
  public let mac: MACAddress
  public let addresses: [StaticAddress]
  public let nameservers: [IPAddress]
  /// The families of which the guest asks DHCP.
  public let dhcp: Set<AddressFamily>

  public init(
    name: String, mac: MACAddress, addresses: [StaticAddress], nameservers: [IPAddress],
    dhcp: Set<AddressFamily>
  ) {
    self.name = name
    self.mac = mac
    self.addresses = addresses
    self.nameservers = nameservers
    self.dhcp = dhcp
  }
}

extension Seed {
  /// The seed of a guest.
  ///
  /// - Parameters:
  ///   - identity: what stays the same for as long as the guest is the same one.
  ///   - nics: in the order of the spec.
  public init(_ spec: CloudInitSpec, identity: String, nics: [GuestNIC]) {
    var documents = [Document(name: "meta-data", text: Self.metaData(spec, identity))]
    switch spec.network {
    case .automatic: documents.append(.init(name: "network-config", text: Self.networkConfig(nics)))
    case .document(let text): documents.append(.init(name: "network-config", text: text))
    case .none: break
    }
    documents.append(.init(name: "user-data", text: UserData(spec).text))
    self.documents = documents
  }

  /// cloud-init takes a guest with another instance-id for a new one, and sets it up again.
  private static func metaData(_ spec: CloudInitSpec, _ identity: String) -> String {
    var values = spec.metaData
    values["instance-id"] = .string(spec.instance == 1 ? identity : "\(identity)-\(spec.instance)")
    values["local-hostname"] = .string(spec.hostname)
    return ConfigText.of(.map(values))
  }

  /// Version 2, which netplan defines
  /// (<https://cloudinit.readthedocs.io/en/latest/reference/network-config-format-v2.html>).
  private static func networkConfig(_ nics: [GuestNIC]) -> String {
    var ethernets: [String: StructuredValue] = [:]
    // Of each family the first NIC with a gateway is the way out; the others' ways stand behind it.
    var metrics: [AddressFamily: Int] = [:]
    for nic in nics {
      var fields: [String: StructuredValue] = ["match": .map(["macaddress": .string("\(nic.mac)")])]
      if nic.dhcp.contains(.ipv4) { fields["dhcp4"] = .bool(true) }
      if nic.dhcp.contains(.ipv6) { fields["dhcp6"] = .bool(true) }
      if !nic.addresses.isEmpty { fields["addresses"] = .list(nic.addresses.map { .string("\($0)") }) }
      let routes = nic.addresses.compactMap { address -> StructuredValue? in
        guard let gateway = address.gateway else { return nil }
        var route: [String: StructuredValue] = [
          "to": .string(gateway.family == .ipv4 ? "0.0.0.0/0" : "::/0"), "via": .string("\(gateway)"),
        ]
        if let metric = metrics[gateway.family] { route["metric"] = .int(metric) }
        metrics[gateway.family, default: 0] += 100
        return .map(route)
      }
      if !routes.isEmpty { fields["routes"] = .list(routes) }
      if !nic.nameservers.isEmpty {
        fields["nameservers"] = .map(["addresses": .list(nic.nameservers.map { .string("\($0)") })])
      }
      ethernets[nic.name] = .map(fields)
    }
    return ConfigText.of(.map(["version": .int(2), "ethernets": .map(ethernets)]))
  }
}

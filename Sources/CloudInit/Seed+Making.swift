public import SpecModel

/// A NIC of the guest as cloud-init has to know it.
public struct GuestNIC: Hashable, Sendable {
  public let name: String
  public let mac: MACAddress
  /// nil: the guest asks DHCP.
  public let address: StaticAddress?

  public init(name: String, mac: MACAddress, address: StaticAddress?) {
    self.name = name
    self.mac = mac
    self.address = address
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
    // The first NIC with a gateway is the way out; the others' ways stand behind it.
    var metric: Int?
    for nic in nics {
      var fields: [String: StructuredValue] = ["match": .map(["macaddress": .string("\(nic.mac)")])]
      if let address = nic.address {
        fields["addresses"] = .list([.string("\(address)")])
        if let gateway = address.gateway {
          var route: [String: StructuredValue] = [
            "to": .string("0.0.0.0/0"), "via": .string("\(gateway)"),
          ]
          if let metric { route["metric"] = .int(metric) }
          metric = (metric ?? 0) + 100
          fields["routes"] = .list([.map(route)])
        }
        if !address.nameservers.isEmpty {
          fields["nameservers"] = .map(["addresses": .list(address.nameservers.map { .string("\($0)") })])
        }
      } else {
        fields["dhcp4"] = .bool(true)
      }
      ethernets[nic.name] = .map(fields)
    }
    return ConfigText.of(.map(["version": .int(2), "ethernets": .map(ethernets)]))
  }
}

import SpecModel
import Testing

@testable import CloudInit

/// The seed of the only VM of a spec, whose `cloud_init:` and `nics:` are given.
func seed(_ cloudInit: String, nics: String = "{}", files: [String: String] = [:]) throws -> Seed {
  let text = """
    virtform: 1
    stack: shop
    networks:
      lan: {mode: nat, cidr: 10.10.0.0/24, dhcp: {from: 10.10.0.100, to: 10.10.0.199}}
      back: {mode: isolated, cidr: 10.20.0.0/24}
      dmz: {mode: bridge, bridge: br0}
      six: {mode: nat, cidr: 10.30.0.0/24, ipv6: {cidr: "fd00:10::/64"}}
      only: {mode: nat, ipv6: {cidr: "fd00:11::/64", dhcp: {from: "fd00:11::100", to: "fd00:11::1ff"}}}
    vms:
      web:
        memory: 1GiB
        cloud_init: \(cloudInit)
        nics: \(nics)
    """
  let result = SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)])
  let site = try #require(result.site, "\(result.rendered.joined(separator: "\n"))")
  let machine = try #require(site.machines.first)
  let guestNICs = try machine.nics.enumerated().map { index, nic in
    GuestNIC(
      name: nic.name.rawValue, mac: try MACAddress(parsing: "52:54:00:00:00:0\(index + 1)"),
      addresses: nic.addresses, nameservers: nic.nameservers, dhcp: nic.dhcp)
  }
  return Seed(try #require(machine.cloudInit), identity: "4d6e", nics: guestNICs)
}

extension Seed {
  func text(_ name: String) throws -> String {
    try #require(documents.first { $0.name == name }).text
  }
}

import Libvirt
import Planner
import SpecModel

/// The names that a network's DNS server knows: `<dns><host ip><hostname>`, one element for each address.
extension XMLElement {
  var dnsHosts: [XMLElement] { all(at: "dns", "host") }

  /// Of one host of `dnsHosts`.
  var hostnames: [String] { all("hostname").map(\.text) }

  /// Of one host of `dnsHosts`.
  var dnsAddress: IPAddress? { self[attribute: "ip"].flatMap { try? IPAddress(parsing: $0) } }

  /// Takes the names out; others of the same address stay.
  mutating func removeDNSHosts(_ names: Set<Network.RecordName>) {
    guard !names.isEmpty, let dns = first("dns") else { return }
    mutateFirst("dns") { dns in
      dns.mutateChildren(named: "host") { host in
        guard let family = host.dnsAddress?.family else { return }
        host.removeChildren { $0.name == "hostname" && names.contains(.init($0.text, family)) }
      }
      dns.removeChildren { $0.name == "host" && $0.hostnames.isEmpty }
    }
    if first("dns")?.elements.isEmpty == true, !dns.elements.isEmpty { removeChildren(named: "dns") }
  }

  mutating func addDNSHost(_ name: String, _ ip: IPAddress) {
    mutateFirst("dns", otherwise: .before(["ip", "route"])) { dns in
      let hostname = XMLElement("hostname", text: name)
      var isKnown = false
      dns.mutateChildren(named: "host") { host in
        guard host.dnsAddress == ip, !isKnown else { return }
        isKnown = true
        host.insert(hostname)
      }
      if !isKnown { dns.insert(XMLElement("host", ["ip": "\(ip)"]) { hostname }, .last) }
    }
  }
}

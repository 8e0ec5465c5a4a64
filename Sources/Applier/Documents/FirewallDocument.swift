import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import SpecModel

/// A firewall as a network filter in XML, after <https://libvirt.org/formatnwfilter.html>. libvirt keeps nothing else in
/// one: it is written as a whole.
enum FirewallDocument {
  static func definition(of firewall: Firewall) -> XMLElement {
    XMLElement("filter", ["name": firewall.name, "chain": "root"]) {
      XMLElement("uuid", text: firewall.uuid.uuidString.lowercased())
      firewall.includes.sorted().map { XMLElement("filterref", ["filter": $0]) }
      firewall.rules.sorted().map { rule in
        XMLElement(
          "rule",
          [
            "action": rule.action, "direction": rule.direction.rawValue, "priority": "\(rule.priority)",
            "statematch": rule.matchesState ? nil : "false",
          ]
        ) {
          packets(rule)
        }
      }
    }
  }

  private static func packets(_ rule: Firewall.Rule) -> XMLElement {
    var packets = XMLElement(rule.packets)
    for (name, value) in rule.attributes.sorted(by: { $0.key < $1.key }) { packets[attribute: name] = value }
    return packets
  }

  /// nil for a filter that is none of the stack's.
  static func read(_ document: XMLElement, uuid: UUID, _ identity: Identity) -> Firewall? {
    guard let name = document[attribute: "name"], let specName = identity.firewall(named: name),
      uuid == identity.uuid(.filter, specName)
    else { return nil }
    return Firewall(
      name: name, specName: specName, uuid: uuid, rules: Set(document.all("rule").flatMap(rules)),
      includes: Set(document.all("filterref").compactMap { $0[attribute: "filter"] }))
  }

  /// One for each kind of packets.
  private static func rules(_ rule: XMLElement) -> [Firewall.Rule] {
    // A rule without any is about all of them.
    let kinds = rule.elements.isEmpty ? [XMLElement("everything")] : rule.elements
    return kinds.map { packets in
      let attributes = Dictionary(
        packets.attributes.map { ($0.name, normalForm($0.value)) }, uniquingKeysWith: { first, _ in first })
      return Firewall.Rule(
        rule[attribute: "action"] ?? "",
        rule[attribute: "direction"].flatMap(Firewall.Rule.Direction.init) ?? .both,
        priority: rule[attribute: "priority"].flatMap { Int($0) } ?? 500, packets.name, attributes,
        matchesState: !["false", "0"].contains(rule[attribute: "statematch"]?.lowercased()))
    }
  }

  /// An IPv6 address can be written in many ways.
  private static func normalForm(_ value: String) -> String {
    (try? IPv6Address(parsing: value))?.description ?? value
  }
}

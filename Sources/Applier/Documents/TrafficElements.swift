import Libvirt
import SpecModel

/// `<vlan>` and `<bandwidth>`, which interfaces and port groups of networks have alike.
extension XMLElement {
  /// The VLAN in it; nil if there is none that the language has words for.
  var vlan: VLAN? {
    guard let element = first("vlan") else { return nil }
    let tags = element.all("tag").compactMap { tag in tag[attribute: "id"].flatMap { Int($0) } }
    guard !tags.isEmpty else { return nil }
    let native = element.all("tag").first { $0[attribute: "nativeMode"] == "untagged" }
    guard element[attribute: "trunk"] == "yes" || tags.count > 1 || native != nil else {
      return VLAN(tag: tags[0])
    }
    return VLAN(trunk: tags, native: native?[attribute: "id"].flatMap { Int($0) })
  }

  /// Sets its VLAN, or takes it out.
  mutating func setVLAN(_ vlan: VLAN?, _ placement: XMLPlacement) {
    removeChildren(named: "vlan")
    guard let vlan, !vlan.isNone else { return }
    insert(
      XMLElement("vlan", ["trunk": vlan.isTrunk ? "yes" : nil]) {
        vlan.tags.map {
          XMLElement("tag", ["id": "\($0)", "nativeMode": $0 == vlan.native ? "untagged" : nil])
        }
      }, placement)
  }

  var qos: QoS? {
    first("bandwidth").map {
      QoS(inbound: Self.bandwidth($0, "inbound"), outbound: Self.bandwidth($0, "outbound"))
    }
  }

  /// Sets the limits of its traffic, or takes them out.
  mutating func setQoS(_ qos: QoS?, _ placement: XMLPlacement) {
    removeChildren(named: "bandwidth")
    guard let qos, !qos.isUnlimited else { return }
    insert(
      XMLElement("bandwidth") {
        qos.inbound.map { Self.limit("inbound", $0) }
        qos.outbound.map { Self.limit("outbound", $0) }
      }, placement)
  }

  private static func limit(_ name: String, _ bandwidth: Bandwidth) -> XMLElement {
    XMLElement(
      name,
      [
        "average": "\(bandwidth.average.rawValue >> 10)",
        "peak": bandwidth.peak.map { "\($0.rawValue >> 10)" },
        "burst": bandwidth.burst.map { "\($0.rawValue >> 10)" },
      ])
  }

  private static func bandwidth(_ element: XMLElement, _ name: String) -> Bandwidth? {
    func value(_ attribute: String) -> ByteCount? {
      element.first(name)?[attribute: attribute].flatMap { UInt64($0) }.map(ByteCount.kibibytes)
    }
    return value("average").map { Bandwidth(average: $0, peak: value("peak"), burst: value("burst")) }
  }
}

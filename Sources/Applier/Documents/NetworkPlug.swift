import FoundationEssentials
import Libvirt
import Planner

/// An interface of a running guest on a virtual network, from the guest's live document
/// (<https://libvirt.org/formatdomain.html#virtual-network>).
struct NetworkPlug: Sendable {
  let element: XMLElement
  let network: String
  /// The network's own name for what is plugged in; a network that was stopped knows it no more.
  let port: UUID?
  /// The interface's device on the host, which it keeps wherever it is plugged in.
  let device: String

  init?(_ element: XMLElement) {
    guard let source = element.first("source"), let network = source[attribute: "network"] else { return nil }
    self.element = element
    self.network = network
    port = source[attribute: "portid"].flatMap { UUID(uuidString: $0) }
    device = element.first("target")?[attribute: "dev"] ?? ""
  }

  static func all(in document: XMLElement) -> [NetworkPlug] {
    document.all(at: "devices", "interface").compactMap(NetworkPlug.init)
  }

  /// The interface as it is to be on the network `name`, with its cable pulled: what only the network that it comes
  /// from understands is left out.
  func parked(on name: String) -> XMLElement {
    var element = element
    element[attribute: "type"] = "network"
    element.setChild(XMLElement("source", ["network": name]))
    element.removeChildren { ["virtualport", "vlan"].contains($0.name) }
    element.setChild(XMLElement("link", ["state": "down"]))
    return element
  }

  /// The interface as it is to be back on the network `name`: in all that parking changed, as `original` was.
  func returned(to name: String, as original: XMLElement?) -> XMLElement {
    var element = element
    element[attribute: "type"] = "network"
    let portgroup = original?.first("source")?[attribute: "portgroup"]
    element.setChild(XMLElement("source", ["network": name, "portgroup": portgroup]))
    element.removeChildren(named: "link")
    for name in ["virtualport", "vlan", "link"] {
      if let child = original?.first(name) { element.setChild(child) }
    }
    return element
  }
}

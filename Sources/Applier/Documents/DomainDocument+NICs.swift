import Libvirt
import Planner
import SpecModel

/// Network interfaces are found by the addresses in the mark.
extension DomainDocument {
  /// Adds each of `nics`, or changes the one of its name.
  ///
  /// All in one pass: two that exchange their addresses are told apart by the addresses that they have before.
  mutating func set(_ nics: [Machine.NIC], _ mark: inout Mark) {
    var missing = nics
    let known = Dictionary(mark.nics.map { ($0.mac, $0.name) }, uniquingKeysWith: { first, _ in first })
    tree.mutateFirst("devices") { [host] devices in
      devices.mutateChildren(named: "interface") { element in
        guard let mac = Self.macAddress(of: element), let name = known[mac],
          let index = missing.firstIndex(where: { $0.name == name })
        else { return }
        Self.change(&element, to: missing.remove(at: index))
      }
      // One that has the address already, and no name, is the NIC.
      devices.mutateChildren(named: "interface") { element in
        guard let mac = Self.macAddress(of: element), known[mac] == nil,
          let index = missing.firstIndex(where: { $0.mac?.description == mac })
        else { return }
        Self.change(&element, to: missing.remove(at: index))
      }
      for nic in missing {
        devices.insert(
          Self.element(of: nic, on: host), .after(["disk", "controller", "interface", "emulator"]))
      }
    }
    for nic in nics {
      mark.nics.removeAll { $0.name == nic.name || $0.mac == nic.mac?.description }
      if let mac = nic.mac { mark.nics.append(.init(name: nic.name, mac: "\(mac)")) }
    }
  }

  static func element(of nic: Machine.NIC, on host: HostCapabilities) -> XMLElement {
    var element = XMLElement("interface")
    // libvirt's own choice is a 100 Mbit/s card of 1999.
    element.insert(XMLElement("model", ["type": nic.model ?? (host.driver == .xen ? "netfront" : "virtio")]))
    change(&element, to: nic)
    return element
  }

  /// Sets what `nic` sets; the rest stays.
  static func change(_ element: inout XMLElement, to nic: Machine.NIC) {
    if let mac = nic.mac { element.setChild(XMLElement("mac", ["address": "\(mac)"]), otherwise: .first) }
    switch nic.link {
    case .network(let name):
      element[attribute: "type"] = "network"
      let former = element.first("source")?[attribute: "portgroup"]
      let portgroup = nic.portgroup.map { $0.name.isEmpty ? nil : $0.name } ?? former
      element.removeChildren(named: "source")
      element.insert(XMLElement("source", ["network": name, "portgroup": portgroup]), .after(["mac"]))
    case .bridge(let name):
      element[attribute: "type"] = "bridge"
      element.removeChildren(named: "source")
      element.insert(XMLElement("source", ["bridge": name]), .after(["mac"]))
    case .user:
      element[attribute: "type"] = "user"
      element.removeChildren(named: "source")
    case .other: break
    }
    if let model = nic.model { element.mutateFirst("model") { $0[attribute: "type"] = model } }
    if let state = nic.linkState {
      element.removeChildren(named: "link")
      if state == .down {
        element.insert(XMLElement("link", ["state": "down"]), .after(["model", "target"]))
      }
    }
    if let vlan = nic.vlan { element.setVLAN(vlan, .after(["mac", "source"])) }
    if let firewall = nic.firewall, element.first("filterref")?[attribute: "filter"] != firewall {
      element.removeChildren(named: "filterref")
      if !firewall.isEmpty {
        element.insert(XMLElement("filterref", ["filter": firewall]), .before(["address"]))
      }
    }
    if let qos = nic.qos { element.setQoS(qos, .after(["mac", "source", "vlan"])) }
  }

  /// A running guest's interface as it is to be.
  ///
  /// - Parameter definition: the interface in the persistent definition.
  static func liveUpdate(of running: XMLElement, to nic: Machine.NIC, definition: XMLElement?) -> XMLElement {
    var element = running
    // What came from the network that it leaves, or from a port group, is not its own: the guest would keep it.
    var foreign = ["vlan"]
    if case .network(let name) = nic.link, name != running.first("source")?[attribute: "network"] {
      foreign += ["virtualport", "bandwidth"]
    }
    for child in foreign where definition?.first(child) == nil { element.removeChildren(named: child) }
    change(&element, to: nic)
    return element
  }

  mutating func removeNIC(_ name: String, _ mark: inout Mark) {
    guard let known = mark.nics.first(where: { $0.name == name }) else { return }
    tree.mutateFirst("devices") { devices in
      devices.removeChildren { $0.name == "interface" && Self.macAddress(of: $0) == known.mac }
    }
    mark.nics.removeAll { $0.name == name }
  }

  /// In lower case, as marks have it.
  static func macAddress(of interface: XMLElement) -> String? {
    interface.first("mac")?[attribute: "address"]?.lowercased()
  }
}

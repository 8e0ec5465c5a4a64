import Libvirt
import Planner
import SpecModel

/// The port groups of a network: `<portgroup>`, each with what its interfaces have in common.
extension NetworkDocument {
  static func portgroups(of document: XMLElement) -> [String: Portgroup] {
    let groups = document.all("portgroup").compactMap { element -> (String, Portgroup)? in
      element[attribute: "name"].map {
        (
          $0,
          Portgroup(vlan: element.vlan, qos: element.qos, isDefault: element[attribute: "default"] == "yes")
        )
      }
    }
    return Dictionary(groups, uniquingKeysWith: { first, _ in first })
  }

  /// What else a person put into a port group stays.
  static func editPortgroups(_ edit: NetworkEdit, _ document: inout XMLElement) {
    document.removeChildren {
      $0.name == "portgroup" && edit.removedPortgroups.contains($0[attribute: "name"] ?? "")
    }
    for (name, group) in edit.setPortgroups.sorted(by: { $0.key < $1.key }) {
      var isThere = false
      document.mutateChildren(named: "portgroup") { element in
        guard element[attribute: "name"] == name, !isThere else { return }
        isThere = true
        set(group, in: &element)
      }
      if !isThere { document.insert(element(of: group, name), .last) }
    }
  }

  private static func element(of group: Portgroup, _ name: String) -> XMLElement {
    var element = XMLElement("portgroup", ["name": name])
    set(group, in: &element)
    return element
  }

  private static func set(_ group: Portgroup, in element: inout XMLElement) {
    element[attribute: "default"] = group.isDefault ? "yes" : nil
    element.setVLAN(group.vlan, .first)
    element.setQoS(group.qos, .after(["vlan"]))
  }

  /// What is no longer the default comes before what becomes it: there is but one at any moment.
  static func portgroupUpdates(of live: XMLElement, _ edit: NetworkEdit) -> [LiveUpdate] {
    let there = portgroups(of: live)
    var target = live
    editPortgroups(edit, &target)
    func element(_ document: XMLElement, _ name: String) -> XMLElement? {
      document.all("portgroup").first { $0[attribute: "name"] == name }
    }
    let gone = edit.removedPortgroups.sorted().compactMap { name in
      element(live, name).map { LiveUpdate(command: .delete, section: .portgroup, element: $0) }
    }
    let set = edit.setPortgroups.filter { there[$0.key] != $0.value }.sorted {
      ($0.value.isDefault ? 1 : 0, $0.key) < ($1.value.isDefault ? 1 : 0, $1.key)
    }
    return gone
      + set.compactMap { name, _ in
        element(target, name).map {
          LiveUpdate(command: there[name] == nil ? .addLast : .modify, section: .portgroup, element: $0)
        }
      }
  }
}

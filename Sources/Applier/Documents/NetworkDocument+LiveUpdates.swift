import Libvirt
import Planner
import SpecModel

extension NetworkDocument {
  /// One call of `virNetworkUpdate`.
  struct LiveUpdate: Equatable {
    let command: NetworkUpdateCommand
    let section: NetworkUpdateSection
    /// The number of the `<ip>` that it is for; −1 where it is for none.
    var block = -1
    let element: XMLElement
  }

  /// The calls that make `edit` true of an active network whose document is `live`; none for what is true already.
  ///
  /// libvirt modifies none of these elements safely (a `modify` of a reservation takes the first that shares the name,
  /// whosever it is), so they are deleted and added.
  static func liveUpdates(of live: XMLElement, _ edit: NetworkEdit) -> [LiveUpdate] {
    dhcpUpdates(of: live, edit) + dnsUpdates(of: live, edit)
  }

  private static func dhcpUpdates(of live: XMLElement, _ edit: NetworkEdit) -> [LiveUpdate] {
    guard let index = blockIndex(in: live, gateway: appliedGateway(in: live)),
      let block = live.children[index].element
    else { return [] }
    let number = live.children[..<index].count { $0.element?.name == "ip" }
    let ranges = block.all(at: "dhcp", "range").compactMap(range)
    let hosts = block.all(at: "dhcp", "host").compactMap(reservation)
    func update(
      _ command: NetworkUpdateCommand, _ section: NetworkUpdateSection, _ element: XMLElement
    ) -> LiveUpdate {
      LiveUpdate(command: command, section: section, block: number, element: element)
    }
    var updates = edit.removedRanges.filter(ranges.contains).map {
      update(.delete, .dhcpRange, element(of: $0))
    }
    updates += edit.addedRanges.filter { !ranges.contains($0) }.map {
      update(.addFirst, .dhcpRange, element(of: $0))
    }
    // What goes first makes room: no two may share an address or a name.
    updates += edit.removedReservations.filter(hosts.contains).map {
      update(.delete, .dhcpHost, element(of: $0))
    }
    updates += edit.addedReservations.filter { !hosts.contains($0) }.map {
      update(.addLast, .dhcpHost, element(of: $0))
    }
    return updates
  }

  /// An address has one element with all of its names, so the whole element goes and comes.
  private static func dnsUpdates(of live: XMLElement, _ edit: NetworkEdit) -> [LiveUpdate] {
    guard !edit.removedRecords.isEmpty || !edit.setRecords.isEmpty else { return [] }
    var target = live
    target.removeDNSHosts(edit.removedRecords.union(edit.setRecords.keys))
    for (name, ip) in edit.setRecords.sorted(by: { $0.key < $1.key }) { target.addDNSHost(name, ip) }
    func isIn(_ hosts: [XMLElement], _ host: XMLElement) -> Bool {
      hosts.contains {
        $0[attribute: "ip"] == host[attribute: "ip"] && Set($0.hostnames) == Set(host.hostnames)
      }
    }
    let (before, after) = (live.dnsHosts, target.dnsHosts)
    return before.filter { !isIn(after, $0) }.map {
      LiveUpdate(command: .delete, section: .dnsHost, element: $0)
    }
      + after.filter { !isIn(before, $0) }.map {
        LiveUpdate(command: .addLast, section: .dnsHost, element: $0)
      }
  }
}

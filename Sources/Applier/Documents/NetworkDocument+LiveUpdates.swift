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
  /// Of these elements libvirt modifies only port groups safely (a `modify` of a reservation takes the first that shares the name,
  /// whosever it is), so the others are deleted and added.
  static func liveUpdates(of live: XMLElement, _ edit: NetworkEdit) -> [LiveUpdate] {
    dhcpUpdates(of: live, edit.ipv4) + dhcpUpdates(of: live, edit.ipv6) + dnsUpdates(of: live, edit)
      + portgroupUpdates(of: live, edit)
  }

  private static func dhcpUpdates<Address>(of live: XMLElement, _ edit: NetworkEdit.Subnet<Address>)
    -> [LiveUpdate]
  {
    guard let index = blockIndex(in: live, Address.self), let block = live.children[index].element
    else { return [] }
    let number = live.children[..<index].count { $0.element?.name == "ip" }
    let there: Network.Subnet<Address> = subnet(block)
    func update(
      _ command: NetworkUpdateCommand, _ section: NetworkUpdateSection, _ element: XMLElement
    ) -> LiveUpdate {
      LiveUpdate(command: command, section: section, block: number, element: element)
    }
    var updates = edit.removedRanges.filter(there.ranges.contains).map {
      update(.delete, .dhcpRange, element(of: $0))
    }
    updates += edit.addedRanges.filter { !there.ranges.contains($0) }.map {
      update(.addFirst, .dhcpRange, element(of: $0))
    }
    // What goes first makes room: no two may share an address or a name.
    updates += edit.removedReservations.filter(there.reservations.contains).map {
      update(.delete, .dhcpHost, element(of: $0))
    }
    updates += edit.addedReservations.filter { !there.reservations.contains($0) }.map {
      update(.addLast, .dhcpHost, element(of: $0))
    }
    return updates
  }

  /// An address has one element with all of its names, so the whole element goes and comes.
  private static func dnsUpdates(of live: XMLElement, _ edit: NetworkEdit) -> [LiveUpdate] {
    guard !edit.removedRecords.isEmpty || !edit.setRecords.isEmpty else { return [] }
    var target = live
    target.removeDNSHosts(edit.removedRecords.union(edit.setRecords.keys))
    for (name, ip) in edit.setRecords.sorted(by: { $0.key < $1.key }) { target.addDNSHost(name.name, ip) }
    func isIn(_ hosts: [XMLElement], _ host: XMLElement) -> Bool {
      hosts.contains {
        $0.dnsAddress == host.dnsAddress && Set($0.hostnames) == Set(host.hostnames)
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

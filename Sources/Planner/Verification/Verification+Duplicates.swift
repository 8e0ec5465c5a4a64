import FoundationEssentials
import SpecModel

/// What is there more than once, and locks.
extension Verification {
  static func finding(_ lock: Lock, _ stack: ResourceName, _ virsh: Virsh) -> Finding? {
    let remedy: Finding.Remedy
    switch lock.state {
    case .held: return nil
    case .abandoned: remedy = .fix("breaks it, as any apply does", [.breakLock])
    case .unreadable:
      remedy = .person(
        "look at it, and remove it if nobody needs it",
        command: virsh("net-dumpxml \(ResourceName.lockPrefix)\(stack)"))
    }
    return Finding(
      kind: lock.state == .abandoned ? .abandonedLock : .unreadableLock, host: lock.host,
      object: "the lock of the stack", path: nil, meaning: "is held \(lock.text)", remedy: remedy)
  }

  static func duplicates(in indices: [HostIndex], _ site: Site) -> [Finding] {
    let places = indices.flatMap { index in index.state.machines.map { Place(index: index, machine: $0) } }
    return Dictionary(grouping: places) { $0.machine.uuid }.values.filter { $0.count > 1 }.flatMap {
      twice($0, site)
    } + addresses(places, site)
  }

  private struct Place {
    let index: HostIndex
    let machine: Machine

    var host: ResourceName { index.state.name }
    var isOwn: Bool { index.owns(machine) }
    var object: String { isOwn ? "vm.\(index.specName(of: machine))" : "domain \(machine.domainName)" }
    var state: String { machine.settings.state?.rawValue ?? "off" }
  }

  private static func twice(_ places: [Place], _ site: Site) -> [Finding] {
    let own = places.filter(\.isOwn)
    return own.map { place in
      let others = places.filter { $0.host != place.host }
      let words = others.map { "\($0.isOwn ? "" : "\($0.object) on ")host '\($0.host)' (\($0.state))" }
        .joined(separator: " and ")
      let running = own.filter { $0.machine.isActive }
      let isSettled = own.count == places.count && running.count == 1
      let undefine = place.index.state.virsh("undefine \(place.machine.uuid.uuidString.lowercased()) --nvram")
      return Finding(
        kind: own.count == places.count ? .machineTwice : .uuidTwice, host: place.host, object: place.object,
        path: site.machines.first { "vm.\($0.name)" == place.object }?.path,
        meaning: own.count == places.count
          ? "is on this host (\(place.state)) and on \(words): a move was cut off, or somebody has defined it again"
          : "has a UUID that \(words) has, too: neither can move to the other's host",
        remedy: isSettled
          ? .apply("goes on with the one that runs, on host '\(running[0].host)', and takes the other away")
          : .person(
            "look at both, and undefine the one that is not needed; this one goes with", command: undefine))
    }
  }

  private static func addresses(_ places: [Place], _ site: Site) -> [Finding] {
    var owners: [MACAddress: [Place]] = [:]
    for place in places {
      for mac in place.machine.macs { owners[mac, default: []].append(place) }
    }
    return owners.flatMap { mac, places -> [Finding] in
      // The same VM on two hosts is told of as that.
      guard Set(places.map(\.machine.uuid)).count > 1 else { return [] }
      return places.filter(\.isOwn).map { place in
        let others = places.filter { $0.machine.uuid != place.machine.uuid }.map {
          "'\($0.machine.domainName)'" + ($0.host == place.host ? "" : " on host '\($0.host)'")
        }
        let nic = place.machine.nics.first { $0.mac == mac }?.name
        return Finding(
          kind: .addressTwice, host: place.host, object: place.object,
          path: site.machines.first { "vm.\($0.name)" == place.object }?.path,
          meaning: "its NIC\(nic.map { " '\($0)'" } ?? "") has the address \(mac), and so has "
            + "\(others.sorted().joined(separator: ", ")): on one network only one of them is reached",
          remedy: .person(
            "give one of them another address: in the spec, mac: of the NIC; of what is not the stack's",
            command: places.first { !$0.isOwn }.map {
              $0.index.state.virsh("edit \($0.machine.uuid.uuidString.lowercased())")
            }))
      }
    }
  }
}

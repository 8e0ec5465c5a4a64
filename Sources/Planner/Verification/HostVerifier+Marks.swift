import FoundationEssentials
import SpecModel

/// Marks that are not what a run has written into this very object.
extension HostVerifier {
  mutating func verifyMark(of machine: Machine) {
    let name = machine.domainName
    let marked = Marked(
      kind: .machine, uuid: machine.uuid, name: name, mark: machine.mark, fault: machine.markFault,
      isOwn: host.owns(machine), isWanted: isWanted(name), path: spec(name)?.path,
      isAdopted: (try? ResourceName(parsing: name)).map(site.adopts(machine:)) ?? false)
    verify(marked, object: "domain \(name)", address: "vm.\(name)") {
      [virsh = state.virsh] in
      virsh(
        "metadata \(machine.uuid.uuidString.lowercased()) --uri \(Self.namespace) --remove --config"
          + (machine.isActive ? " --live" : ""))
    }
    guard host.owns(machine) else { return }
    let address = "vm.\(host.specName(of: machine))"
    let path = spec(host.specName(of: machine))?.path
    if let fields = machine.mark?.unfinished, !fields.isEmpty {
      find(
        .unfinishedChange, address, at: path,
        "a run was cut off while it changed the running guest: \(fields.sorted().joined(separator: ", "))",
        .apply("goes on from there"))
    }
    if !machine.carriedSnapshots.isEmpty {
      find(
        .unfinishedMove, address, at: path,
        "a move was cut off that had taken its snapshots off: "
          + machine.carriedSnapshots.joined(separator: ", "),
        .apply("has libvirt know them again"))
    }
  }

  mutating func verifyMark(of network: Network) {
    let name = network.name
    let spec = site.networks.first { $0.name.rawValue == name }
    let marked = Marked(
      kind: .network, uuid: network.uuid, name: name, mark: network.mark, fault: network.markFault,
      isOwn: identity.owns(network),
      isWanted: spec.map { $0.isObject && !$0.isExternal && $0.hosts.contains(state.name) } ?? false,
      path: spec?.path, isAdopted: (try? ResourceName(parsing: name)).map(site.adopts(network:)) ?? false)
    verify(marked, object: "network \(name)", address: "network.\(name)") { [virsh = state.virsh] in
      virsh("net-edit \(network.uuid.uuidString.lowercased())")
    }
  }

  /// An object that may have a mark, and what the spec says of its name.
  private struct Marked {
    let kind: Identity.Kind
    let uuid: UUID
    let name: String
    let mark: Mark?
    let fault: MarkFault?
    let isOwn: Bool
    let isWanted: Bool
    let path: SpecPath?
    let isAdopted: Bool
  }

  private static let namespace = "urn:virtform:mark:1"

  /// - Parameter removal: the command that takes a mark off.
  private mutating func verify(
    _ it: Marked, object: String, address: String, removal: () -> String
  ) {
    let adoption = "adopt: [\(it.kind == .machine ? "vms" : "networks").\(it.name)] in the spec"
    switch it.fault {
    case .unreadable(let reason):
      // Another stack's is that one's to mend.
      guard it.isOwn || it.isWanted || it.mark.map({ $0.stack == site.stack.rawValue }) ?? false else {
        return
      }
      find(
        .unreadableMark, it.isOwn ? address : object, at: it.path,
        "its mark cannot be read: \(reason)" + (it.isOwn ? "" : "; for virtform it is nobody's"),
        .person("take the mark off, and take the object over as it is: \(adoption)", command: removal()))
      return
    case .otherFormat(let namespace):
      guard it.isOwn || it.isWanted else { return }
      find(
        .otherFormat, object, at: it.path,
        "its mark is of a format that this version does not know, \(namespace); for this version it is nobody's",
        .person(
          "use the version of virtform that wrote it, which 'virtform version' tells where it was applied"))
      return
    case nil: break
    }
    if it.isOwn { return }
    if let mark = it.mark, mark.stack == site.stack.rawValue {
      // The next apply makes it the stack's.
      if it.isAdopted, it.isWanted { return }
      let origin = mark.name ?? it.name
      find(
        .copiedMark, object, at: it.path,
        "has the mark of \(it.kind == .machine ? "VM" : "network") '\(origin)' and another UUID: it is a copy, and "
          + "virtform leaves it alone",
        .person("take the mark off the copy", command: removal()))
    } else if let mark = it.mark, it.isWanted {
      find(
        .otherStack, object, at: it.path,
        "belongs to stack '\(mark.stack)', and the spec has \(address), which cannot be made beside it",
        .person("give one of the two another name in its spec"))
    } else if it.mark == nil, it.isWanted, !it.isAdopted, it.uuid == identity.uuid(it.kind, it.name) {
      find(
        .missingMark, object, at: it.path,
        "has the UUID of \(address) and no mark: somebody took it off, or has defined it without one",
        .person("take it over as it is: \(adoption)"))
    }
  }
}

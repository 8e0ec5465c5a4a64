extension SiteDecoder {
  /// An entry of `moved:`.
  private struct Move {
    let from: SpecAddress
    let fromLocation: SourceLocation
    let to: SpecAddress
    let toLocation: SourceLocation
    let path: SpecPath

    /// nil if the two are of different kinds, or parts of different VMs.
    var subject: MovedSpec.Subject? {
      switch (from, to) {
      case (.machine(let from), .machine(let to)): .machine(from: from, to: to)
      case (.network(let from), .network(let to)): .network(from: from, to: to)
      case (.sharedDisk(let from), .sharedDisk(let to)): .sharedDisk(from: from, to: to)
      case (.disk(let from, let machine), .disk(let to, let other)) where machine == other:
        .machineDisk(machine: machine, from: from, to: to)
      case (.nic(let from, let machine), .nic(let to, let other)) where machine == other:
        .nic(machine: machine, from: from, to: to)
      case (.machine, _), (.network, _), (.sharedDisk, _), (.disk, _), (.nic, _): nil
      }
    }
  }

  /// All moves, and what they may be about.
  private struct MoveTable {
    let bySource: [SpecAddress: Move]
    let machines: [ResourceName: MachineSpec]
  }

  /// What objects were called before: `moved: {vms.web: vms.frontend}`.
  func decodeMoved(_ spec: MappingReader) -> [MovedSpec] {
    guard let reader = spec.nested("moved") else { return [] }
    let moves = reader.keys.compactMap { key -> Move? in
      let place = reader.keyLocation(of: key)
      let from = diagnostics.value(at: place) { () throws(ValueError) in try Self.movable(key) }
      let to = reader.value(key) { text throws(ValueError) in try Self.movable(text) }
      guard let from, let to else { return nil }
      return Move(
        from: from, fromLocation: place, to: to, toLocation: reader.location(of: key), path: reader.path + key
      )
    }
    let table = MoveTable(
      bySource: Dictionary(moves.map { ($0.from, $0) }, uniquingKeysWith: { first, _ in first }),
      machines: moves.isEmpty
        ? [:] : Dictionary(machines.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }))
    var byTarget: [SpecAddress: Move] = [:]
    let moved = moves.compactMap { move -> MovedSpec? in
      guard let subject = check(move, table) else { return nil }
      if let earlier = byTarget[move.to] {
        diagnostics.error(
          "'\(move.to)' has two old names", at: move.fromLocation,
          related: [.init(message: "the first is here", location: earlier.fromLocation)])
      } else {
        byTarget[move.to] = move
      }
      return MovedSpec(subject, path: move.path)
    }
    return moved
      + namesakes(of: moved).filter { follower in !moved.contains { $0.subject == follower.subject } }
  }

  /// The NICs that have the name of their network, and a new one with it.
  private func namesakes(of moved: [MovedSpec]) -> [MovedSpec] {
    moved.flatMap { move -> [MovedSpec] in
      guard case .network(let from, let to) = move.subject else { return [] }
      return machines.compactMap { machine in
        let names = machine.nics.map(\.name)
        let isRenamed = moved.contains { other in
          if case .nic(machine.name, _, to) = other.subject { true } else { false }
        }
        guard machine.nics.contains(where: { $0.name == to && $0.network == to }), !names.contains(from),
          !isRenamed
        else { return nil }
        return MovedSpec(.nic(machine: machine.name, from: from, to: to), path: move.path)
      }
    }
  }

  private static func movable(_ text: String) throws(ValueError) -> SpecAddress {
    switch text.prefix(while: { $0 != "." }) {
    case "images":
      throw ValueError("'\(text)' is an image, which has no content of its own", help: "just rename it")
    case "pools": throw ValueError("'\(text)' is a pool, which libvirt cannot rename", help: "keep its name")
    default: return try SpecAddress(parsing: text)
    }
  }

  /// What `move` renames; nil, with a diagnostic, if it cannot be done.
  private func check(_ move: Move, _ table: MoveTable) -> MovedSpec.Subject? {
    func fail(_ message: String, help: String? = nil) -> MovedSpec.Subject? {
      diagnostics.error(message, at: move.toLocation, help: help)
      return nil
    }
    guard move.from != move.to else { return fail("'\(move.from)' moves to itself", help: "leave it out") }
    guard move.from.kind == move.to.kind else {
      return fail("'\(move.from)' is \(move.from.kind), '\(move.to)' \(move.to.kind)")
    }
    guard let subject = move.subject else {
      let help =
        move.to.owner.map { "it stays with its VM; if that was renamed, write \(move.from.moved(to: $0))" }
      return fail("'\(move.from)' and '\(move.to)' are parts of different VMs", help: help)
    }
    if table.bySource[move.to] != nil {
      return fail(
        "'\(move.to)' is moved itself",
        help: Self.end(of: move, table).map { "write \(move.from): \($0)" }
          ?? "names cannot be exchanged in one run: give one of them a name in between")
    }
    switch declaration(of: move.from) {
    case .there(let location):
      diagnostics.error(
        "'\(move.from)' is still in this spec", at: move.fromLocation,
        help: "what was renamed stands there under its new name only",
        related: location.map { [.init(message: "it is declared here", location: $0)] } ?? [])
    case .absent, .unclear: break
    }
    guard case .absent = declaration(of: move.to) else {
      if case .network(let name) = move.to, networks[name]?.isExternal == true {
        return fail("network '\(name)' is external, so it is not virtform's to rename")
      }
      return subject
    }
    let unknown = move.to.owner.flatMap { machineNames[$0] == nil ? SpecAddress.machine($0) : nil } ?? move.to
    return fail("no \(Self.title(of: unknown)) in this spec", help: help(forUnknown: move.to, table))
  }

  /// Where a chain of moves ends; nil if it never does.
  private static func end(of move: Move, _ table: MoveTable) -> SpecAddress? {
    var end = move.to
    // Nobody renames a thing a hundred times in one spec.
    for _ in 0..<100 {
      guard let next = table.bySource[end] else { return end }
      end = next.to
    }
    return nil
  }

  private static func title(of address: SpecAddress) -> String {
    switch address {
    case .machine(let name): "VM '\(name)'"
    case .disk(let name, let machine): "disk '\(name)' of VM '\(machine)'"
    case .nic(let name, let machine): "NIC '\(name)' of VM '\(machine)'"
    case .network(let name): "network '\(name)'"
    case .sharedDisk(let name): "disk '\(name)'"
    }
  }

  private func help(forUnknown address: SpecAddress, _ table: MoveTable) -> String? {
    func near(_ name: ResourceName, in known: some Collection<ResourceName>) -> String? {
      diagnostics.suggestions.nearest(to: name.rawValue, in: known.lazy.map(\.rawValue)).map {
        "did you mean '\($0)'?"
      }
    }
    switch address {
    case .machine(let name):
      if machineGroups.contains(name) {
        return "'\(name)' is several VMs: write the name of each, vms.\(name)-…"
      }
      return near(name, in: machineNames.keys)
    case .network(let name): return near(name, in: declared[.networks] ?? [])
    case .sharedDisk(let name): return near(name, in: declared[.disks] ?? [])
    case .disk(let name, let owner), .nic(let name, let owner):
      if let new = table.bySource[.machine(owner)] { return "write \(new.to), as the VM is called now" }
      guard machineNames[owner] != nil else { return near(owner, in: machineNames.keys) }
      guard let machine = table.machines[owner] else { return nil }
      if case .disk = address { return near(name, in: machine.disks.map(\.name)) }
      return near(name, in: machine.nics.map(\.name))
    }
  }

  // MARK: What is no longer the stack's

  /// What loses its mark and stays as it is: `removed: {vms.web: {forget: true}}`.
  func decodeRemoved(_ spec: MappingReader) -> [ForgottenSpec] {
    guard let reader = spec.nested("removed") else { return [] }
    return reader.keys.compactMap { key in
      let place = reader.keyLocation(of: key)
      let address = diagnostics.value(at: place) { () throws(ValueError) in try Self.forgettable(key) }
      checkForget(reader, key)
      guard let (address, subject) = address else { return nil }
      if case .there(let location) = declaration(of: address) {
        diagnostics.error(
          "'\(address)' is still in this spec", at: place, help: "take it out where it is declared",
          related: location.map { [.init(message: "it is declared here", location: $0)] } ?? [])
      }
      if let moved = spec.nestedEntry("moved", key) {
        diagnostics.error(
          "'\(address)' is moved and removed", at: place,
          related: [.init(message: "it is moved here", location: moved)])
      }
      return ForgottenSpec(subject, path: reader.path + key)
    }
  }

  private static func forgettable(_ text: String) throws(ValueError) -> (SpecAddress, ForgottenSpec.Subject) {
    let help = "write vms.VM or networks.NETWORK"
    switch try? SpecAddress(parsing: text) {
    case .machine(let name): return (.machine(name), .machine(name))
    case .network(let name): return (.network(name), .network(name))
    case .disk, .nic: throw ValueError("'\(text)' goes with its VM", help: help)
    case .sharedDisk:
      throw ValueError(
        "'\(text)' cannot be forgotten",
        help: "leave it out of the spec: its content stays unless a run consents to its loss")
    case nil:
      // The name may be what is wrong.
      for section in ["vms.", "networks."] where text.hasPrefix(section) {
        _ = try SpecAddress(parsing: text)
      }
      throw ValueError("'\(text)' is nothing that can be forgotten", help: help)
    }
  }

  private func checkForget(_ reader: MappingReader, _ key: String) {
    guard let entry = reader.nested(key) else { return }
    let forget = entry.bool("forget")
    entry.missing("forget", help: "forget: true leaves it on its host as it is, no longer part of the stack")
    if forget == false {
      entry.error(
        "'forget' must be true", at: "forget",
        help: "what is to go from its host is just left out of the spec")
    }
    entry.finish()
  }

  // MARK: What becomes the stack's

  /// What is there already and gets a mark: `adopt: [vms.web, networks]`.
  func decodeAdopted(_ spec: MappingReader) -> [AdoptedSpec] {
    spec.values("adopt", help: "such as adopt: [vms.web]") { text throws(ValueError) in
      try Self.adoptable(text)
    }.flatMap { subject, location -> [AdoptedSpec] in
      switch subject {
      case .machines, .networks: return [AdoptedSpec(subject, at: location)]
      case .machine(let name):
        if let members = groupMembers[name], machineNames[name] == nil {
          return members.map { AdoptedSpec(.machine($0), at: location) }
        }
        checkAdopted(.machine(name), at: location)
      case .network(let name): checkAdopted(.network(name), at: location)
      }
      return [AdoptedSpec(subject, at: location)]
    }
  }

  private func checkAdopted(_ address: SpecAddress, at location: SourceLocation) {
    if case .absent = declaration(of: address) {
      diagnostics.error(
        "no \(Self.title(of: address)) in this spec", at: location,
        help: help(forUnknown: address, MoveTable(bySource: [:], machines: [:]))
          ?? "what becomes the stack's is described in its spec")
    } else if case .network(let name) = address, networks[name]?.isExternal == true {
      diagnostics.error(
        "network '\(name)' is external, so it never becomes the stack's", at: location,
        help: "leave out 'external', and describe it")
    }
  }

  private static func adoptable(_ text: String) throws(ValueError) -> AdoptedSpec.Subject {
    let help = "write vms.VM, networks.NETWORK, or vms or networks for all of the spec"
    switch text {
    case "vms": return .machines
    case "networks": return .networks
    default: break
    }
    switch try? SpecAddress(parsing: text) {
    case .machine(let name): return .machine(name)
    case .network(let name): return .network(name)
    case .disk, .nic: throw ValueError("'\(text)' goes with its VM", help: help)
    case .sharedDisk:
      throw ValueError(
        "'\(text)' cannot become the stack's", help: "a VM uses what is there by 'volume' or 'path'")
    case nil:
      for section in ["vms.", "networks."] where text.hasPrefix(section) {
        _ = try SpecAddress(parsing: text)
      }
      throw ValueError("'\(text)' is nothing that can become the stack's", help: help)
    }
  }

  // MARK: Declarations

  enum Declaration {
    case there(SourceLocation?)
    case absent
    /// Something is in error that may have declared it.
    case unclear
  }

  func declaration(of address: SpecAddress) -> Declaration {
    switch address {
    case .machine(let name): return declaration(ofMachine: name)
    case .network(let name):
      if declared[.networks]?.contains(name) == true {
        return .there(origins.location(of: SpecPath("\(address)")))
      }
      return isUnreadable(.networks) ? .unclear : .absent
    case .sharedDisk(let name):
      if declared[.disks]?.contains(name) == true {
        return .there(origins.location(of: SpecPath("\(address)")))
      }
      return isUnreadable(.disks) ? .unclear : .absent
    case .disk(let name, let machine):
      // The root disk of a VM with an image need not be written.
      let isImplied = name.rawValue == Self.rootDisk
      return declaration(
        of: address, in: machine, impliedBy: isImplied ? SpecPath("vms.\(machine).image") : nil)
    case .nic(_, let machine): return declaration(of: address, in: machine, impliedBy: nil)
    }
  }

  private func declaration(
    of part: SpecAddress, in machine: ResourceName, impliedBy other: SpecPath?
  ) -> Declaration {
    guard case .there = declaration(ofMachine: machine) else { return declaration(ofMachine: machine) }
    let paths = [SpecPath(part.description), other].compactMap { $0 }
    return paths.first(where: origins.has).map { .there(origins.location(of: $0)) } ?? .absent
  }

  private func declaration(ofMachine name: ResourceName) -> Declaration {
    if let location = machineNames[name] { return .there(location) }
    if areMachinesUnclear || unclearGroups.contains(name.rawValue) { return .unclear }
    // A VM of a count has the name of its group, '-' and more.
    let text = name.rawValue
    let isOfUnclearGroup = text.indices.contains {
      text[$0] == "-" && unclearGroups.contains(String(text[..<$0]))
    }
    return isOfUnclearGroup ? .unclear : .absent
  }
}

/// The VMs that a VM names, as the spec has it.
struct Relation {
  static let startAfter = "start_after"
  static let keepWith = "keep_with"
  static let avoid = "avoid"

  let machine: ResourceName
  /// The word that names them.
  let key: String
  let words: [(name: ResourceName, location: SourceLocation)]
}

extension SiteDecoder {
  /// Keeps the VMs that `machine` names until all VMs are known. What is no name has been reported by then.
  mutating func rememberRelations(of name: ResourceName, _ machine: YAMLNode) {
    for key in [Relation.startAfter, Relation.keepWith, Relation.avoid] {
      guard case .sequence(let items)? = machine.mapping?[key]?.value.content else { continue }
      let words = items.compactMap { item in
        (item.scalar?.string).flatMap { try? ResourceName(parsing: $0) }.map {
          (name: $0, location: item.location)
        }
      }
      relations.append(Relation(machine: name, key: key, words: words))
    }
  }

  /// Finds the VMs that `start_after` names; the name of a count means all of its VMs.
  mutating func resolveStartOrders(_ variables: inout VariableTable) {
    var edges: [ResourceName: [ResourceName: SourceLocation]] = [:]
    var reported: Set<SourceLocation> = []
    for order in relations where order.key == Relation.startAfter {
      for word in order.words where !reported.contains(word.location) {
        guard let names = machines(meantBy: word.name) else {
          reported.insert(word.location)
          reportUnknown(word.name, at: word.location)
          continue
        }
        guard variables.budget.spend(values: names.count, at: word.location, diagnostics) else { return }
        if names.contains(order.machine) {
          reported.insert(word.location)
          diagnostics.error(
            "VM '\(order.machine)' cannot start after itself", at: word.location,
            help: names.count > 1 ? "'\(word.name)' means all VMs of its count; it is one of them" : nil)
          continue
        }
        for name in names {
          edges[order.machine, default: [:]][name] = edges[order.machine]?[name] ?? word.location
        }
      }
    }
    reportCycles(edges)
    for index in machines.indices {
      machines[index].startAfter = edges[machines[index].name].map { $0.keys.sorted() } ?? []
    }
  }

  /// The VMs of a name, which may be that of a count; nil if there are none of it.
  func machines(meantBy name: ResourceName) -> [ResourceName]? {
    if machineNames[name] != nil { return [name] }
    if let members = groupMembers[name] { return members }
    if machineGroups.contains(name) { return [] }
    if case .unclear = declaration(of: .machine(name)) { return [] }
    return nil
  }

  func reportUnknown(_ name: ResourceName, at location: SourceLocation) {
    let known = Set(machineNames.keys).union(machineGroups).map(\.rawValue)
    let near = diagnostics.suggestions.nearest(to: name.rawValue, in: known)
    diagnostics.error(
      "no VM '\(name)' in this spec", at: location,
      help: near.map { "did you mean '\($0)'?" } ?? "name a VM, or the entry of vms: that makes several")
  }

  // MARK: Cycles

  /// Reports one cycle of each knot: `app → db → app`.
  private func reportCycles(_ edges: [ResourceName: [ResourceName: SourceLocation]]) {
    var left = Self.withoutLooseEnds(edges)
    while let start = left.keys.min() {
      let cycle = Self.cycle(from: start, in: left)
      let steps = zip(cycle, cycle.dropFirst() + cycle.prefix(1))
      let places = steps.map { from, to in (from, to, edges[from]?[to]) }
      diagnostics.error(
        "these VMs start after each other: "
          + (cycle + cycle.prefix(1)).map(\.rawValue).joined(separator: " → "),
        at: places.first?.2, help: "leave one of these words out",
        related: places.dropFirst().compactMap { from, to, place in
          place.map { .init(message: "'\(from)' starts after '\(to)'", location: $0) }
        })
      // Whatever leads there and back is part of the same knot.
      let knot = Self.reachable(from: cycle, in: left).intersection(
        Self.reachable(from: cycle, in: Self.inverted(left)))
      left = Self.withoutLooseEnds(left.filter { !knot.contains($0.key) })
    }
  }

  /// The graph without all that is part of no cycle and leads to none.
  private static func withoutLooseEnds(_ edges: [ResourceName: [ResourceName: SourceLocation]])
    -> [ResourceName: Set<ResourceName>]
  {
    withoutLooseEnds(edges.mapValues { Set($0.keys) })
  }

  private static func withoutLooseEnds(_ edges: [ResourceName: Set<ResourceName>])
    -> [ResourceName: Set<ResourceName>]
  {
    var waiting = edges
    var dependents = inverted(edges)
    var free = dependents.keys.filter { edges[$0] == nil }
    free += edges.filter(\.value.isEmpty).map(\.key)
    while let name = free.popLast() {
      waiting[name] = nil
      for dependent in dependents.removeValue(forKey: name) ?? [] {
        waiting[dependent]?.remove(name)
        if waiting[dependent]?.isEmpty == true { free.append(dependent) }
      }
    }
    return waiting
  }

  /// Following the first edge of each VM ends in a cycle, since each that is left has one. It begins with its first name.
  private static func cycle(from start: ResourceName, in edges: [ResourceName: Set<ResourceName>])
    -> [ResourceName]
  {
    var path: [ResourceName] = []
    var positions: [ResourceName: Int] = [:]
    var name = start
    while positions[name] == nil {
      positions[name] = path.count
      path.append(name)
      guard let next = edges[name]?.min() else { return path }
      name = next
    }
    let cycle = path[(positions[name] ?? 0)...]
    let first = cycle.indices.min { cycle[$0] < cycle[$1] } ?? cycle.startIndex
    return Array(cycle[first...] + cycle[..<first])
  }

  private static func reachable(from start: [ResourceName], in edges: [ResourceName: Set<ResourceName>])
    -> Set<ResourceName>
  {
    var found = Set(start)
    var open = start
    while let name = open.popLast() {
      for next in edges[name] ?? [] where found.insert(next).inserted { open.append(next) }
    }
    return found
  }

  private static func inverted(_ edges: [ResourceName: Set<ResourceName>]) -> [ResourceName: Set<
    ResourceName
  >] {
    edges.reduce(into: [:]) { result, entry in
      for target in entry.value { result[target, default: []].insert(entry.key) }
    }
  }
}

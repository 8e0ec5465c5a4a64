extension SiteDecoder {
  /// What stands for all hosts.
  static let anyHost = "any"

  /// Where a VM may run, as `host:` says: a name, `any`, a list, or labels.
  func decodePlacement(_ reader: MappingReader, isComplete: Bool) -> PlacementSpec? {
    var placement: PlacementSpec?
    switch reader.node("host")?.content {
    case .sequence:
      let names = reader.names("host")?.filter { check($0.name, at: $0.location, in: .hosts) }.map(\.name)
      if names?.isEmpty == true, reader.items("host")?.isEmpty == true {
        reader.error("'host' is an empty list", at: "host", help: "write host: any for all of them")
      }
      placement = names.flatMap {
        $0.isEmpty ? nil : PlacementSpec(hosts: $0.sorted(), isChosen: $0.count > 1)
      }
    case .mapping:
      placement = decodeHostLabels(reader)
    case .scalar(let scalar) where scalar.string == Self.anyHost:
      placement = PlacementSpec(hosts: hosts.all.map(\.name).sorted(), isChosen: hosts.all.count > 1)
    case .scalar(let scalar) where isAnyHostMisspelt(scalar):
      reader.error(
        "no host '\(scalar.text)' in this spec", at: "host", help: "did you mean '\(Self.anyHost)'?")
    case .scalar, nil:
      let host = isComplete ? self.host(reader) : reference(reader, "host", to: .hosts)
      placement = host.map { PlacementSpec(hosts: [$0], isChosen: false) }
    }
    let spread = decodeSpread(reader)
    let isPinned = reader.bool("pinned") ?? false
    // The VMs that they name are looked up when all of them are known.
    for key in ["keep_with", "avoid"] { _ = reader.names(key) }
    placement?.spread = spread
    placement?.isPinned = isPinned
    return placement
  }

  private func isAnyHostMisspelt(_ scalar: YAMLScalar) -> Bool {
    guard let text = scalar.string, text.lowercased() == Self.anyHost else { return false }
    return !hosts.all.contains { $0.name.rawValue == text }
  }

  private func decodeHostLabels(_ reader: MappingReader) -> PlacementSpec? {
    guard let host = reader.nested("host") else { return nil }
    defer { host.finish() }
    host.missing("labels", help: "such as host: {labels: {room: a}}")
    let wanted = decodeLabels(host)
    // What is no label is reported already.
    guard let entries = host.node("labels")?.mapping?.entries, entries.count == wanted.count else {
      return nil
    }
    if wanted.isEmpty {
      host.error("'labels' is empty", at: "labels", help: "write host: any for all hosts")
      return nil
    }
    let fitting = hosts.all.filter { host in wanted.allSatisfy { host.labels[$0.key] == $0.value } }
    guard !fitting.isEmpty else {
      let words = wanted.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
      if !isUnreadable(.hosts) {
        host.error(
          "no host has the labels {\(words)}", at: "labels", help: "give them to hosts: labels: {\(words)}")
      }
      return nil
    }
    return PlacementSpec(hosts: fitting.map(\.name).sorted(), isChosen: fitting.count > 1)
  }

  /// `spread: host` is short for `spread: {over: host, max: 1}`.
  private func decodeSpread(_ reader: MappingReader) -> PlacementSpec.Spread? {
    guard let node = reader.node("spread"), !node.isUnresolved else { return nil }
    guard node.mapping != nil, let nested = reader.nested("spread") else {
      return spreadLabel(reader, "spread").map { PlacementSpec.Spread(label: $0.label) }
    }
    defer { nested.finish() }
    let over = spreadLabel(nested, "over")
    nested.missing("over", help: "host, or a label of hosts")
    let maximum = nested.int("max", in: SiteDecoder.spreads) ?? 1
    return over.map { PlacementSpec.Spread(label: $0.label, maximum: maximum) }
  }

  /// How many VMs of a count may be together.
  static let spreads = 1...10_000

  /// The label in whose values VMs are kept apart, nil for hosts; nil altogether, with a diagnostic, if no host has it.
  private func spreadLabel(_ reader: MappingReader, _ key: String) -> (label: ResourceName?, Void)? {
    guard let name = reader.name(key) else { return nil }
    if name.rawValue == "host" { return (nil, ()) }
    let labels = Set(hosts.all.flatMap(\.labels.keys))
    guard labels.contains(name) || isUnreadable(.hosts) else {
      let near = diagnostics.suggestions.nearest(to: name.rawValue, in: labels.map(\.rawValue) + ["host"])
      reader.error(
        "no host has a label '\(name)'", at: key,
        help: near.map { "did you mean '\($0)'?" } ?? "write host, or a label that hosts have")
      return nil
    }
    return (name, ())
  }

  /// `placement` without the hosts that lack what the VM needs. Those that the spec names must have it.
  func restricted(
    _ placement: PlacementSpec, to needs: [(what: String, hosts: [ResourceName])], _ reader: MappingReader
  ) -> PlacementSpec {
    guard placement.isChosen else { return placement }
    var placement = placement
    let isNamed = if case .sequence? = reader.node("host")?.content { true } else { false }
    if isNamed {
      for need in needs {
        for host in placement.hosts where !need.hosts.contains(host) {
          reader.error(
            "\(need.what) is not on host '\(host)'", at: "host",
            help: need.hosts.isEmpty
              ? nil : "it is on " + need.hosts.prefix(10).map(\.rawValue).joined(separator: ", "))
        }
      }
      return placement
    }
    let sets = needs.map { Set($0.hosts) }
    let label = placement.spread?.label
    let labelled = Set(hosts.all.filter { label == nil || $0.labels[label!] != nil }.map(\.name))
    let fitting = placement.hosts.filter { host in
      labelled.contains(host) && sets.allSatisfy { $0.contains(host) }
    }
    if fitting.isEmpty {
      let places = needs.map { need in
        "\(need.what) is on " + need.hosts.prefix(10).map(\.rawValue).joined(separator: ", ")
      }
      reader.error(
        "no host has all that this VM needs", at: "host",
        help: places.isEmpty ? nil : places.joined(separator: "; "))
      return placement
    }
    placement.hosts = fitting
    placement.isChosen = fitting.count > 1
    return placement
  }

  func decodeMigration(_ reader: MappingReader) -> MigrationSpec {
    var migration = MigrationSpec()
    guard let nested = reader.nonEmpty("migration", help: "such as {downtime: 300ms}") else {
      return migration
    }
    migration.downtime = nested.value("downtime", Self.milliseconds)
    migration.bandwidth = nested.value("bandwidth") { text throws(ValueError) in
      let rate = try ByteCount(parsing: text)
      guard rate >= .mebibytes(1), rate.rawValue % (1 << 20) == 0 else {
        throw ValueError(
          "libvirt counts the bandwidth of migrations in whole MiB a second", help: "such as 100MiB")
      }
      guard rate <= .gibibytes(1 << 10) else {
        throw ValueError("a bandwidth of \(rate) a second is too much", help: "at most 1TiB")
      }
      return rate
    }
    migration.convergence = nested.choice("converge", MigrationConvergence.self) ?? .none
    migration.connections = nested.int("connections", in: Self.migrationConnections) ?? 1
    migration.timeout = nested.value("timeout") { text throws(ValueError) in
      let time = try TimeSpan(parsing: text)
      guard time.seconds > 0 else {
        throw ValueError("no guest moves in '\(text)'", help: "leave it out for as long as it takes")
      }
      return time
    }
    nested.finish()
    return migration
  }

  /// How many connections may send the memory of one guest.
  static let migrationConnections = 1...64

  /// Reads `300ms` or `2s`, from a millisecond to a minute.
  private static func milliseconds(_ text: String) throws(ValueError) -> Int {
    let factor = text.hasSuffix("ms") ? 1 : 1000
    let digits = text.dropLast(factor == 1 ? 2 : 1)
    guard text.hasSuffix("s"), !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }),
      let count = Int(digits), count > 0, count <= 60_000 / factor
    else { throw ValueError("'\(text)' is not a length of time up to a minute", help: "write 300ms or 2s") }
    return count * factor
  }

  // MARK: VMs that VMs name

  /// Finds the VMs that `keep_with` and `avoid` name; the name of a count means all of its VMs but the one itself.
  mutating func resolveCompany(_ variables: inout VariableTable) {
    var found: [String: [ResourceName: Set<ResourceName>]] = [:]
    var reported: Set<SourceLocation> = []
    for relation in relations where relation.key != Relation.startAfter {
      for word in relation.words where !reported.contains(word.location) {
        guard let names = machines(meantBy: word.name) else {
          reported.insert(word.location)
          reportUnknown(word.name, at: word.location)
          continue
        }
        guard variables.budget.spend(values: names.count, at: word.location, diagnostics) else { return }
        let others = names.filter { $0 != relation.machine }
        if others.isEmpty, !names.isEmpty {
          reported.insert(word.location)
          diagnostics.error("VM '\(relation.machine)' stands in its own '\(relation.key)'", at: word.location)
        }
        found[relation.key, default: [:]][relation.machine, default: []].formUnion(others)
        if relation.key == Relation.avoid,
          let both = found[Relation.keepWith]?[relation.machine]?.intersection(others),
          let first = both.min()
        {
          diagnostics.error(
            "VM '\(relation.machine)' is to be with VM '\(first)' and to avoid it", at: word.location)
        }
      }
    }
    for index in machines.indices {
      let name = machines[index].name
      machines[index].placement.keepWith = (found[Relation.keepWith]?[name] ?? []).sorted()
      machines[index].placement.avoid = (found[Relation.avoid]?[name] ?? []).sorted()
    }
  }
}

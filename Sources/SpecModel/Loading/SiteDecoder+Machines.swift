extension SiteDecoder {
  /// Keys that say how many VMs there are rather than what one is.
  static let expansionKeys: Set = ["count", "for_each", "profile"]
  /// How many VMs a count may make.
  static let counts = 0...10_000

  mutating func decodeMachines(_ spec: MappingReader, _ variables: inout VariableTable) {
    let defaults = template(spec.node("defaults"), named: "defaults")
    let profiles = declare(.profiles, in: spec)
    var templates: [ResourceName: YAMLMapping] = [:]
    for (name, entry) in profiles { templates[name] = template(entry.value, named: "profiles.\(name)") }
    let groups = spec.namedEntries("vms")
    machineGroups = Set(groups.map(\.name))
    machines.reserveCapacity(groups.count)
    for mapping in [defaults] + profiles.compactMap({ templates[$0.name] })
      + groups.compactMap(\.entry.value.mapping)
    {
      checkForLiteralPasswords(mapping)
    }
    for (name, entry) in groups {
      guard !variables.budget.isSpent else { break }
      guard let reader = MappingReader(entry.value, at: SpecPath("vms.\(name)"), diagnostics) else {
        unclearGroups.insert(name.rawValue)
        continue
      }
      var merged = defaults
      if let profile = profile(reader, &variables), let template = templates[profile] {
        merged = merged.merging(template)
      }
      merged = merged.merging(entry.value.mapping ?? YAMLMapping()).removing(Self.expansionKeys)
      let node = YAMLNode(.mapping(merged), at: entry.keyLocation)
      decodeGroup(name, reader, node, &variables)
    }
    areMachinesUnclear = variables.budget.isSpent || spec.isUnreadable("vms")
    resolveStartOrders(&variables)
    resolveCompany(&variables)
    // What every VM that uses it overrides, and what no VM uses, is checked all the same.
    check(YAMLNode(.mapping(defaults), at: spec.location(of: "defaults")), named: "defaults", &variables)
    for (name, entry) in profiles {
      let node = YAMLNode(.mapping(templates[name] ?? YAMLMapping()), at: entry.keyLocation)
      check(node, named: "profiles.\(name)", &variables)
    }
  }

  /// Decodes the VMs of one entry of `vms:`, whose profile is merged into `node`.
  private mutating func decodeGroup(
    _ name: ResourceName, _ reader: MappingReader, _ node: YAMLNode, _ variables: inout VariableTable
  ) {
    let reportsAtStart = diagnostics.reportCount
    let instances = instances(of: name, at: node.location, reader, &variables)
    if diagnostics.reportCount > reportsAtStart { unclearGroups.insert(name.rawValue) }
    if instances.isEmpty { check(node, named: "vms.\(name)", &variables) }
    guard variables.budget.admits(values: node.count * instances.count, at: node.location, diagnostics)
    else { return }
    for instance in instances {
      if let first = machineNames[instance.name] {
        diagnostics.error(
          "two VMs are named '\(instance.name)'", at: instance.location,
          related: [.init(message: "the first is here", location: first)])
        continue
      }
      guard variables.budget.spendMachine(at: instance.location, diagnostics) else { return }
      machineNames[instance.name] = instance.location
      groupMembers[name, default: []].append(instance.name)
      let reportsBefore = diagnostics.reportCount
      let references = Interpolation(extra: instance.references, machine: instance.name)
      let resolved = references.resolve(node, &variables, diagnostics)
      guard !variables.budget.isSpent else { return }
      let path = SpecPath("vms.\(instance.name)")
      origins.record(resolved, at: path)
      concealPasswords(in: resolved)
      rememberRelations(of: instance.name, resolved)
      if var machine = decodeMachine(instance, resolved, at: path) {
        // However short the spec says it, each vCPU is pinned by itself.
        let pins = machine.settings.cpuPinning?.sets.count ?? 0
        guard variables.budget.spend(values: pins, at: instance.location, diagnostics) else { return }
        machine.group = instance.index == nil ? nil : name
        machines.append(machine)
      }
      // The next VM of a count has the same fault; those of for_each may differ.
      if diagnostics.reportCount > reportsBefore, instance.each == nil {
        unclearGroups.insert(name.rawValue)
        return
      }
    }
  }

  /// One VM of a count.
  struct Instance {
    let name: ResourceName
    /// What messages call it: its entry of the spec.
    let title: String
    /// Counted from 1 within its group; nil for a VM without `count` and `for_each`.
    var index: Int?
    var each: String?
    /// Where the spec says that there is this VM.
    let location: SourceLocation
    /// True for a profile and the like, which need not have what a VM needs.
    var isTemplate = false

    var references: [String: YAMLScalar] {
      if isTemplate {
        let names = Interpolation.machineReferences
        return Dictionary(uniqueKeysWithValues: names.map { ($0, .unresolved) })
      }
      var references = ["name": YAMLScalar(name.rawValue, style: .quoted)]
      if let index { references["index"] = YAMLScalar(String(index), style: .untyped) }
      if let each { references["each"] = YAMLScalar(each, style: .quoted) }
      return references
    }
  }

  private func template(_ node: YAMLNode?, named title: String) -> YAMLMapping {
    guard let node, let reader = MappingReader(node, at: SpecPath(title), diagnostics) else {
      return YAMLMapping()
    }
    for key in Self.expansionKeys.sorted() where reader.has(key) {
      reader.error("'\(key)' belongs to a VM, not to \(title)", at: key)
    }
    return (node.mapping ?? YAMLMapping()).removing(Self.expansionKeys)
  }

  /// Checks what can be checked of a part of a VM: each value by itself.
  private mutating func check(_ node: YAMLNode, named title: String, _ variables: inout VariableTable) {
    guard let name = try? ResourceName(parsing: "template") else { return }
    let instance = Instance(name: name, title: title, index: 1, location: node.location, isTemplate: true)
    let resolved = Interpolation(extra: instance.references).resolve(node, &variables, diagnostics)
    concealPasswords(in: resolved)
    _ = decodeMachine(instance, resolved, at: SpecPath(title))
  }

  private func profile(_ reader: MappingReader, _ variables: inout VariableTable) -> ResourceName? {
    guard let node = reader.node("profile") else { return nil }
    return resolved("profile", node, of: reader, &variables).flatMap {
      reference($0, "profile", to: .profiles)
    }
  }

  /// A reader of `key` alone, with the references in it replaced.
  private func resolved(
    _ key: String, _ node: YAMLNode, of reader: MappingReader, _ variables: inout VariableTable
  ) -> MappingReader? {
    let value = Interpolation().resolve(node, &variables, diagnostics)
    let entry = YAMLMapping.Entry(key: key, keyLocation: node.location, value: value)
    return MappingReader(
      YAMLNode(.mapping(YAMLMapping([entry])), at: node.location), at: reader.path, diagnostics)
  }

  private func instances(
    of name: ResourceName, at location: SourceLocation, _ reader: MappingReader,
    _ variables: inout VariableTable
  ) -> [Instance] {
    if reader.has("count"), reader.has("for_each") {
      reader.error("a VM has either 'count' or 'for_each'", at: "for_each")
      return []
    }
    if let node = reader.node("count"), let resolved = resolved("count", node, of: reader, &variables) {
      guard let count = resolved.int("count", in: Self.counts), count > 0 else { return [] }
      return (1...count).compactMap { instance(of: name, "\($0)", index: $0, at: node.location) }
    }
    if let node = reader.node("for_each"), let resolved = resolved("for_each", node, of: reader, &variables) {
      return (resolved.names("for_each") ?? []).enumerated().compactMap { offset, item in
        var instance = instance(of: name, item.name.rawValue, index: offset + 1, at: item.location)
        instance?.each = item.name.rawValue
        return instance
      }
    }
    return [Instance(name: name, title: reader.path.description, location: location)]
  }

  private func instance(
    of group: ResourceName, _ suffix: String, index: Int, at location: SourceLocation
  ) -> Instance? {
    diagnostics.value(at: location) { () throws(ValueError) in
      Instance(
        name: try ResourceName(parsing: "\(group)-\(suffix)"), title: "vms.\(group)", index: index,
        location: location)
    }
  }
}

extension SiteDecoder {
  /// Keys that say how many VMs there are rather than what one is.
  private static let expansionKeys: Set = ["count", "for_each", "profile"]

  mutating func decodeMachines(_ spec: MappingReader, _ variables: inout VariableTable) {
    let defaults = template(spec.node("defaults"), at: "defaults")
    let profiles = spec.namedEntries("profiles")
    declared[.profiles] = Set(profiles.map(\.name))
    var templates: [ResourceName: YAMLMapping] = [:]
    for (name, entry) in profiles { templates[name] = template(entry.value, at: "profiles.\(name)") }
    var used: Set<ResourceName> = []

    for (name, entry) in spec.namedEntries("vms") {
      guard let reader = MappingReader(entry.value, at: SpecPath("vms.\(name)"), diagnostics) else { continue }
      let own = entry.value.mapping ?? YAMLMapping()
      var merged = defaults
      if let profileNode = interpolated(reader.node("profile"), &variables),
        let profile = self.profile(profileNode, reader), let template = templates[profile]
      {
        used.insert(profile)
        merged = merged.merging(template)
      }
      merged = merged.merging(own).removing(Self.expansionKeys)
      for instance in instances(of: name, reader, &variables) {
        let node = YAMLNode(.mapping(merged), at: entry.keyLocation)
        guard let resolved = Interpolation(extra: instance.references).resolve(node, &variables, diagnostics) else { continue }
        let path = SpecPath("vms.\(instance.name)")
        origins.record(resolved, at: path)
        if let machine = decodeMachine(instance, resolved, at: path) { machines.append(machine) }
      }
    }
    checkUnused(profiles.filter { !used.contains($0.name) }, defaults, &variables)
  }

  /// One VM of a count.
  struct Instance {
    let name: ResourceName
    /// Counted from 1 within its group; nil for a VM without `count` and `for_each`.
    let index: Int?
    let each: String?

    var references: [String: YAMLScalar] {
      var references = ["name": YAMLScalar(name.rawValue, style: .quoted)]
      if let index { references["index"] = YAMLScalar(String(index), style: .plain) }
      if let each { references["each"] = YAMLScalar(each, style: .quoted) }
      return references
    }
  }

  private func template(_ node: YAMLNode?, at path: String) -> YAMLMapping {
    guard let node, let reader = MappingReader(node, at: SpecPath(path), diagnostics) else { return YAMLMapping() }
    for key in Self.expansionKeys where reader.has(key) {
      reader.error("'\(key)' belongs to a VM, not to \(path)", at: key)
    }
    return (node.mapping ?? YAMLMapping()).removing(Self.expansionKeys)
  }

  private func profile(_ node: YAMLNode, _ reader: MappingReader) -> ResourceName? {
    guard let text = node.scalar?.string else {
      reader.error("'profile' must be a name, not \(node.kind)", at: "profile")
      return nil
    }
    let name = diagnostics.value(at: node.location) { () throws(ValueError) in try ResourceName(parsing: text) }
    guard let name, check(name, at: node.location, in: .profiles) else { return nil }
    return name
  }

  private func interpolated(_ node: YAMLNode?, _ variables: inout VariableTable) -> YAMLNode? {
    node.flatMap { Interpolation(extra: [:]).resolve($0, &variables, diagnostics) }
  }

  private func instances(
    of name: ResourceName, _ reader: MappingReader, _ variables: inout VariableTable
  ) -> [Instance] {
    let counts = ["count", "for_each"].filter(reader.has)
    guard let key = counts.first else { return [Instance(name: name, index: nil, each: nil)] }
    if counts.count == 2 {
      reader.error("a VM has either 'count' or 'for_each'", at: "for_each")
      return []
    }
    guard let node = interpolated(reader.node(key), &variables),
      let resolved = MappingReader(
        YAMLNode(.mapping(YAMLMapping([.init(key: key, keyLocation: node.location, value: node)])), at: node.location),
        at: reader.path, diagnostics)
    else { return [] }
    if key == "count" {
      guard let count = resolved.int("count", in: 0...10_000), count > 0 else { return [] }
      return (1...count).compactMap { instance(name, "\($0)", index: $0, each: nil, at: node.location) }
    }
    let items = resolved.names("for_each") ?? []
    var seen: Set<ResourceName> = []
    return items.enumerated().compactMap { offset, item in
      guard seen.insert(item.name).inserted else {
        diagnostics.error("'\(item.name)' stands in for_each twice", at: item.location)
        return nil
      }
      return instance(name, item.name.rawValue, index: offset + 1, each: item.name.rawValue, at: item.location)
    }
  }

  private func instance(
    _ base: ResourceName, _ suffix: String, index: Int, each: String?, at location: SourceLocation
  ) -> Instance? {
    diagnostics.value(at: location) { () throws(ValueError) in
      Instance(name: try ResourceName(parsing: "\(base)-\(suffix)"), index: index, each: each)
    }
  }

  /// A profile that no VM uses is checked all the same, as the first VM of a count would use it.
  private mutating func checkUnused(
    _ profiles: [(name: ResourceName, entry: YAMLMapping.Entry)], _ defaults: YAMLMapping,
    _ variables: inout VariableTable
  ) {
    for (name, entry) in profiles {
      let node = YAMLNode(.mapping(template(entry.value, at: "profiles.\(name)")), at: entry.keyLocation)
      let instance = Instance(name: name, index: 1, each: name.rawValue)
      guard let resolved = Interpolation(extra: instance.references).resolve(node, &variables, diagnostics) else { continue }
      _ = decodeMachine(instance, resolved, at: SpecPath("profiles.\(name)"), isComplete: false)
    }
  }
}

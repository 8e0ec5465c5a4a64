/// Decodes a merged document into a `Site`, checking everything that can be checked without a host.
struct SiteDecoder {
  /// The version of the language this decoder reads.
  static let languageVersion = 1
  static let embeddedHostName = "local"
  static let defaultPoolName = "default"

  let diagnostics: Diagnostics
  var origins = Origins()

  var hosts: [Host] = []
  var pools: [PoolSpec] = []
  var images: [ImageSpec] = []
  var networks: [NetworkSpec] = []
  var sharedDisks: [SharedDiskSpec] = []
  var machines: [MachineSpec] = []
  /// Names that were declared, even where their declaration is in error: no second error for using them.
  var declared: [Section: Set<ResourceName>] = [:]

  /// The parts of a spec whose entries refer to each other by name.
  enum Section: String {
    case hosts, pools, images, networks, disks, profiles
    var singular: String { self == .hosts ? "host" : String(rawValue.dropLast()) }
  }

  init(diagnostics: Diagnostics) { self.diagnostics = diagnostics }

  mutating func decode(_ root: YAMLNode, variables sources: VariableTable.Sources) -> Site? {
    guard let raw = MappingReader(root, at: SpecPath(""), diagnostics) else { return nil }
    var variables = VariableTable(raw, sources: sources, diagnostics: diagnostics)
    // Sections with VMs are resolved for each VM, since ${index} differs; all others once, here.
    let templates: Set = ["variables", "defaults", "profiles", "vms"]
    guard let mapping = root.mapping ?? Optional(YAMLMapping()) else { return nil }
    var entries: [YAMLMapping.Entry] = []
    for entry in mapping.entries {
      var resolved = entry
      if !templates.contains(entry.key) {
        guard let value = Interpolation(extra: [:]).resolve(entry.value, &variables, diagnostics) else { continue }
        resolved.value = value
        origins.record(value, at: SpecPath(entry.key))
      }
      entries.append(resolved)
    }
    let resolved = YAMLNode(.mapping(YAMLMapping(entries)), at: root.location)
    guard let reader = MappingReader(resolved, at: SpecPath("the spec"), diagnostics) else { return nil }
    _ = reader.node("variables")
    let stack = decodeHeader(reader)
    guard let sections = MappingReader(resolved, at: SpecPath(""), diagnostics) else { return nil }
    decodeHosts(sections)
    decodePools(sections)
    decodeImages(sections)
    decodeNetworks(sections)
    decodeSharedDisks(sections)
    decodeMachines(sections, &variables)
    for key in ["hosts", "pools", "images", "networks", "disks", "defaults", "profiles", "vms"] { _ = reader.node(key) }
    reader.finish()
    checkAcrossObjects()
    guard let stack, !diagnostics.hasErrors else { return nil }
    return Site(
      stack: stack, hosts: hosts.sorted { $0.name < $1.name }, pools: pools.sorted { $0.name < $1.name },
      images: images.sorted { $0.name < $1.name }, networks: networks.sorted { $0.name < $1.name },
      disks: sharedDisks.sorted { $0.name < $1.name }, machines: machines.sorted { $0.name < $1.name },
      origins: origins, secrets: variables.secrets)
  }

  private func decodeHeader(_ reader: MappingReader) -> ResourceName? {
    if let version = reader.int("virtform", in: 1...Int.max), version != Self.languageVersion {
      reader.error(
        "this virtform reads version \(Self.languageVersion) of the language, not \(version)", at: "virtform")
    }
    reader.missing("virtform", help: "start the spec with virtform: \(Self.languageVersion)")
    let stack = reader.name("stack")
    reader.missing("stack", help: "name what belongs together, such as stack: shop")
    return stack
  }

  // MARK: References

  /// The name at `key` if `section` declares it, else nil with a diagnostic. An absent key is nil, too.
  func reference(_ reader: MappingReader, _ key: String, to section: Section) -> ResourceName? {
    guard let name = reader.name(key) else { return nil }
    return check(name, at: reader.location(of: key), in: section) ? name : nil
  }

  func check(_ name: ResourceName, at location: SourceLocation, in section: Section) -> Bool {
    let known = declared[section] ?? []
    if known.contains(name) { return true }
    let near = nearest(to: name.rawValue, in: known.map(\.rawValue).sorted())
    diagnostics.error(
      "no \(section.singular) '\(name)' in this spec", at: location,
      help: near.map { "did you mean '\($0)'?" } ?? "declare it under \(section.rawValue):")
    return false
  }

  /// The hosts that `hosts:` names, or all.
  func hostList(_ reader: MappingReader) -> [ResourceName] {
    guard let names = reader.names("hosts") else { return hosts.map(\.name).sorted() }
    return names.filter { check($0.name, at: $0.location, in: .hosts) }.map(\.name).sorted()
  }

  /// True for a resource that is used but not managed; only `allowed` keys go with it.
  func isExternal(_ reader: MappingReader, allowed: Set<String>) -> Bool {
    guard reader.bool("external") == true else { return false }
    for key in reader.keys where !allowed.contains(key) && key != "external" {
      reader.error(
        "'\(key)' cannot be set on what is external", at: key,
        help: "an external resource is used as it is; leave out 'external' to manage it")
      _ = reader.node(key)
    }
    return true
  }
}

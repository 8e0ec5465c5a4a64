/// Decodes a merged document into a `Site`, checking everything that can be checked without a host.
struct SiteDecoder {
  /// The version of the language this decoder reads.
  static let languageVersion = 1
  static let embeddedHostName = "local"
  static let defaultPoolName = "default"

  let diagnostics: Diagnostics
  /// The files that VMs name.
  let files: LocalFiles
  var origins = Origins()
  /// Values that no output may show, known even where the spec is in error: of variables, and passwords.
  private(set) var secrets: Set<String> = []

  var hosts = NamedList<Host>()
  var pools = NamedList<PoolSpec>()
  var images = NamedList<ImageSpec>()
  var networks = NamedList<NetworkSpec>()
  var sharedDisks = NamedList<SharedDiskSpec>()
  var firewalls: [FirewallSpec] = []
  var machines: [MachineSpec] = []
  /// Every VM that the spec names, and where.
  var machineNames: [ResourceName: SourceLocation] = [:]
  /// The entries of `vms:`, which for a count is not the name of a VM.
  var machineGroups: Set<ResourceName> = []
  /// Entries of `vms:` of which nobody knows which VMs they make, since they are in error.
  var unclearGroups: Set<String> = []
  /// The VMs that each entry of `vms:` makes.
  var groupMembers: [ResourceName: [ResourceName]] = [:]
  /// The VMs that VMs name, as it was written.
  var relations: [Relation] = []
  /// True if not all of `vms:` was read.
  var areMachinesUnclear = false
  /// Names that were declared, even where their declaration is in error: no second error for using them.
  private(set) var declared: [Section: Set<ResourceName>] = [:]
  /// Sections of which nothing can be read: nobody knows what they declare, so no use of it is an error.
  private var unreadable: Set<Section> = []

  /// The parts of a spec whose entries refer to each other by name.
  enum Section: String {
    case hosts, pools, images, networks, firewalls, disks, profiles
    var singular: String { self == .hosts ? "host" : String(rawValue.dropLast()) }
  }

  private let sources: VariableTable.Sources
  /// The roots of the policy files that a run was given.
  private let policies: [YAMLNode]

  init(diagnostics: Diagnostics, sources: VariableTable.Sources, policies: [YAMLNode] = []) {
    self.policies = policies
    self.diagnostics = diagnostics
    self.sources = sources
    files = LocalFiles(home: sources.environment["HOME"])
  }

  mutating func decode(_ root: YAMLNode) -> Site? {
    guard let raw = Self.reader(of: root, diagnostics) else { return nil }
    var variables = VariableTable(raw, sources: sources, diagnostics: diagnostics)
    secrets = Set(variables.secrets)
    guard let spec = Self.reader(of: resolved(root, &variables), diagnostics) else { return nil }
    let stack = decodeHeader(spec)
    decodeHosts(spec)
    decodePools(spec)
    decodeImages(spec)
    decodeNetworks(spec)
    let drafts = decodeFirewalls(spec)
    decodeSharedDisks(spec)
    decodeMachines(spec, &variables)
    firewalls = resolve(drafts)
    let moved = decodeMoved(spec)
    let forgotten = decodeRemoved(spec)
    let adopted = decodeAdopted(spec)
    let outputs = decodeOutputs(spec, &variables)
    let policyDecoder = PolicyDecoder(
      diagnostics: diagnostics, zones: ZoneDatabase(environment: sources.environment))
    let policy = policyDecoder.decode(in: spec) + policies.flatMap(policyDecoder.decode(file:))
    _ = spec.node("variables")
    spec.finish()
    checkAcrossObjects()
    guard let stack, !diagnostics.hasErrors else { return nil }
    return Site(
      stack: stack, hosts: hosts.all, pools: pools.all, images: images.all, networks: networks.all,
      firewalls: firewalls, disks: sharedDisks.all, machines: machines, moved: moved, forgotten: forgotten,
      adopted: adopted,
      outputs: outputs, policy: policy, origins: origins)
  }

  private static func reader(of root: YAMLNode, _ diagnostics: Diagnostics) -> MappingReader? {
    MappingReader(root, at: SpecPath(""), diagnostics, title: "the spec", nestedPrefix: "")
  }

  /// The spec with its references replaced, but for the sections that are filled in for each VM, or from VMs.
  private mutating func resolved(_ root: YAMLNode, _ variables: inout VariableTable) -> YAMLNode {
    let templates: Set = ["variables", "defaults", "profiles", "vms", "outputs"]
    let entries = (root.mapping ?? YAMLMapping()).entries.map { entry in
      guard !templates.contains(entry.key) else { return entry }
      var resolved = entry
      resolved.value = Interpolation().resolve(entry.value, &variables, diagnostics)
      origins.record(resolved.value, at: SpecPath(entry.key))
      return resolved
    }
    return YAMLNode(.mapping(YAMLMapping(entries)), at: root.location)
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

  /// From now on `text` is a secret.
  mutating func conceal(_ text: String) {
    if !text.isEmpty { secrets.insert(text) }
  }

  // MARK: References

  /// The entries of `section`, whose names references may use from here on.
  mutating func declare(
    _ section: Section, in spec: MappingReader
  ) -> [(name: ResourceName, entry: YAMLMapping.Entry)] {
    let entries = spec.namedEntries(section.rawValue)
    declared[section] = Set(entries.map(\.name))
    if spec.isUnreadable(section.rawValue) { unreadable.insert(section) }
    return entries
  }

  /// Declares what is there without being in the spec.
  mutating func declare(_ name: ResourceName, in section: Section) { declared[section] = [name] }

  func isUnreadable(_ section: Section) -> Bool { unreadable.contains(section) }

  /// The name at `key` if `section` declares it, else nil with a diagnostic. An absent key is nil, too.
  func reference(_ reader: MappingReader, _ key: String, to section: Section) -> ResourceName? {
    guard let name = reader.name(key) else { return nil }
    return check(name, at: reader.location(of: key), in: section) ? name : nil
  }

  /// True if `section` declares `name`, else false with a diagnostic.
  ///
  /// - Parameter isNICName: true if the name is that of a NIC, which stands for its network.
  func check(
    _ name: ResourceName, at location: SourceLocation, in section: Section, isNICName: Bool = false
  ) -> Bool {
    let known = declared[section] ?? []
    if known.contains(name) || isUnreadable(section) { return true }
    let near = diagnostics.suggestions.nearest(to: name.rawValue, in: known.lazy.map(\.rawValue))
    diagnostics.error(
      "no \(section.singular) '\(name)' in this spec", at: location,
      help: near.map { "did you mean '\($0)'?" }
        ?? "declare it under \(section.rawValue):"
        + (isNICName ? ", or say which 'network' this NIC is on" : ""))
    return false
  }

  /// The hosts that `hosts:` names, or all.
  func hostList(_ reader: MappingReader) -> [ResourceName] {
    guard let names = reader.names("hosts") else { return (declared[.hosts] ?? []).sorted() }
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

/// The names that a spec has, as far as they can be told, whatever is wrong with it: for shells that complete them.
public struct SpecNames: Sendable {
  public fileprivate(set) var hosts: [ResourceName] = []
  public fileprivate(set) var pools: [ResourceName] = []
  public fileprivate(set) var images: [ResourceName] = []
  public fileprivate(set) var networks: [ResourceName] = []
  public fileprivate(set) var firewalls: [ResourceName] = []
  /// Those with a life of their own.
  public fileprivate(set) var disks: [ResourceName] = []
  /// Of each entry with a count, the VMs that it makes.
  public fileprivate(set) var machines: [ResourceName] = []
  /// `web-1.root`, of the VMs that are not in error.
  public fileprivate(set) var machineDisks: [String] = []
  public fileprivate(set) var outputs: [ResourceName] = []
  public fileprivate(set) var variables: [ResourceName] = []
}

extension SiteDecoder {
  /// The names of what was decoded from `root`.
  func names(of root: YAMLNode) -> SpecNames {
    var names = SpecNames()
    func declared(_ section: Section) -> [ResourceName] { (self.declared[section] ?? []).sorted() }
    names.hosts = declared(.hosts)
    names.pools = declared(.pools)
    names.images = declared(.images)
    names.networks = declared(.networks)
    names.firewalls = declared(.firewalls)
    names.disks = declared(.disks)
    names.machines = machineNames.keys.sorted()
    names.machineDisks = machines.sorted { $0.name < $1.name }.flatMap { machine in
      machine.disks.compactMap { disk in
        if case .own = disk.source { "\(machine.name).\(disk.name)" } else { nil }
      }
    }
    names.outputs = Self.keys(of: "outputs", in: root)
    names.variables = Self.keys(of: "variables", in: root)
    return names
  }

  private static func keys(of section: String, in root: YAMLNode) -> [ResourceName] {
    let entries = root.mapping?[section]?.value.mapping?.entries ?? []
    return entries.compactMap { try? ResourceName(parsing: $0.key) }.sorted()
  }
}

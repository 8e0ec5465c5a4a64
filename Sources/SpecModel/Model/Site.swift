/// A whole spec, checked and resolved: what `plan` compares with the hosts.
public struct Site: Sendable {
  public let stack: ResourceName
  /// Everything below is sorted by name.
  public var hosts: [Host] { hostList.all }
  public var pools: [PoolSpec] { poolList.all }
  public var images: [ImageSpec] { imageList.all }
  public var networks: [NetworkSpec] { networkList.all }
  public let firewalls: [FirewallSpec]
  public var disks: [SharedDiskSpec] { diskList.all }
  public var machines: [MachineSpec] { machineList.all }
  /// In the order of the spec.
  public let moved: [MovedSpec]
  public let forgotten: [ForgottenSpec]
  public let adopted: [AdoptedSpec]
  /// In the order of the spec.
  public let outputs: [OutputSpec]
  /// What limits all plans: the spec's own policy, and those of the run.
  public let policy: [PolicyRule]
  /// Where each value of the resolved spec was written.
  public private(set) var origins: Origins

  private let hostList: NamedList<Host>
  private let poolList: NamedList<PoolSpec>
  private let imageList: NamedList<ImageSpec>
  private let networkList: NamedList<NetworkSpec>
  private var diskList: NamedList<SharedDiskSpec>
  private var machineList: NamedList<MachineSpec>
  /// Indices into `machines`.
  private var machinesByHost: [ResourceName: [Int]]

  init(
    stack: ResourceName, hosts: [Host], pools: [PoolSpec], images: [ImageSpec], networks: [NetworkSpec],
    firewalls: [FirewallSpec] = [], disks: [SharedDiskSpec], machines: [MachineSpec], moved: [MovedSpec] = [],
    forgotten: [ForgottenSpec] = [], adopted: [AdoptedSpec] = [], outputs: [OutputSpec] = [],
    policy: [PolicyRule] = [],
    origins: Origins
  ) {
    self.stack = stack
    hostList = NamedList(hosts.sorted { $0.name < $1.name }, by: \.name)
    poolList = NamedList(pools.sorted { $0.name < $1.name }, by: \.name)
    imageList = NamedList(images.sorted { $0.name < $1.name }, by: \.name)
    networkList = NamedList(networks.sorted { $0.name < $1.name }, by: \.name)
    diskList = NamedList(disks.sorted { $0.name < $1.name }, by: \.name)
    self.firewalls = firewalls.sorted { $0.name < $1.name }
    machineList = NamedList(machines.sorted { $0.name < $1.name }, by: \.name)
    machinesByHost = Self.byHost(machineList.all)
    self.moved = moved
    self.forgotten = forgotten
    self.adopted = adopted
    self.outputs = outputs
    self.policy = policy
    self.origins = origins
  }

  /// The same as if nobody had written it anywhere.
  public var withoutOrigins: Site {
    var site = self
    site.origins = Origins()
    return site
  }

  /// How many hosts may fail at once by the policy.
  public var survivedFailures: Int {
    policy.reduce(0) { count, rule in
      if case .survival(let hosts) = rule.limit { max(count, hosts) } else { count }
    }
  }

  /// The same site with VMs on the hosts that were chosen for them.
  ///
  /// - Parameter hosts: by the names of VMs; those that are not in it stay where they are.
  public func placing(_ hosts: [ResourceName: ResourceName]) -> Site {
    // Only VMs that are placed change, and disks that VMs share.
    if hosts.isEmpty, disks.isEmpty { return self }
    var site = self
    site.machineList = NamedList(
      machines.map { machine in hosts[machine.name].map(machine.on) ?? machine }, by: \.name)
    site.machinesByHost = Self.byHost(site.machines)
    var users: [ResourceName: ResourceName] = [:]
    for machine in site.machines {
      for disk in machine.disks {
        if case .shared(let name) = disk.source { users[name] = machine.host }
      }
    }
    // A disk that several hosts see is looked after by the one that uses it.
    let disks = self.disks.map { disk in
      guard let user = users[disk.name], pool(disk.pool)?.isShared == true else { return disk }
      var disk = disk
      disk.host = user
      return disk
    }
    site.diskList = NamedList(disks, by: \.name)
    return site
  }

  /// True if the VM, where it is there without a mark, becomes the stack's.
  public func adopts(machine name: ResourceName) -> Bool {
    adopted.contains { $0.subject == .machines || $0.subject == .machine(name) }
  }

  public func adopts(network name: ResourceName) -> Bool {
    adopted.contains { $0.subject == .networks || $0.subject == .network(name) }
  }

  public func host(_ name: ResourceName) -> Host? { hostList[name] }
  public func image(_ name: ResourceName) -> ImageSpec? { imageList[name] }
  public func network(_ name: ResourceName) -> NetworkSpec? { networkList[name] }
  public func disk(_ name: ResourceName) -> SharedDiskSpec? { diskList[name] }
  public func machine(_ name: ResourceName) -> MachineSpec? { machineList[name] }
  /// The VM of this name, which may be one that no spec can have.
  public func machine(named name: String) -> MachineSpec? {
    (try? ResourceName(parsing: name)).flatMap(machine)
  }
  /// Sorted by name.
  public func machines(on host: ResourceName) -> [MachineSpec] {
    let indices = machinesByHost[host] ?? []
    // All of them need not be copied.
    return indices.count == machines.count ? machines : indices.map { machines[$0] }
  }

  private static func byHost(_ machines: [MachineSpec]) -> [ResourceName: [Int]] {
    Dictionary(grouping: machines.indices) { machines[$0].host }
  }
  public func pool(_ name: ResourceName) -> PoolSpec? { poolList[name] }
}

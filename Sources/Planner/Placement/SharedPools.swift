import SpecModel

/// What each host looks after of the pools that several hosts see the same volumes in: what its VMs use, what the spec wants
/// there, and of what nobody wants any more the first of the hosts all.
///
/// Nothing that a host cannot see in its view is made or deleted there. While a host of the pool is out of reach, nobody looks
/// after what may be its own.
struct SharedPools {
  private let site: Site
  private let identity: Identity
  private let unreachable: Set<ResourceName>
  /// The hosts that want a disk, by its name in the spec.
  private let hostsByDisk: [String: ResourceName]
  /// The hosts that have VMs which use an image.
  private let hostsByImage: [String: Set<ResourceName>]

  /// - Parameter site: with its VMs where they are to be.
  init(_ site: Site, unreachable: Set<ResourceName>) {
    self.site = site
    self.unreachable = unreachable
    identity = Identity(stack: site.stack)
    var disks = Dictionary(
      site.disks.map { ($0.name.rawValue, $0.host) }, uniquingKeysWith: { first, _ in first })
    var images: [String: Set<ResourceName>] = [:]
    for machine in site.machines {
      for disk in machine.disks {
        disks["\(machine.name).\(disk.name)"] = machine.host
        switch disk.source {
        case .own(_, let image?, _, _), .cdrom(let image?, _):
          images[image.rawValue, default: []].insert(machine.host)
        case .own, .cdrom, .hostMedium, .existing, .path, .shared: continue
        }
      }
      for image in [machine.kernel, machine.initrd].compactMap({ $0 }) {
        images[image.rawValue, default: []].insert(machine.host)
      }
    }
    (hostsByDisk, hostsByImage) = (disks, images)
  }

  /// `states` where every host of a shared pool has what one of them knows of: libvirt knows what it saw when it last looked.
  static func united(_ states: [HostState], of site: Site) -> [HostState] {
    var states = states
    for spec in site.pools where spec.isShared {
      let places = states.indices.compactMap { host in
        states[host].pools.firstIndex {
          spec.hosts.contains(states[host].name) && $0.name == spec.name.rawValue && $0.isActive
        }
        .map { (host: host, pool: $0) }
      }
      guard places.count > 1 else { continue }
      let pools = places.map { states[$0.host].pools[$0.pool] }
      let names = pools.reduce(into: Set<String>()) { $0.formUnion($1.volumeNames) }
      for place in places {
        var volumes = states[place.host].pools[place.pool].volumes
        var known = Set(volumes.map(\.path))
        for volume in pools.flatMap(\.volumes) where known.insert(volume.path).inserted {
          volumes.append(volume)
        }
        states[place.host].pools[place.pool].volumes = volumes.sorted {
          $0.name.isOrderedNaturally(before: $1.name)
        }
        states[place.host].pools[place.pool].volumeNames = names
      }
    }
    return states
  }

  /// `states` with what each host looks after.
  func views(of states: [HostState]) -> [HostState] {
    var states = states
    for pool in site.pools where pool.isShared && pool.hosts.count > 1 { divide(pool, among: &states) }
    return states
  }

  private func divide(_ spec: PoolSpec, among states: inout [HostState]) {
    let name = spec.name.rawValue
    func index(in state: HostState) -> Int? {
      spec.hosts.contains(state.name) ? state.pools.firstIndex { $0.name == name && $0.isActive } : nil
    }
    let members = states.indices.filter { index(in: states[$0]) != nil }.sorted {
      states[$0].name < states[$1].name
    }
    guard let keeper = members.first.map({ states[$0].name }) else { return }
    var volumes: [String: Volume] = [:]
    var names: Set<String> = []
    for member in members {
      guard let index = index(in: states[member]) else { continue }
      names.formUnion(states[member].pools[index].volumeNames)
      for volume in states[member].pools[index].volumes where volumes[volume.path] == nil {
        volumes[volume.path] = volume
      }
    }
    let users = users(of: Set(volumes.keys), among: states)
    let renamed = identity.renamedDisks(among: names)
    // A host that has left the spec and still has VMs is as good as out of reach.
    let isWatched =
      unreachable.isDisjoint(with: spec.hosts)
      && names.compactMap(identity.host(noted:)).allSatisfy { site.host($0) != nil }
    var hosts: [String: Set<ResourceName>?] = [:]
    for (path, volume) in volumes {
      hosts[path] = self.hosts(
        for: volume, renamed, users: users[path] ?? [], keeper: isWatched ? keeper : nil)
    }
    let images = volumes.values.filter { identity.volume(named: $0.name)?.kind.isCopy == true }.map(\.path)
    for member in members {
      guard let index = index(in: states[member]) else { continue }
      let host = states[member].name
      let (seen, hidden) = Self.split(volumes.values) { volume in
        hosts[volume.path].flatMap { $0 }?.contains(host) ?? true
      }
      states[member].pools[index].volumes = seen.sorted { $0.name < $1.name }
      states[member].pools[index].volumeNames = names
      // What others have is in use, whoever it is.
      states[member].pools[index].foreignBackingPaths.formUnion(hidden.compactMap(\.backingPath))
      states[member].pools[index].foreignBackingPaths.formUnion(
        users.filter { $0.value.contains { $0 != host } }.keys)
      if !isWatched { states[member].pools[index].foreignBackingPaths.formUnion(images) }
    }
  }

  private static func split(_ volumes: some Sequence<Volume>, _ condition: (Volume) -> Bool) -> (
    [Volume], [Volume]
  ) {
    var (yes, no): ([Volume], [Volume]) = ([], [])
    for volume in volumes { if condition(volume) { yes.append(volume) } else { no.append(volume) } }
    return (yes, no)
  }

  /// The hosts with VMs that have the files, whoever made them.
  private func users(of paths: Set<String>, among states: [HostState]) -> [String: Set<ResourceName>] {
    var users: [String: Set<ResourceName>] = [:]
    for state in states {
      for machine in state.machines {
        let files = machine.files.union(state.guests[machine.uuid]?.files ?? [])
        for path in files where paths.contains(path) { users[path, default: []].insert(state.name) }
      }
    }
    return users
  }

  /// The hosts that look after the volume; nil for all of them.
  private func hosts(
    for volume: Volume, _ renamed: [Identity.TaggedVolume: Set<String>], users: Set<ResourceName>,
    keeper: ResourceName?
  ) -> Set<ResourceName>? {
    guard let tagged = identity.volume(named: volume.name) else { return nil }
    var hosts = users
    switch tagged.kind {
    case .machineDisk, .sharedDisk:
      for name in renamed[tagged] ?? [tagged.base] { if let host = hostsByDisk[name] { hosts.insert(host) } }
    case .image:
      let name = tagged.base.lastIndex(of: "-").map { String(tagged.base[..<$0]) } ?? tagged.base
      hosts.formUnion(hostsByImage[name] ?? [])
    case .seed, .ignition:
      // A VM's name may have dots in it, too.
      for dot in tagged.base.indices where tagged.base[dot] == "." {
        if let machine = site.machine(named: String(tagged.base[..<dot])) { hosts.insert(machine.host) }
      }
    }
    return hosts.isEmpty ? keeper.map { [$0] } ?? [] : hosts
  }
}

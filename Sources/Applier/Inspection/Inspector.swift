import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// Reads a host into the planner's model, in few calls: one for each list, VM, network, pool and tagged volume.
///
/// Makes no call that changes anything, so a read-only connection will do.
struct Inspector {
  let session: HostSession
  let site: Site
  /// True if all volumes of all pools are read, not only those that concern the spec.
  private let readsAll: Bool
  private var connection: Connection { session.connection }

  init(session: HostSession, site: Site, readsAll: Bool = false) {
    self.session = session
    self.site = site
    self.readsAll = readsAll
  }

  func inspect() async throws -> HostState {
    async let driver = connection.driver()
    async let capabilities = connection.capabilities()
    async let machines = self.machines()
    async let networks = self.networks()
    async let pools = self.pools()
    async let filters = self.filters()
    async let devices = self.devices()
    async let node = self.node()
    async let memory = try? connection.nodeMemory().total
    var state = HostState(
      name: session.host.name,
      capabilities: CapabilitiesDocument.read(try await capabilities, driver: try await driver),
      isPrivileged: session.isPrivileged,
      pools: try await pools, networks: try await networks.map(\.network),
      machines: try await machines.map(\.machine),
      guests: Dictionary(
        try await machines.compactMap { pair in pair.guest.map { ($0.uuid, $0) } },
        uniquingKeysWith: { first, _ in first }
      ))
    state.virsh = session.virsh
    state.devices = try await devices
    let total = await memory
    if let node = try await node {
      state.capabilities.cpus = state.capabilities.cpus ?? node.cpus
      // The cells of the host's topology, which libvirt adds up elsewhere, need not have all of its memory.
      state.capabilities.memory = .kibibytes(total.flatMap { $0 > 0 ? $0 : nil } ?? node.memoryKibibytes)
    }
    let names = try await filters
    state.filterNames = names.map { Set($0.map(\.name)) }
    state.firewalls = try await firewalls(names)
    state.liveNetworks = try await liveNetworks(networks, beside: state)
    if state.capabilities.driver == .xen { state.separateDom0() }
    if site.hosts.count > 1, state.capabilities.driver == .qemu { try await readSnapshots(into: &state) }
    return state
  }

  /// How large the host is; nil where its driver does not say.
  private func node() async throws -> NodeInfo? {
    do {
      return try await connection.nodeInfo()
    } catch let error as LibvirtError where error.code == .noSupport {
      return nil
    }
  }

  // MARK: VMs

  /// The definitions of all VMs, and what the guests of the stack's own run with.
  private func machines() async throws -> [(machine: Machine, guest: Machine?)] {
    async let all = connection.domains()
    async let active = connection.domains(.active)
    async let paused = connection.domains(.paused)
    async let starting = connection.domains(.autostart)
    async let saved = connection.domains(.managedSave)
    async let transient = connection.domains(.transient)
    var states: [UUID: PowerState] = [:]
    for domain in try await active { states[domain.uuid] = .running }
    for domain in try await paused { states[domain.uuid] = .paused }
    let autostart = Set(try await starting.map(\.uuid))
    let (withState, undefined) = (Set(try await saved.map(\.uuid)), Set(try await transient.map(\.uuid)))
    // Those that went away after they were listed have no document.
    let domains = try await all.sorted { $0.name.isOrderedNaturally(before: $1.name) }
    let definitions = try await connection.documents(of: domains, .inactive) { domain, document in
      Definition(document, of: domain)
    }.compactMap(\.self)
    var machines: [(domain: Domain, machine: Machine)] = []
    for definition in definitions {
      let domain = definition.domain
      let state = states[domain.uuid] ?? .off
      var machine = try await machine(definition, isActive: state.isActive)
      machine.settings.autostart = autostart.contains(domain.uuid)
      machine.settings.state = state
      machine.hasSavedState = withState.contains(domain.uuid)
      machine.isTransient = undefined.contains(domain.uuid)
      machines.append((domain, machine))
    }
    let guests = try await guests(of: machines)
    return machines.map { ($0.machine, guests[$0.domain.uuid]) }
  }

  /// A VM's definition: the document is there only if more must be asked for to read it.
  private struct Definition: Sendable {
    let domain: Domain
    let machine: Machine
    var document: XMLElement?

    init(_ document: XMLElement, of domain: Domain) {
      self.domain = domain
      machine = DomainDocument.read(document, name: domain.name, uuid: domain.uuid)
      if !DomainDocument.displacedDisks(of: machine.mark, in: document).isEmpty { self.document = document }
    }
  }

  private func machine(_ definition: Definition, isActive: Bool) async throws -> Machine {
    guard let document = definition.document else { return definition.machine }
    let domain = definition.domain
    let overlays = try await overlays(in: document, of: domain, isActive: isActive)
    return DomainDocument.read(document, name: domain.name, uuid: domain.uuid, overlays: overlays)
  }

  /// What the guests of the stack's own VMs run with, by UUID.
  private func guests(of machines: [(domain: Domain, machine: Machine)]) async throws -> [UUID: Machine] {
    let identity = Identity(stack: site.stack)
    let active = machines.filter {
      $0.machine.settings.state?.isActive == true && (identity.owns($0.machine) || mayAdopt($0.machine))
    }
    let definitions = Dictionary(
      active.map { ($0.domain.uuid, $0.machine) }, uniquingKeysWith: { first, _ in first })
    let read = try await connection.documents(of: active.map(\.domain), .live) { domain, document in
      definitions[domain.uuid].map {
        (guest: DomainDocument.readGuest(document, of: $0), isXen: document[attribute: "type"] == "xen")
      }
    }
    let found = zip(active, read).compactMap { vm, known in
      (known ?? nil).map { (vm: vm, guest: $0.guest, isXen: $0.isXen) }
    }
    let guests = try await concurrentlyThrowing(found) { found in
      var guest = found.guest
      if found.isXen,
        let scheduled = try await present(
          { try await found.vm.domain.schedulerParameters() }, unless: .operationInvalid)
      {
        guest.settings.take(xenScheduler: scheduled, definition: found.vm.machine.settings)
      }
      return (found.vm.domain.uuid, guest)
    }
    return Dictionary(guests, uniquingKeysWith: { first, _ in first })
  }

  private func mayAdopt(_ machine: Machine) -> Bool {
    (try? ResourceName(parsing: machine.domainName)).map(site.adopts(machine:)) ?? false
  }

  // MARK: Networks

  private func networks() async throws -> [(handle: VirtualNetwork, network: Network)] {
    async let all = connection.networks()
    async let active = connection.networks(.active)
    async let starting = connection.networks(.autostart)
    async let transient = connection.networks(.transient)
    let running = Set(try await active.map(\.uuid))
    let autostart = Set(try await starting.map(\.uuid))
    let undefined = Set(try await transient.map(\.uuid))
    let networks = try await concurrentlyThrowing(try await all) { network -> (VirtualNetwork, Network)? in
      let isActive = running.contains(network.uuid)
      guard let document = try await present({ try await network.xml(.inactive) }, unless: .noNetwork) else {
        return nil
      }
      var read = NetworkDocument.read(document, name: network.name, uuid: network.uuid, isActive: isActive)
      read.autostart = autostart.contains(network.uuid)
      read.isTransient = undefined.contains(network.uuid)
      return (network, read)
    }
    return networks.compactMap { $0 }.sorted { $0.1.name < $1.1.name }
  }

  // MARK: Firewalls

  /// nil where the driver has no network filters. What keeps them from being listed, such as a daemon of their own that is
  /// not there, is an error only for a spec that has some.
  private func filters() async throws -> [NWFilter]? {
    do {
      return try await connection.networkFilters()
    } catch let error as LibvirtError where error.code == .noSupport || site.firewalls.isEmpty {
      return nil
    }
  }

  private func firewalls(_ filters: [NWFilter]?) async throws -> [Firewall]? {
    guard let filters else { return nil }
    let identity = Identity(stack: site.stack)
    let own = filters.filter { identity.firewall(named: $0.name) != nil }
    return try await concurrentlyThrowing(own) { filter in
      try await present({ try await filter.xml() }, unless: .noNWFilter).flatMap {
        FirewallDocument.read($0, uuid: filter.uuid, identity)
      }
    }.compactMap { $0 }.sorted { $0.specName < $1.specName }
  }

  // MARK: Pools

  private func pools() async throws -> [Pool] {
    async let all = connection.storagePools()
    async let active = connection.storagePools(.active)
    async let starting = connection.storagePools(.autostart)
    async let transient = connection.storagePools(.transient)
    let running = Set(try await active.map(\.uuid))
    let autostart = Set(try await starting.map(\.uuid))
    let undefined = Set(try await transient.map(\.uuid))
    let pools = try await concurrentlyThrowing(try await all) { pool -> Pool? in
      let isActive = running.contains(pool.uuid)
      guard let document = try await present({ try await pool.xml(inactive: false) }, unless: .noStoragePool)
      else { return nil }
      var read = Pool(
        name: pool.name, uuid: pool.uuid, source: PoolDocument.readSource(document),
        autostart: autostart.contains(pool.uuid), isActive: isActive)
      read.isTransient = undefined.contains(pool.uuid)
      if isActive {
        func bytes(_ name: String) -> ByteCount? {
          document.first(name).flatMap { UInt64($0.text) }.map(ByteCount.init(rawValue:))
        }
        (read.capacity, read.available) = (bytes("capacity"), bytes("available"))
        try await readVolumes(of: pool, into: &read)
      }
      return read
    }
    return pools.compactMap { $0 }.sorted { $0.name < $1.name }
  }

  private func readVolumes(of pool: StoragePool, into read: inout Pool) async throws {
    let identity = Identity(stack: site.stack)
    if readsAll {
      let volumes = try await pool.volumes()
      read.volumeNames = Set(volumes.map(\.name))
      read.volumes = try await self.volumes(volumes, of: pool)
      return
    }
    let isOurs = pool.uuid == identity.uuid(.pool, pool.name)
    guard isOurs || site.pools.contains(where: { $0.name.rawValue == pool.name }) else { return }
    let volumes = try await pool.volumes()
    read.volumeNames = Set(volumes.map(\.name))
    let used = site.volumesInUse(in: pool.name)
    let tagged = volumes.map { (volume: $0, tag: identity.volume(named: $0.name)) }
    let known = tagged.filter { $0.tag != nil || used.contains($0.volume.name) }.map(\.volume)
    read.volumes = try await self.volumes(known, of: pool)
    // Only where the stack has an image does it matter whether somebody else has a clone of it. What a snapshot puts over
    // a disk has the disk's name but for the ending.
    let hasImage = tagged.contains { $0.tag?.kind == .image }
    let stems = Set(tagged.filter { $0.tag != nil }.map { Self.stem(of: $0.volume.name) })
    let foreign = tagged.filter {
      $0.tag == nil && (hasImage || stems.contains(Self.stem(of: $0.volume.name)))
    }
    read.foreignBackingPaths = Set(
      try await self.volumes(foreign.map(\.volume), of: pool).compactMap(\.backingPath))
  }

  private static func stem(of name: String) -> Substring {
    name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
  }

  /// Those of `volumes` that are still there, by their names.
  private func volumes(_ volumes: [StorageVolume], of pool: StoragePool) async throws -> [Volume] {
    let isShared = site.pools.contains { $0.name.rawValue == pool.name && $0.isShared }
    let sorted = volumes.sorted { $0.name.isOrderedNaturally(before: $1.name) }
    return try await connection.documents(of: sorted) { error in
      // Of a shared pool, another host may have deleted it since this one last looked.
      error.code == .noStorageVolume || isShared && !error.isConnectionFailure
    } _: { _, document in
      VolumeDocument.read(document, pool: pool.name)
    }.compactMap(\.self).compactMap(\.self)
  }
}

extension MachineSettings {
  /// What Xen's scheduler has, of which a guest's live document knows nothing but the weight that it started with.
  mutating func take(xenScheduler parameters: [String: UInt32], definition: MachineSettings) {
    if let weight = parameters["weight"].map(Int.init) {
      // A guest that was given no weight has this one.
      cpuShares = weight == 256 && definition.cpuShares == nil ? nil : weight
    }
    if let cap = parameters["cap"] { cpuLimit = cap == 0 ? nil : CPULimit(percent: Int(cap)) }
  }
}

extension Site {
  /// The names of the volumes that are there already and that disks of the spec are.
  fileprivate func volumesInUse(in pool: String) -> Set<String> {
    Set(
      machines.flatMap(\.disks).compactMap { disk in
        if case .existing(let volume, let name, _) = disk.source, name.rawValue == pool {
          volume
        } else {
          nil
        }
      })
  }
}

/// What `body` returns, or nil if it fails because the object is gone.
func present<Value>(_ body: () async throws -> Value, unless code: LibvirtError.Code) async throws -> Value? {
  do {
    return try await body()
  } catch let error as LibvirtError where error.code == code {
    return nil
  }
}

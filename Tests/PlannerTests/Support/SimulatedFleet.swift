import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// Hosts in memory that carry out a plan's steps as libvirt would, and remember every step libvirt would refuse
/// or that would harm a guest.
struct SimulatedFleet {
  var hosts: [String: SimulatedHost] = [:]
  /// The pools that all hosts see the same volumes in.
  var sharedPools: Set<String> = []
  /// What no plan may do, in words.
  private(set) var violations: [String] = []

  init(_ hosts: [SimulatedHost] = []) {
    for host in hosts { self.hosts[host.state.name.rawValue] = host }
  }

  /// What the hosts of `site` report; a host that is not there yet is new and empty.
  func states(for site: Site) -> [HostState] {
    site.hosts.map { (hosts[$0.name.rawValue] ?? SimulatedHost($0.name.rawValue)).observed }
  }

  subscript(_ name: String = "alpha") -> SimulatedHost {
    get { hosts[name] ?? SimulatedHost(name) }
    set { hosts[name] = newValue }
  }

  /// Carries out the first `count` steps of `order`, or all steps in the plan's own order.
  mutating func run(_ plan: Plan, order: [Int]? = nil, first count: Int? = nil) {
    let ids = order ?? plan.steps.map(\.id)
    for id in ids.prefix(count ?? ids.count) {
      let step = plan.steps[id]
      let name = step.address.host.rawValue
      if case .migrateMachine(let migration) = step.operation {
        migrate(migration, to: name)
        continue
      }
      var host = self[name]
      host.run(step.operation, stack: plan.stack.rawValue) { complaint in
        violations.append(
          "step \(id), \(step.operation.verb.present) \(step.address) on \(name): \(complaint)")
      }
      hosts[name] = host
      if case .ensurePool(let pool) = step.operation, sharedPools.contains(pool.name) {
        // What is there, the host sees from now on.
        let others = hosts.keys.sorted().filter { other in
          other != name && self[other].state.pools.contains { $0.name == pool.name }
        }
        if let other = others.first { share(from: other) }
      } else {
        share(from: name)
      }
    }
  }

  /// What one host has written to shared pools, all see.
  private mutating func share(from name: String) {
    let writer = self[name]
    for pool in writer.state.pools where sharedPools.contains(pool.name) {
      for other in hosts.keys.sorted() where other != name {
        var host = self[other]
        guard let index = host.state.pools.firstIndex(where: { $0.name == pool.name }) else { continue }
        host.state.pools[index].volumes = pool.volumes
        host.notes[pool.name] = writer.notes[pool.name]
        hosts[other] = host
      }
    }
  }

  /// What libvirt does to move a VM, and what it refuses.
  private mutating func migrate(_ migration: Migration, to name: String) {
    let (uuid, old) = (migration.uuid, migration.from.rawValue)
    func complain(_ text: String) {
      violations.append("moving \(migration.machine.name) from \(old) to \(name): \(text)")
    }
    var (source, target) = (self[old], self[name])
    guard let index = source.state.machines.firstIndex(where: { $0.uuid == uuid }) else {
      if !target.state.machines.contains(where: { $0.uuid == uuid }) { complain("the VM is gone") }
      return
    }
    let machine = source.state.machines[index]
    if target.state.machines.contains(where: { $0.uuid == uuid || $0.domainName == machine.domainName }) {
      return complain("the new host has a VM of that name")
    }
    let guest = source.guests[uuid]
    if guest != nil, migration.mode != .live, migration.mode != .cold { complain("its guest runs") }
    for network in (guest ?? machine).networks
    where !target.state.networks.contains(where: { $0.name == network && $0.isActive }) {
      complain("network \(network) is not active")
    }
    for copy in migration.copies {
      let (pool, note) = (copy.volume.pool, Identity.movingName(of: copy.volume.name))
      if copy.replaces {
        target.run(.deleteVolume(pool: pool, name: copy.volume.name), stack: "", complain: complain)
      }
      target.run(.createVolume(copy.volume, from: nil), stack: "", complain: complain)
      source.run(.deleteVolume(pool: pool, name: copy.volume.name), stack: "") { _ in }
      for name in (source.notes[pool] ?? []).sorted() where Identity.isNote(name, about: copy.volume.name) {
        source.notes[pool]?.remove(name)
        target.notes[pool, default: []].insert(name)
      }
      source.notes[pool]?.remove(note)
      target.notes[pool]?.remove(note)
    }
    let paths = target.state.pools.filter(\.isActive).flatMap(\.volumes).map(\.path)
    for file in machine.files.sorted() where !paths.contains(file) { complain("\(file) is not there") }
    if !migration.copies.isEmpty, source.snapshots[uuid] != nil { complain("its snapshots are lost") }
    if source.checkpointed.contains(uuid) { complain("its checkpoints are lost") }
    source.state.machines.remove(at: index)
    source.guests[uuid] = nil
    target.snapshots[uuid] = source.snapshots.removeValue(forKey: uuid)
    target.state.machines.append(machine)
    target.restoreSnapshots(of: uuid, complain)
    target.guests[uuid] = guest
    target.boots[uuid] = (source.boots[uuid] ?? 0) + (migration.mode == .cold ? 1 : 0)
    target.plugs[uuid] = Dictionary(
      (guest?.networks ?? []).map { ($0, target.starts[$0] ?? 0) }, uniquingKeysWith: { first, _ in first })
    (hosts[old], hosts[name]) = (source, target)
  }

  func expectNoViolations(_ context: @autoclosure () -> String = "") {
    #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))\n\(context())")
  }
}

/// One host: what is defined on it, and beside it the guests that run.
struct SimulatedHost {
  /// The persistent definitions. Whether a VM runs, is derived from `guests`.
  var state: HostState
  /// What the running guests run with, by UUID.
  var guests: [UUID: Machine] = [:]
  /// Guests that were saved, by UUID.
  var saved: [UUID: Machine] = [:]
  /// What libvirt knows of snapshots, by UUID.
  var snapshots: [UUID: [Snapshot]] = [:]
  /// VMs with checkpoints.
  var checkpointed: Set<UUID> = []
  /// How often each guest was started, by UUID.
  var boots: [UUID: Int] = [:]
  /// What the networks that virtform made were started with, by UUID.
  var live: [UUID: Network] = [:]
  /// How often each network was started, by name.
  var starts: [String: Int] = [:]
  /// Which start of a network each running guest was plugged in at.
  var plugs: [UUID: [String: Int]] = [:]
  /// Files of VMs that no disk with a name refers to.
  var otherFiles: [UUID: Set<String>] = [:]
  /// Targets of their disks that have no name.
  var otherTargets: [UUID: Set<String>] = [:]
  /// Names of files in the pools that carry no tag of the stack.
  var otherVolumes: [String: Set<String>] = [:]
  /// How often the file at each path was made.
  var births: [String: Int] = [:]
  /// Names of the empty volumes that say something of others.
  var notes: [String: Set<String>] = [:]

  init(_ name: String, driver: HostCapabilities.Driver = .qemu, hasKVM: Bool = true) {
    guard let name = try? ResourceName(parsing: name) else { preconditionFailure("a host has a valid name") }
    let aliases = ["q35": "pc-q35-7.2", "pc": "pc-i440fx-7.2"]
    state = HostState(
      name: name,
      capabilities: HostCapabilities(
        driver: driver, hostUUID: "machine of \(name)", hasKVM: driver == .qemu && hasKVM,
        machineAliases: aliases,
        machines: Set(aliases.keys).union(aliases.values)))
    if driver == .qemu { state.firewalls = [] }
    if driver == .xen { state.capabilities.virtualizations = Set(Virtualization.allCases) }
  }

  /// What an inspection reports.
  var observed: HostState {
    var state = state
    state.pools = state.pools.map(observe).sorted { $0.name < $1.name }
    state.networks.sort { $0.name < $1.name }
    state.filterNames = state.firewalls.map { Set($0.map(\.name)).union(["clean-traffic"]) }
    state.liveNetworks = liveNetworks
    (state.snapshots, state.checkpointed) = (snapshots, checkpointed)
    state.machines = state.machines.map(observe).sorted { $0.name < $1.name }
    for machine in state.machines where machine.mark != nil {
      state.guests[machine.uuid] = guests[machine.uuid].map(withUses)
    }
    return state
  }

  private func observe(_ pool: Pool) -> Pool {
    var pool = pool
    if pool.isActive {
      pool.volumeNames = Set(pool.volumes.map(\.name)).union(otherVolumes[pool.name] ?? []).union(
        notes[pool.name] ?? [])
    } else {
      (pool.volumes, pool.volumeNames, pool.available) = ([], [], nil)
    }
    return pool
  }

  private func observe(_ machine: Machine) -> Machine {
    var machine = withUses(machine)
    machine.settings.state = guests[machine.uuid]?.settings.state ?? .off
    machine.hasSavedState = saved[machine.uuid] != nil
    return machine
  }

  private func withUses(_ machine: Machine) -> Machine {
    var machine = machine
    machine.files = files(of: machine)
    machine.macs = Set((machine.nics + machine.unnamed.nics).compactMap(\.mac))
    // Who may only read sees no password.
    machine.settings.graphicsPassword = nil
    return machine
  }

  func files(of machine: Machine) -> Set<String> {
    Set((machine.disks + machine.unnamed.disks).map(\.path) + machine.imageFiles)
      .union(machine.unnamed.drives.compactMap(\.media))
      .union(otherFiles[machine.uuid] ?? [])
  }

  static func networks(of machine: Machine) -> Set<String> {
    machine.networks
  }

  // MARK: What people do beside virtform

  func machine(_ name: String) throws -> Machine { try #require(state.machines.first { $0.name == name }) }

  mutating func change(_ name: String, _ body: (inout Machine) -> Void) throws {
    let index = try #require(state.machines.firstIndex { $0.name == name })
    body(&state.machines[index])
  }

  mutating func changeNetwork(_ name: String, _ body: (inout Network) -> Void) throws {
    let index = try #require(state.networks.firstIndex { $0.name == name })
    body(&state.networks[index])
  }

  mutating func changePool(_ name: String, _ body: (inout Pool) -> Void) throws {
    let index = try #require(state.pools.firstIndex { $0.name == name })
    body(&state.pools[index])
  }

  mutating func stop(_ name: String) throws { guests[try machine(name).uuid] = nil }

  mutating func start(_ name: String) throws { boot(try machine(name), .running) }

  /// `virsh managedsave`
  mutating func save(_ name: String) throws {
    let uuid = try machine(name).uuid
    saved[uuid] = guests.removeValue(forKey: uuid)
  }

  /// A new guest, with what is defined.
  mutating func boot(_ machine: Machine, _ power: PowerState) {
    guests[machine.uuid] = saved.removeValue(forKey: machine.uuid) ?? machine
    guests[machine.uuid]?.settings.state = power
    boots[machine.uuid, default: 0] += 1
    plugIn(machine.uuid, Self.networks(of: machine))
  }

  /// Changes what the running guest has, and not its definition.
  mutating func changeGuest(_ name: String, _ body: (inout Machine) -> Void) throws {
    let uuid = try machine(name).uuid
    var guest = try #require(guests[uuid])
    body(&guest)
    guests[uuid] = guest
  }

  /// `virsh net-destroy`, whoever is on it.
  mutating func stopNetwork(_ name: String) throws { try changeNetwork(name) { $0.isActive = false } }

  /// `virsh net-start`.
  mutating func startNetwork(_ name: String) throws {
    start(try #require(state.networks.first { $0.name == name }))
  }

  /// `virsh net-update --live`.
  mutating func changeLiveNetwork(_ name: String, _ body: (inout Network) -> Void) throws {
    let uuid = try #require(state.networks.first { $0.name == name }).uuid
    var network = try #require(live[uuid])
    body(&network)
    live[uuid] = network
  }

  /// Defines and starts a VM that nobody's spec has.
  mutating func addForeignMachine(
    _ name: String, files: Set<String> = [], network: String? = nil, mark: Mark? = nil, isRunning: Bool = true
  ) {
    var machine = Machine(name: name, uuid: UUID(), settings: MachineSettings())
    machine.settings.memory = MemoryAmount(size: .gibibytes(1))
    machine.mark = mark
    if let network {
      machine.nics = [.init(name: "eth0", link: .network(network), mac: nil, model: "virtio")]
    }
    otherFiles[machine.uuid] = files
    state.machines.append(machine)
    if isRunning { boot(machine, .running) }
  }

  mutating func addForeignNetwork(_ name: String, mark: Mark? = nil, isActive: Bool = true) {
    var network = Network(name: name, uuid: UUID(), mode: .nat, isActive: isActive)
    network.mark = mark
    network.autostart = true
    state.networks.append(network)
  }

  mutating func addForeignPool(_ name: String, directory: String, isActive: Bool = true) {
    addForeignPool(name, .directory(path: directory), isActive: isActive)
  }

  mutating func addForeignPool(_ name: String, _ source: PoolSource, isActive: Bool = true) {
    state.pools.append(
      Pool(name: name, uuid: UUID(), source: source, autostart: true, isActive: isActive))
    otherVolumes[name] = ["photos.img"]
  }

  /// A SCSI target, in the pool `san` of the stack, that has a logical unit.
  mutating func addLogicalUnit(_ name: String, at path: String, stack: String) {
    guard let stack = try? ResourceName(parsing: stack) else {
      preconditionFailure("a stack has a valid name")
    }
    var unit = Volume(pool: "san", name: name, path: path, capacity: .gibibytes(4), format: .raw)
    unit.type = .block
    let source = PoolSource.iscsi(.init(host: "nas", name: "iqn.2024-01.a:b"))
    state.pools.append(
      Pool(
        name: "san", uuid: Identity(stack: stack).uuid(.pool, "san"), source: source, autostart: true,
        isActive: true,
        volumes: [unit]))
  }
}

extension SimulatedHost {
  /// The running guest, as it was started.
  func guest(_ name: String) throws -> Machine { try #require(guests[try machine(name).uuid]) }
}

import FoundationEssentials
import SpecModel

@testable import Planner

/// How a host carries out steps. `complain` is told of what libvirt would refuse and of what would harm a guest.
extension SimulatedHost {
  typealias Complain = (String) -> Void

  mutating func run(_ operation: Operation, stack: String, complain: Complain) {
    switch operation {
    case .ensurePool(let pool): ensure(pool, complain)
    case .setPoolAutostart(let uuid, let autostart): withPool(uuid, complain) { $0.autostart = autostart }
    case .removePool(let uuid): state.pools.removeAll { $0.uuid == uuid }
    case .uploadImage(_, let content, let volume, _):
      var volume = volume
      volume.physical = content.length
      if let index = state.pools.firstIndex(where: { $0.name == volume.pool }) {
        state.pools[index].volumes.removeAll { $0.name == volume.name }
      }
      create(volume, complain)
    case .createVolume(let volume): create(volume, complain)
    case .growVolume(let volume, let guest): grow(volume, guest, complain)
    case .deleteVolume(let pool, let name): deleteVolume(pool, name, complain)
    case .ensureNetwork(let network): ensure(network, stack, complain)
    case .redefineNetwork(let network, let fields, let restart): redefine(network, fields, restart, complain)
    case .updateReservations(let uuid, let remove, let add): updateReservations(uuid, remove, add, complain)
    case .setNetworkAutostart(let uuid, let autostart):
      withNetwork(uuid, complain) { $0.autostart = autostart }
    case .removeNetwork(let uuid): removeNetwork(uuid, complain)
    case .defineMachine(let machine): define(machine, complain)
    case .updateMachine(let update): self.update(update, complain)
    case .startMachine(let uuid): start(uuid, complain)
    case .stopMachine(let uuid, _), .powerOffMachine(let uuid, _): guests[uuid] = nil
    case .undefineMachine(let uuid, _):
      if guests[uuid] != nil { complain("the guest runs") }
      state.machines.removeAll { $0.uuid == uuid }
    }
  }

  // MARK: Storage

  private mutating func withPool(_ uuid: UUID, _ complain: Complain, _ body: (inout Pool) -> Void) {
    guard let index = state.pools.firstIndex(where: { $0.uuid == uuid }) else {
      return complain("the pool is gone")
    }
    body(&state.pools[index])
  }

  private mutating func ensure(_ pool: Pool, _ complain: Complain) {
    if let index = state.pools.firstIndex(where: { $0.uuid == pool.uuid }) {
      state.pools[index].isActive = true
      state.pools[index].autostart = pool.autostart
      return
    }
    if state.pools.contains(where: { $0.name == pool.name }) { complain("the name is taken") }
    if state.pools.contains(where: { $0.directory == pool.directory }) { complain("the directory is taken") }
    state.pools.append(pool)
  }

  private var volumes: [Volume] { state.pools.flatMap(\.volumes) }

  private mutating func create(_ volume: Volume, _ complain: Complain) {
    guard let index = state.pools.firstIndex(where: { $0.name == volume.pool && $0.isActive }) else {
      return complain("no active pool \(volume.pool)")
    }
    if let backing = volume.backingPath, !volumes.contains(where: { $0.path == backing }) {
      complain("no image \(backing)")
    }
    if state.pools[index].volumes.contains(where: { $0.name == volume.name }) { return }
    state.pools[index].volumes.append(volume)
  }

  private mutating func grow(_ wanted: Volume, _ guest: UUID?, _ complain: Complain) {
    guard let pool = state.pools.firstIndex(where: { $0.name == wanted.pool && $0.isActive }),
      let index = state.pools[pool].volumes.firstIndex(where: { $0.name == wanted.name })
    else { return complain("the volume is gone") }
    if state.pools[pool].volumes[index].capacity > wanted.capacity { complain("the disk would shrink") }
    let users = guests.values.filter { files(of: $0).contains(wanted.path) }
    if let guest, let running = guests[guest] {
      if !files(of: running).contains(wanted.path) { complain("the guest does not have the disk") }
    } else if !users.isEmpty {
      complain("the disk is in use by \(users.map(\.name))")
    }
    state.pools[pool].volumes[index].capacity = wanted.capacity
  }

  private mutating func deleteVolume(_ pool: String, _ name: String, _ complain: Complain) {
    guard let index = state.pools.firstIndex(where: { $0.name == pool && $0.isActive }),
      let volume = state.pools[index].volumes.first(where: { $0.name == name })
    else { return }
    for guest in guests.values
    where files(of: guest).contains(volume.path) && !isBootFile(volume.path, of: guest) {
      complain("the running \(guest.name) uses it")
    }
    for clone in volumes where clone.backingPath == volume.path { complain("\(clone.name) is a clone of it") }
    state.pools[index].volumes.removeAll { $0.name == name }
  }

  /// A guest has its kernel in memory once it runs.
  private func isBootFile(_ path: String, of guest: Machine) -> Bool {
    [guest.kernel, guest.initrd].contains(path)
  }

  // MARK: Networks

  private mutating func withNetwork(_ uuid: UUID, _ complain: Complain, _ body: (inout Network) -> Void) {
    guard let index = state.networks.firstIndex(where: { $0.uuid == uuid }) else {
      return complain("the network is gone")
    }
    body(&state.networks[index])
  }

  private func runningUsers(of network: String) -> [String] {
    guests.values.filter { Self.networks(of: $0).contains(network) }.map(\.name).sorted()
  }

  private mutating func ensure(_ wanted: Network, _ stack: String, _ complain: Complain) {
    if let index = state.networks.firstIndex(where: { $0.uuid == wanted.uuid }) {
      state.networks[index].isActive = true
      state.networks[index].autostart = wanted.autostart
      return
    }
    if state.networks.contains(where: { $0.name == wanted.name }) { complain("the name is taken") }
    var network = wanted
    network.mark = Mark(stack: stack)
    network.bridge = network.bridge ?? "virbr\(state.networks.count)"
    state.networks.append(network)
  }

  private mutating func redefine(
    _ wanted: Network, _ fields: Set<NetworkField>, _ restart: Bool, _ complain: Complain
  ) {
    if restart, !runningUsers(of: wanted.name).isEmpty {
      complain("it is cut under \(runningUsers(of: wanted.name))")
    }
    withNetwork(wanted.uuid, complain) { network in
      for field in fields {
        switch field {
        case .mode: network.mode = wanted.mode
        case .cidr, .gateway, .dhcp:
          (network.cidr, network.gateway, network.dhcp) = (wanted.cidr, wanted.gateway, wanted.dhcp)
          network.reservations = wanted.reservations
        case .dns: network.domain = wanted.domain
        case .bridge: network.bridge = wanted.bridge ?? network.bridge
        case .mtu: network.mtu = wanted.mtu
        case .autostart: break
        }
      }
      if restart { network.isActive = true }
    }
  }

  private mutating func updateReservations(
    _ uuid: UUID, _ remove: [Network.Reservation], _ add: [Network.Reservation], _ complain: Complain
  ) {
    let running = Set(guests.values.flatMap(\.nics).compactMap(\.mac))
    let machines = state.machines
    withNetwork(uuid, complain) { network in
      network.reservations.subtract(remove)
      for new in add where !network.reservations.contains(new) {
        if network.reservations.contains(where: { $0.ip == new.ip || $0.mac == new.mac }) {
          complain("\(new) clashes with another reservation")
        }
        network.reservations.insert(new)
      }
      for old in remove where add.contains(where: { $0.ip == old.ip && $0.mac != old.mac }) {
        // One that stays in the spec asks DHCP anew and gets what is reserved for it.
        let isStaying = machines.contains { machine in
          machine.nics.contains { nic in add.contains { $0.mac == nic.mac } } && machine.name == old.hostname
        }
        if running.contains(old.mac), !isStaying { complain("\(old.hostname) still holds \(old.ip)") }
      }
    }
  }

  private mutating func removeNetwork(_ uuid: UUID, _ complain: Complain) {
    guard let network = state.networks.first(where: { $0.uuid == uuid }) else { return }
    if !runningUsers(of: network.name).isEmpty {
      complain("it is cut under \(runningUsers(of: network.name))")
    }
    state.networks.removeAll { $0.uuid == uuid }
  }

  // MARK: VMs

  private mutating func define(_ machine: Machine, _ complain: Complain) {
    if state.machines.contains(where: { $0.uuid == machine.uuid || $0.name == machine.name }) {
      complain("the VM is there already")
    }
    for path in files(of: machine) where !volumes.contains(where: { $0.path == path }) {
      complain("no file \(path)")
    }
    var defined = machine
    var mark = machine.mark ?? Mark(stack: "")
    (defined.disks, defined.nics) = ([], [])
    for disk in machine.disks { set(disk, in: &defined, &mark) }
    for nic in machine.nics { set(nic, in: &defined, &mark) }
    defined.mark = mark
    let settings = machine.settings
    defined.settings.console = settings.console ?? true
    defined.settings.accel = settings.accel ?? (state.capabilities.hasKVM ? .kvm : .tcg)
    defined.settings.cpus = settings.cpus ?? VCPUs(count: 1)
    defined.settings.machine = versioned(settings.machine ?? "q35")
    defined.settings.firmware = settings.firmware ?? .bios
    defined.settings.graphics = settings.graphics ?? Graphics.none
    defined.settings.autostart = settings.autostart ?? false
    defined.settings.running = nil
    state.machines.append(defined)
  }

  private func versioned(_ machine: String?) -> String? {
    machine.map { state.capabilities.machineAliases[$0] ?? $0 }
  }

  private func set(_ disk: Machine.Disk, in machine: inout Machine, _ mark: inout Mark) {
    var disk = disk
    let known = mark.disks.first { $0.name == disk.name }
    let old = machine.disks.first { $0.name == disk.name }
    mark.disks.removeAll { $0.name == disk.name }
    let used = Set(machine.disks.compactMap(\.target))
    let free = "abcdefghijklmnopqrstuvwxyz".map { "vd\($0)" }.first { !used.contains($0) }
    disk.bus = disk.bus ?? old?.bus ?? .virtio
    disk.target = known?.target ?? free
    machine.disks.removeAll { $0.name == disk.name }
    machine.disks.append(disk)
    mark.disks.append(.init(name: disk.name, target: disk.target ?? "", keep: disk.keep))
  }

  private func set(_ nic: Machine.NIC, in machine: inout Machine, _ mark: inout Mark) {
    var nic = nic
    nic.model = nic.model ?? "virtio"
    machine.nics.removeAll { $0.name == nic.name }
    mark.nics.removeAll { $0.name == nic.name }
    machine.nics.append(nic)
    mark.nics.append(.init(name: nic.name, mac: nic.mac?.description ?? ""))
  }

  private mutating func update(_ update: MachineUpdate, _ complain: Complain) {
    guard let index = state.machines.firstIndex(where: { $0.uuid == update.wanted.uuid }) else {
      return complain("the VM is gone")
    }
    var machine = state.machines[index]
    var mark = update.wanted.mark ?? Mark(stack: "")
    (mark.disks, mark.nics) = (machine.mark?.disks ?? [], machine.mark?.nics ?? [])
    for field in update.fields { copy(field, from: update.wanted, to: &machine) }
    machine.disks.removeAll { update.removeDisks.contains($0.name) }
    mark.disks.removeAll { update.removeDisks.contains($0.name) }
    machine.nics.removeAll { update.removeNICs.contains($0.name) }
    mark.nics.removeAll { update.removeNICs.contains($0.name) }
    for disk in update.setDisks { set(disk, in: &machine, &mark) }
    for nic in update.setNICs { set(nic, in: &machine, &mark) }
    machine.mark = mark
    for path in machine.disks.map(\.path) where !volumes.contains(where: { $0.path == path }) {
      complain("no file \(path)")
    }
    state.machines[index] = machine
    if update.fields.contains(.title) { guests[machine.uuid]?.settings.title = machine.settings.title }
    if update.fields.contains(.description) {
      guests[machine.uuid]?.settings.description = machine.settings.description
    }
  }

  private func copy(_ field: MachineField, from wanted: Machine, to machine: inout Machine) {
    let settings = wanted.settings
    switch field {
    case .title: machine.settings.title = settings.title
    case .description: machine.settings.description = settings.description
    case .accel: machine.settings.accel = settings.accel
    case .cpus: machine.settings.cpus = settings.cpus
    case .memory: machine.settings.memory = settings.memory
    case .machine: machine.settings.machine = versioned(settings.machine)
    case .firmware: machine.settings.firmware = settings.firmware
    case .cpu: machine.settings.cpu = settings.cpu
    case .kernel: machine.kernel = wanted.kernel
    case .initrd: machine.initrd = wanted.initrd
    case .cmdline: machine.settings.cmdline = settings.cmdline
    case .graphics: machine.settings.graphics = settings.graphics
    case .console: machine.settings.console = settings.console
    case .autostart: machine.settings.autostart = settings.autostart
    case .running: break
    }
  }

  private mutating func start(_ uuid: UUID, _ complain: Complain) {
    guard let machine = state.machines.first(where: { $0.uuid == uuid }) else {
      return complain("the VM is gone")
    }
    if guests[uuid] != nil { return }
    for path in files(of: machine) where !volumes.contains(where: { $0.path == path }) {
      complain("no file \(path)")
    }
    for name in Self.networks(of: machine) {
      guard let network = state.networks.first(where: { $0.name == name }), network.isActive else {
        complain("network \(name) is not active")
        continue
      }
    }
    for other in guests.values {
      if !Set(other.disks.map(\.path)).isDisjoint(with: machine.disks.map(\.path)) {
        complain("\(other.name) runs with its disk")
      }
      if !Set(other.nics.compactMap(\.mac)).isDisjoint(with: machine.nics.compactMap(\.mac)) {
        complain("\(other.name) runs with its MAC address")
      }
    }
    guests[uuid] = machine
  }
}

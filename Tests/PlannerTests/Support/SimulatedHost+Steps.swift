import FoundationEssentials
import SpecModel

@testable import Planner

/// How a host carries out steps. `complain` is told of what libvirt would refuse and of what would harm a guest.
extension SimulatedHost {
  typealias Complain = (String) -> Void

  mutating func run(_ operation: Operation, stack: String, complain: Complain) {
    switch operation {
    case .ensurePool(let pool): ensure(pool, complain)
    case .setPoolAutostart(let uuid, let autostart):
      withPool(uuid, complain) { pool in
        if pool.isTransient { complain("cannot set autostart for transient pool") }
        pool.autostart = autostart
      }
    case .removePool(let uuid): state.pools.removeAll { $0.uuid == uuid }
    case .uploadImage(_, let content, let volume, _): upload(volume, length: content.length, complain)
    case .uploadSeed(let seed, let volume, _):
      upload(volume, length: ByteCount(rawValue: UInt64(seed.length)), complain)
    case .uploadIgnition(let config, let volume, _):
      upload(volume, length: ByteCount(rawValue: UInt64(config.length)), complain)
    case .createVolume(let volume, let source): make(volume, from: source, complain)
    case .copyImage(let content, _, let name, let volume): copy(content, name, into: volume, complain)
    case .growVolume(let volume, let guest): grow(volume, guest, complain)
    case .noteVolume(let pool, let name, let isThere):
      if isThere { notes[pool, default: []].insert(name) } else { notes[pool]?.remove(name) }
    case .deleteVolume(let pool, let name):
      let base = name.lastIndex(of: ".").map { name[..<$0] } ?? ""
      if notes[pool]?.contains("\(base).protected") == true { complain("\(name) is protected") }
      deleteVolume(pool, name, complain)
      notes[pool]?.remove(Identity.copyingName(of: name))
    case .defineFirewall(let firewall):
      state.firewalls?.removeAll { $0.uuid == firewall.uuid }
      state.firewalls?.append(firewall)
    case .removeFirewall(let uuid):
      let name = state.firewalls?.first { $0.uuid == uuid }?.name ?? ""
      for guest in guests.values where guest.filters.contains(name) { complain("\(guest.name) has \(name)") }
      state.firewalls?.removeAll { $0.uuid == uuid }
    case .ensureNetwork(let network, let guests): ensure(network, guests, stack, complain)
    case .updateNetwork(let update): self.update(update, complain)
    case .restartNetwork(let uuid, let guests): restartNetwork(uuid, guests, complain)
    case .reconnectGuests(let uuid, let guests): reconnect(guests, to: uuid, complain)
    case .setNetworkAutostart(let uuid, let autostart):
      setAutostart(ofNetwork: uuid, autostart, complain)
    case .removeNetwork(let uuid): removeNetwork(uuid, complain)
    case .forgetNetwork(let uuid): forgetNetwork(uuid, complain)
    case .defineMachine(let machine): define(machine, complain)
    case .updateMachine(let update): self.update(update, complain)
    case .changeDevices(let uuid, let changes):
      for change in changes { self.change(change, of: uuid, complain) }
    case .renameMachine(let uuid, let name): rename(uuid, name, complain)
    case .startMachine(let uuid, let paused): start(uuid, paused: paused, complain)
    case .awaitReady(let wait):
      if guests[wait.uuid]?.settings.state != .running {
        complain("a guest that does not run never gets ready")
      }
    case .suspendMachine(let uuid):
      if guests[uuid] == nil { complain("no guest to pause") }
      guests[uuid]?.settings.state = .paused
    case .resumeMachine(let uuid):
      if guests[uuid] == nil { complain("no guest to resume") }
      guests[uuid]?.settings.state = .running
    case .migrateMachine: complain("a move takes two hosts")
    case .removeRemains(let uuid, _):
      if guests[uuid]?.settings.state == .running { complain("its guest runs") }
      guests[uuid] = nil
      state.machines.removeAll { $0.uuid == uuid }
      snapshots[uuid] = nil
    case .restoreSnapshots(let uuid): restoreSnapshots(of: uuid, complain)
    case .forgetMachine(let uuid):
      if let index = state.machines.firstIndex(where: { $0.uuid == uuid }) {
        state.machines[index].loseMark()
      }
      guests[uuid]?.loseMark()
    case .redefineMachine(let uuid):
      if let index = state.machines.firstIndex(where: { $0.uuid == uuid }) {
        state.machines[index].isTransient = false
      }
    case .stopMachine(let uuid, _), .powerOffMachine(let uuid, _):
      guests[uuid] = nil
      state.machines.removeAll { $0.uuid == uuid && $0.isTransient }
    case .undefineMachine(let uuid, _):
      if guests[uuid] != nil { complain("the guest runs") }
      state.machines.removeAll { $0.uuid == uuid }
      saved[uuid] = nil
      snapshots[uuid] = nil
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
      state.pools[index].isTransient = false
      state.pools[index].autostart = pool.autostart
      return
    }
    if state.pools.contains(where: { $0.name == pool.name }) { complain("the name is taken") }
    if state.pools.contains(where: { $0.source == pool.source }) { complain("the place is taken") }
    state.pools.append(pool)
  }

  private mutating func upload(_ volume: Volume, length: ByteCount, _ complain: Complain) {
    var volume = volume
    volume.physical = length
    if let index = state.pools.firstIndex(where: { $0.name == volume.pool }) {
      state.pools[index].volumes.removeAll { $0.name == volume.name }
    }
    create(volume, complain)
  }

  var volumes: [Volume] { state.pools.flatMap(\.volumes) }

  private mutating func make(_ volume: Volume, from source: Volume?, _ complain: Complain) {
    if let source, !volumes.contains(where: { $0.path == source.path && $0.physical != nil }) {
      complain("no image \(source.path) to copy")
    }
    let note = Identity.copyingName(of: volume.name)
    if notes[volume.pool]?.remove(note) != nil { deleteVolume(volume.pool, volume.name, complain) }
    create(volume, complain)
    guard let source, let stack = try? ResourceName(parsing: "shop") else { return }
    let image = Identity(stack: stack).volume(named: source.name)?.base ?? ""
    notes[volume.pool, default: []].insert(Identity.copiedName(of: volume.name, from: image))
  }

  private mutating func create(_ volume: Volume, _ complain: Complain) {
    guard let index = state.pools.firstIndex(where: { $0.name == volume.pool && $0.isActive }) else {
      return complain("no active pool \(volume.pool)")
    }
    if let backing = volume.backingPath, !volumes.contains(where: { $0.path == backing }) {
      complain("no image \(backing)")
    }
    if state.pools[index].volumes.contains(where: { $0.name == volume.name }) { return }
    if state.pools[index].source?.type.holdsFiles == false, volume.format != .raw || volume.name.contains("~")
    {
      complain("\(volume.name) is no device")
    }
    state.pools[index].volumes.append(volume)
    births[volume.path, default: 0] += 1
  }

  private mutating func copy(
    _ content: ImageContent, _ name: String, into volume: Volume, _ complain: Complain
  ) {
    if volume.type == .network { complain("nothing can be sent to \(volume.path)") }
    if volume.format != .raw || volume.backingPath != nil { complain("\(volume.path) is no device") }
    if content.virtualSize > volume.capacity { complain("the image is cut off") }
    let isCutOff = notes[volume.pool]?.remove(Identity.copyingName(of: volume.name)) != nil
    if isCutOff { deleteVolume(volume.pool, volume.name, complain) }
    create(volume, complain)
    notes[volume.pool, default: []].insert(Identity.copiedName(of: volume.name, from: name))
  }

  private mutating func grow(_ wanted: Volume, _ guest: UUID?, _ complain: Complain) {
    guard let pool = state.pools.firstIndex(where: { $0.name == wanted.pool && $0.isActive }),
      let index = state.pools[pool].volumes.firstIndex(where: { $0.name == wanted.name })
    else { return complain("the volume is gone") }
    if state.pools[pool].volumes[index].capacity > wanted.capacity { complain("the disk would shrink") }
    if wanted.type == .block { complain("libvirt makes no device larger") }
    let users = guests.values.filter { files(of: $0).contains(wanted.path) }
    if let guest, let running = guests[guest] {
      if state.capabilities.driver != .qemu { complain("the guest keeps the size of its disk") }
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
    [guest.kernel, guest.initrd, guest.ignition].contains(path)
  }

  // MARK: VMs

  private mutating func define(_ machine: Machine, _ complain: Complain) {
    if state.machines.contains(where: { $0.uuid == machine.uuid || $0.name == machine.name }) {
      complain("the VM is there already")
    }
    let ownFiles = files(of: machine).subtracting(otherFiles[machine.uuid] ?? [])
    for path in ownFiles where !volumes.contains(where: { $0.path == path }) { complain("no file \(path)") }
    var defined = machine
    var mark = machine.mark ?? Mark(stack: "")
    (defined.disks, defined.drives, defined.nics) = ([], [], [])
    // Nobody can tell them from the definition.
    defined.seedTraces = [:]
    for disk in machine.disks { set(disk, in: &defined, &mark) }
    for drive in machine.drives { set(drive, in: &defined, &mark) }
    for nic in machine.nics { set(nic, in: &defined, &mark) }
    defined.mark = mark
    let devices = machine.disks.map(\.name) + machine.drives.map(\.name)
    defined.boot = machine.boot ?? (machine.kernel == nil ? devices : nil)
    let settings = machine.settings
    defined.settings.console = settings.console ?? true
    defined.settings.tpm = settings.tpm ?? .absent
    defined.settings.watchdog = settings.watchdog ?? .absent
    defined.settings.hugePages = settings.hugePages ?? .absent
    defined.settings.randomSource = settings.randomSource ?? .absent
    if state.capabilities.driver == .qemu {
      defined.settings.randomSource = settings.randomSource ?? .present(RandomSource())
      defined.settings.accel = settings.accel ?? (state.capabilities.hasKVM ? .kvm : .tcg)
    }
    defined.settings.virt =
      settings.virt ?? state.capabilities.virtualization(hasKernel: machine.kernel != nil)
    defined.settings.cpus = settings.cpus ?? VCPUs(count: 1)
    defined.settings.machine = versioned(settings.machine ?? "q35")
    defined.settings.firmware = settings.firmware ?? .bios
    defined.settings.graphics = settings.graphics ?? Graphics.none
    defined.settings.autostart = settings.autostart ?? false
    defined.settings.state = nil
    state.machines.append(defined)
  }

  private func versioned(_ machine: String?) -> String? {
    machine.map { state.capabilities.machineAliases[$0] ?? $0 }
  }

  func set(_ disk: Machine.Disk, in machine: inout Machine, _ mark: inout Mark) {
    var disk = disk
    let old = machine.disks.first { $0.name == disk.name }
    mark.disks.removeAll { $0.name == disk.name }
    let used = Set(machine.disks.compactMap(\.target)).union(otherTargets[machine.uuid] ?? [])
    let free = "abcdefghijklmnopqrstuvwxyz".map { "vd\($0)" }.first { !used.contains($0) }
    disk.bus = disk.bus ?? old?.bus ?? .virtio
    disk.target = old?.target ?? free
    disk.ioTune = (disk.ioTune ?? old?.ioTune).flatMap { $0.isUnlimited ? nil : $0 }
    machine.disks.removeAll { $0.name == disk.name }
    machine.disks.append(disk)
    if old == nil { appendToBoot(disk.name, of: &machine) }
    mark.disks.append(
      .init(
        name: disk.name, target: disk.target ?? "", file: disk.path, keep: disk.keep,
        isProtected: disk.isProtected))
  }

  /// A new disk is tried last.
  private func appendToBoot(_ name: String, of machine: inout Machine) {
    guard let boot = machine.boot, !boot.contains(name) else { return }
    machine.boot = boot + [name]
  }

  func set(_ drive: Machine.Drive, in machine: inout Machine, _ mark: inout Mark) {
    var drive = drive
    let old = machine.drives.first { $0.name == drive.name }
    drive.bus = drive.bus ?? old?.bus ?? .scsi
    drive.target = old?.target ?? "sd\(machine.drives.count)"
    machine.drives.removeAll { $0.name == drive.name }
    machine.drives.append(drive)
    if old == nil { appendToBoot(drive.name, of: &machine) }
    mark.disks.removeAll { $0.name == drive.name }
    mark.disks.append(.init(name: drive.name, target: drive.target ?? ""))
  }

  func set(_ nic: Machine.NIC, in machine: inout Machine, _ mark: inout Mark) {
    var nic = nic
    let old = machine.nics.first { $0.name == nic.name }
    nic.model = nic.model ?? old?.model ?? "virtio"
    nic.linkState = nic.linkState ?? old?.linkState ?? .up
    nic.vlan = (nic.vlan ?? old?.vlan).flatMap { $0.isNone ? nil : $0 }
    nic.portgroup = (nic.portgroup ?? old?.portgroup).flatMap { $0.name.isEmpty ? nil : $0 }
    nic.firewall = (nic.firewall ?? old?.firewall).flatMap { $0.isEmpty ? nil : $0 }
    nic.qos = (nic.qos ?? old?.qos).flatMap { $0.isUnlimited ? nil : $0 }
    machine.nics.removeAll { $0.name == nic.name }
    mark.nics.removeAll { $0.name == nic.name }
    machine.nics.append(nic)
    mark.nics.append(.init(name: nic.name, mac: nic.mac?.description ?? ""))
  }

  private mutating func update(_ update: MachineUpdate, _ complain: Complain) {
    guard let index = state.machines.firstIndex(where: { $0.uuid == update.wanted.uuid }) else {
      return complain("the VM is gone")
    }
    if state.machines[index].isTransient { complain("transient domains have no persistent configuration") }
    // Its document says what it was started with, but for the names of its devices, which are the definition's.
    let former = guests[update.wanted.uuid]?.mark
    guests[update.wanted.uuid] = guests[update.wanted.uuid]?.renaming(update.renamedDevices)
    guests[update.wanted.uuid]?.mark = former
    for field in update.liveFields { changeGuest(field, update.wanted, complain) }
    for change in update.devices { self.change(change, of: update.wanted.uuid, complain) }
    if let names = update.adopting {
      state.machines[index].gain(names)
      guests[update.wanted.uuid]?.gain(names)
      guests[update.wanted.uuid]?.mark = nil
    }
    var machine = state.machines[index].renaming(update.renamedDevices)
    var mark = update.wanted.mark ?? Mark(stack: "")
    (mark.disks, mark.nics) = (machine.mark?.disks ?? [], machine.mark?.nics ?? [])
    for field in update.fields.sorted() where field != .boot {
      copy(field, from: update.wanted, to: &machine)
    }
    machine.disks.removeAll { update.removeDisks.contains($0.name) }
    machine.drives.removeAll { update.removeDisks.contains($0.name) }
    mark.disks.removeAll { update.removeDisks.contains($0.name) }
    machine.nics.removeAll { update.removeNICs.contains($0.name) }
    mark.nics.removeAll { update.removeNICs.contains($0.name) }
    machine.memoryDevices.removeAll { device in
      update.removeMemory.contains(device.name) || update.setMemory.contains { $0.name == device.name }
    }
    machine.memoryDevices += update.setMemory
    machine.shares.removeAll { share in
      update.removeShares.contains(share.name) || update.setShares.contains { $0.name == share.name }
    }
    machine.shares += update.setShares
    machine.hostDevices.removeAll { device in
      update.removeHostDevices.contains(device.name)
        || update.setHostDevices.contains { $0.name == device.name }
    }
    machine.hostDevices += update.setHostDevices
    for disk in update.setDisks { set(disk, in: &machine, &mark) }
    for drive in update.setDrives { set(drive, in: &machine, &mark) }
    for nic in update.setNICs { set(nic, in: &machine, &mark) }
    let gone = Set(update.removeDisks + update.removeNICs)
    machine.boot = machine.boot.map { $0.filter { !gone.contains($0) } }
    if update.fields.contains(.boot) { copy(.boot, from: update.wanted, to: &machine) }
    machine.mark = mark
    (machine.shutdown, machine.isProtected) = (update.wanted.shutdown, update.wanted.isProtected)
    for path in machine.disks.map(\.path) where !volumes.contains(where: { $0.path == path }) {
      complain("no file \(path)")
    }
    state.machines[index] = machine
  }

  mutating func plugIn(_ uuid: UUID, _ nic: Machine.NIC) {
    if case .network(let name) = nic.link { plugIn(uuid, [name]) }
  }

  func requireActive(_ nic: Machine.NIC, _ complain: Complain) {
    if let filter = nic.firewall, !filter.isEmpty,
      state.firewalls?.contains(where: { $0.name == filter }) == false
    {
      complain("there is no filter \(filter)")
    }
    guard case .network(let name) = nic.link else { return }
    if state.networks.first(where: { $0.name == name })?.isActive != true {
      complain("network \(name) is not active")
    }
  }

  /// libvirt knows again what a move has taken off.
  mutating func restoreSnapshots(of uuid: UUID, _ complain: Complain) {
    guard let index = state.machines.firstIndex(where: { $0.uuid == uuid }) else {
      return complain("the VM is gone")
    }
    let known = Set((snapshots[uuid] ?? []).map(\.name))
    for name in state.machines[index].carriedSnapshots where !known.contains(name) {
      snapshots[uuid, default: []].append(Snapshot(name: name))
    }
    state.machines[index].carriedSnapshots = []
  }

  private mutating func rename(_ uuid: UUID, _ name: String, _ complain: Complain) {
    guard let index = state.machines.firstIndex(where: { $0.uuid == uuid }) else {
      return complain("the VM is gone")
    }
    if guests[uuid] != nil { complain("a running VM cannot be renamed") }
    if state.machines.contains(where: { $0.domainName == name && $0.uuid != uuid }) {
      complain("the name is taken")
    }
    (state.machines[index].name, state.machines[index].domainName) = (name, name)
    state.machines[index].mark?.name = name
  }

  func copy(_ field: MachineField, from wanted: Machine, to machine: inout Machine) {
    let settings = wanted.settings
    switch field {
    case .title: machine.settings.title = settings.title
    case .description: machine.settings.description = settings.description
    case .accel: machine.settings.accel = settings.accel
    case .virt: machine.settings.virt = settings.virt
    case .cpus: machine.settings.cpus = settings.cpus
    case .memory: machine.settings.memory = settings.memory
    case .memoryLimit: machine.settings.memoryLimit = settings.memoryLimit
    case .machine: machine.settings.machine = versioned(settings.machine)
    case .firmware:
      machine.settings.firmware = settings.firmware
      machine.settings.secureBoot = nil
    case .cpu: machine.settings.cpu = settings.cpu
    case .kernel: machine.kernel = wanted.kernel
    case .initrd: machine.initrd = wanted.initrd
    case .ignition: machine.ignition = wanted.ignition
    case .cmdline: machine.settings.cmdline = settings.cmdline
    case .graphics: machine.settings.graphics = settings.graphics
    case .console:
      machine.settings.console = settings.console
      if settings.console == false { machine.settings.consoleLog = nil }
    case .autostart: machine.settings.autostart = settings.autostart
    case .cpuShares: machine.settings.cpuShares = settings.cpuShares
    case .cpuLimit: machine.settings.cpuLimit = settings.cpuLimit
    case .cpuPinning: machine.settings.cpuPinning = settings.cpuPinning
    case .cpuTopology: machine.settings.cpuTopology = settings.cpuTopology
    case .hugePages: machine.settings.hugePages = settings.hugePages
    case .numaCells: machine.settings.numaCells = settings.numaCells
    case .numaNodes: machine.settings.numaNodes = settings.numaNodes
    case .secureBoot: machine.settings.secureBoot = settings.secureBoot
    case .consoleLog: machine.settings.consoleLog = settings.consoleLog
    case .tpm: machine.settings.tpm = settings.tpm
    case .randomSource: machine.settings.randomSource = settings.randomSource
    case .watchdog: machine.settings.watchdog = settings.watchdog
    case .boot: machine.boot = wanted.boot
    case .password: machine.settings.graphicsPassword = settings.graphicsPassword
    // The mark has the rest.
    case .name, .state, .shutdown, .protect, .metaData, .networkConfig, .userData: break
    }
  }

  private mutating func start(_ uuid: UUID, paused: Bool, _ complain: Complain) {
    guard let machine = state.machines.first(where: { $0.uuid == uuid }) else {
      return complain("the VM is gone")
    }
    if guests[uuid] != nil { return }
    let ownFiles = files(of: machine).subtracting(otherFiles[machine.uuid] ?? [])
    for path in ownFiles where !volumes.contains(where: { $0.path == path }) { complain("no file \(path)") }
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
    boot(machine, paused ? .paused : .running)
  }
}

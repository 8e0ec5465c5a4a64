import FoundationEssentials
import SpecModel

@testable import Planner

/// What running guests take, by the driver that runs them; libvirt refuses the rest. It is written down here from what
/// was seen of libvirt, not from the tables of the planner, so that each tests the other.
extension SimulatedHost {
  private var driver: HostCapabilities.Driver { state.capabilities.driver }

  mutating func changeGuest(_ field: MachineField, _ wanted: Machine, _ complain: Complain) {
    guard var guest = guests[wanted.uuid] else { return complain("no guest to change \(field)") }
    let (from, to) = (guest.settings, wanted.settings)
    switch field {
    case .title, .description: break
    case .cpus:
      if from.cpus?.max != to.cpus?.max { complain("more vCPUs than the guest has room for") }
      if (to.cpus?.count ?? 0) < (from.cpus?.count ?? 0), from.accel == .tcg {
        complain("QEMU that emulates gets no vCPU back")
      }
    case .memory:
      if from.memory?.max != to.memory?.max { complain("the guest cannot have that memory") }
    case .cpuShares:
      if ![.qemu, .xen].contains(driver) || to.cpuShares == nil {
        complain("no call changes the shares to \(to.cpuShares, default: "none")")
      }
    case .cpuLimit:
      if ![.qemu, .xen].contains(driver) { complain("a running guest cannot change \(field)") }
    case .cpuPinning:
      let free = Set((from.cpuPinning?.sets ?? [:]).keys).subtracting((to.cpuPinning?.sets ?? [:]).keys)
      if !free.isEmpty { complain("no call frees the vCPUs \(free)") }
    case .password:
      if driver != .qemu { complain("a running guest cannot change \(field)") }
      if [Graphics.none, nil].contains(from.graphics) { complain("there is no screen to have a password") }
      if to.graphicsPassword == nil { complain("no call takes the password away") }
    // It comes with the medium of a drive.
    case .metaData, .networkConfig, .userData:
      if driver != .qemu { complain("a running guest cannot change \(field)") }
    case .randomSource:
      if driver != .qemu { complain("a running guest cannot change \(field)") }
      if (from.randomSource?.kind == nil) == (to.randomSource?.kind == nil) {
        complain("no call changes the rate of random numbers")
      }
    case .name, .accel, .virt, .cpuTopology, .memoryLimit, .hugePages, .numaCells, .numaNodes, .machine,
      .firmware,
      .secureBoot, .cpu, .kernel, .initrd, .cmdline, .ignition, .boot, .graphics, .console, .consoleLog, .tpm,
      .watchdog,
      .autostart, .shutdown, .protect, .state:
      complain("a running guest cannot change \(field)")
    }
    copy(field, from: wanted, to: &guest)
    guests[wanted.uuid] = guest
  }

  mutating func change(_ change: DeviceChange, of uuid: UUID, _ complain: Complain) {
    guard var guest = guests[uuid] else { return complain("no guest to change the devices of") }
    if !isPossible(change, guest) { complain("a running guest of \(driver) cannot \(change)") }
    if case .detachDisk = change, guest.settings.state == .paused {
      complain("a paused guest lets go of nothing")
    }
    if case .detachNIC = change, guest.settings.state == .paused {
      complain("a paused guest lets go of nothing")
    }
    var mark = guest.mark ?? Mark(stack: "")
    let boot = guest.boot
    switch change {
    case .attachDisk(let disk):
      if guest.disks.contains(where: { $0.path == disk.path }) {
        complain("\(disk.path) is attached already")
      }
      if guests.values.contains(where: { $0.uuid != uuid && $0.disks.contains { $0.path == disk.path } }) {
        complain("another guest has \(disk.path)")
      }
      if !volumes.contains(where: { $0.path == disk.path }) { complain("no file \(disk.path)") }
      set(disk, in: &guest, &mark)
    case .detachDisk(let disk):
      if !guest.disks.contains(where: { $0.path == disk.path }) { complain("\(disk.name) is not attached") }
      guest.disks.removeAll { $0.path == disk.path }
    case .throttleDisk(let disk):
      if !guest.disks.contains(where: { $0.name == disk.name }) { complain("\(disk.name) is not attached") }
      set(disk, in: &guest, &mark)
    case .attachDrive(let drive): set(drive, in: &guest, &mark)
    case .changeMedia(let drive):
      guard let index = guest.drives.firstIndex(where: { $0.name == drive.name }) else {
        return complain("no drive \(drive.name)")
      }
      guest.drives[index].media = drive.media
    case .detachDrive(let drive): guest.drives.removeAll { $0.name == drive.name }
    case .attachMemory(let device):
      if guest.settings.memoryLimit == nil { complain("no room for memory devices") }
      if guest.memoryDevices.contains(where: { $0.name == device.name }) {
        complain("\(device.name) is plugged in already")
      }
      guest.memoryDevices.append(device)
    case .attachNIC(let nic):
      if guests.values.contains(where: { $0.nics.contains { $0.mac == nic.mac } }) {
        complain("\(nic) is in use")
      }
      requireActive(nic, complain)
      plugIn(uuid, nic)
      set(nic, in: &guest, &mark)
    case .detachNIC(let nic): guest.nics.removeAll { $0.mac == nic.mac }
    case .updateNIC(let nic):
      guard let old = guest.nics.first(where: { $0.mac == nic.mac }) else { return complain("no NIC \(nic)") }
      if nic.model != nil, nic.model != old.model { complain("cannot modify the model of a NIC") }
      requireActive(nic, complain)
      var nic = nic
      nic.name = old.name
      if nic.link != old.link { plugIn(uuid, nic) }
      set(nic, in: &guest, &mark)
    case .attachHostDevice(let device):
      if guest.hostDevices.contains(where: { $0.id == device.id }) {
        complain("\(device) is attached already")
      }
      guest.hostDevices.append(device)
    case .detachHostDevice(let device): guest.hostDevices.removeAll { $0.name == device.name }
    }
    // What is plugged in while it runs has no place in the order.
    let names = Set(guest.disks.map(\.name) + guest.drives.map(\.name) + guest.nics.map(\.name))
    guest.boot = boot.map { $0.filter(names.contains) }
    guests[uuid] = guest
  }

  private func isPossible(_ change: DeviceChange, _ guest: Machine) -> Bool {
    switch change {
    case .attachDisk(let disk) where driver == .xen:
      // A QEMU that serves disks is there if the guest started with one.
      guest.settings.virt == .hvm || disk.format == .raw || guest.disks.contains { $0.format != .raw }
    case .attachDisk(let disk), .detachDisk(let disk):
      driver == .xen || driver == .qemu && disk.bus != .sata
    case .attachDrive(let drive), .detachDrive(let drive): driver == .qemu && drive.bus != .sata
    case .attachNIC, .detachNIC: driver == .qemu || driver == .xen
    case .attachHostDevice(let device), .detachHostDevice(let device):
      if case .usb = device.id { driver == .qemu } else { false }
    case .throttleDisk, .changeMedia, .updateNIC, .attachMemory: driver == .qemu
    }
  }
}

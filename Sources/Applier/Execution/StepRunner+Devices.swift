import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// Devices of running guests: plugged in, out and changed. Each change looks at the live document first, so that it may
/// be made twice.
extension StepRunner {
  /// - Parameter names: the mark in which new disks and drives have their targets already; nil where it is the
  ///   definition's.
  func change(_ changes: [DeviceChange], of domain: Domain, _ names: Mark? = nil) async throws {
    var marked = names
    if marked == nil { marked = MarkDocument.read(from: try await domain.xml(.inactive)) }
    for change in changes { try await self.change(change, of: domain, marked ?? Mark(stack: stack)) }
  }

  private func change(_ change: DeviceChange, of domain: Domain, _ names: Mark) async throws {
    let live = try await domain.xml(.live)
    switch change {
    case .attachDisk(let disk): try await attach(disk, to: domain, live, names)
    case .detachDisk(let disk):
      try await detach(domain, "disk '\(disk.name)'") { DomainDocument.disk(withFile: disk.file, in: $0) }
    case .throttleDisk(let disk):
      guard let element = DomainDocument.disk(withFile: disk.file, in: live),
        let target = DomainDocument.target(of: element)
      else {
        throw Failure(description: "the guest does not have the disk '\(disk.name)'")
      }
      let limits = DomainDocument.liveLimits(disk.ioTune ?? IOTune(), of: element)
      try await domain.setBlockIOTune(target, limits: limits, affecting: .live)
    case .attachDrive(let drive): try await attach(drive, to: domain, live, names)
    case .detachDrive(let drive):
      try await detach(domain, "CD-ROM drive '\(drive.name)'") { Self.drive($0, named: drive) }
    case .changeMedia(let drive): try await changeMedia(drive, of: domain, live, names)
    case .attachMemory(let device):
      if DomainDocument.memoryDevice(named: device.name, in: live) == nil {
        try await domain.attachDevice(DomainDocument.element(of: device), affecting: .live)
      }
    case .attachNIC(let nic):
      if Self.interface(live, nic.mac) == nil {
        try await domain.attachDevice(DomainDocument.element(of: nic, on: host), affecting: .live)
      }
    case .detachNIC(let nic): try await detach(domain, "NIC '\(nic.name)'") { Self.interface($0, nic.mac) }
    case .updateNIC(let nic): try await update(nic, of: domain, live)
    case .attachHostDevice(let device):
      if DomainDocument.hostDevice(named: device.name, in: live) == nil {
        try await domain.attachDevice(DomainDocument.element(of: device), affecting: .live)
      }
    case .detachHostDevice(let device):
      try await detach(domain, "device '\(device.name)' of the host") {
        DomainDocument.hostDevice(named: device.name, in: $0)
      }
    }
  }

  // MARK: Disks

  private func attach(_ disk: Machine.Disk, to domain: Domain, _ live: XMLElement, _ names: Mark) async throws
  {
    guard DomainDocument.disk(withFile: disk.file, in: live) == nil else { return }
    let bus = disk.bus ?? .virtio
    let target = try await target(of: disk.name, bus, on: domain, live, names)
    try await addController(for: bus, to: domain, live)
    try await domain.attachDevice(
      DomainDocument.element(of: disk, target: target, on: host), affecting: .live)
  }

  private func attach(_ drive: Machine.Drive, to domain: Domain, _ live: XMLElement, _ names: Mark)
    async throws
  {
    let bus = drive.bus ?? .scsi
    let target = try await target(of: drive.name, bus, on: domain, live, names)
    if live.all(at: "devices", "disk").contains(where: { DomainDocument.target(of: $0) == target }) { return }
    try await addController(for: bus, to: domain, live)
    try await domain.attachDevice(
      DomainDocument.element(of: drive, target: target, on: host), affecting: .live)
  }

  /// The target that the mark has for a disk or a drive, or else a free one.
  private func target(
    of name: String, _ bus: DiskBus, on domain: Domain, _ live: XMLElement, _ names: Mark
  ) async throws -> String {
    if let known = names.disks.first(where: { $0.name == name })?.target { return known }
    return DomainDocument(tree: try await domain.xml(.inactive), host: host, guest: live).freeTarget(for: bus)
  }

  private func addController(for bus: DiskBus, to domain: Domain, _ live: XMLElement) async throws {
    guard let devices = live.first("devices"), DomainDocument.needsController(for: bus, on: host, in: devices)
    else {
      return
    }
    try await domain.attachDevice(DomainDocument.scsiController, affecting: .live)
  }

  private func changeMedia(
    _ drive: Machine.Drive, of domain: Domain, _ live: XMLElement, _ names: Mark
  ) async throws {
    let target = names.disks.first { $0.name == drive.name }?.target
    guard
      var element = live.all(at: "devices", "disk").first(where: { DomainDocument.target(of: $0) == target }),
      target != nil
    else { throw Failure(description: "the guest does not have the CD-ROM drive '\(drive.name)'") }
    DomainDocument.setMedia(drive.media, in: &element)
    do {
      // A guest that has locked its tray is not asked: what the drive holds is the spec's word.
      try await domain.updateDevice(element, affecting: .live, force: true)
    } catch let error as LibvirtError where error.code == .internalError && Self.isSCSI(element) {
      // libvirt does not open the tray of a drive that was plugged in while the guest ran. The drive can be unplugged.
      let drive = Machine.Drive(name: drive.name, media: drive.media, bus: .scsi, target: target)
      try await detach(domain, "CD-ROM drive '\(drive.name)'") { Self.drive($0, named: drive) }
      element.removeChildren(named: "alias")
      // An empty drive comes back with the guest's next start.
      if drive.media != nil { try await domain.attachDevice(element, affecting: .live) }
    }
  }

  // MARK: Network interfaces

  /// Edits what the guest has: a change that the definition has beside waits for the guest's next start.
  private func update(_ nic: Machine.NIC, of domain: Domain, _ live: XMLElement) async throws {
    guard let running = Self.interface(live, nic.mac) else {
      throw Failure(description: "the guest does not have the NIC '\(nic.name)'")
    }
    let definition = Self.interface(try await domain.xml(.inactive), nic.mac)
    // One that a run which was cut off has left parked, with its cable pulled, comes from its own network.
    let home = NetworkPlug(running).flatMap { plug in
      Network.parkedFor(plug.network).map { plug.returned(to: $0, as: definition) }
    }
    var element = DomainDocument.liveUpdate(of: home ?? running, to: nic, definition: definition)
    try await keepPort(&element, of: running)
    try await domain.updateDevice(element, affecting: .live)
  }

  /// An interface that stays on its network keeps its port there: libvirt takes one with another identity for moved, which
  /// it does not do on Open vSwitch. Nor does it look for the VLAN of a port group: the port would have none.
  private func keepPort(_ element: inout XMLElement, of running: XMLElement) async throws {
    guard let port = running.first("virtualport"),
      let name = element.first("source")?[attribute: "network"],
      running.first("source")?[attribute: "network"] == name
    else { return }
    element.setChild(port)
    guard element.first("vlan") == nil, let network = try await connection.network(named: name) else {
      return
    }
    let portgroup = element.first("source")?[attribute: "portgroup"]
    let group = try await network.xml(.live).all("portgroup").first {
      portgroup == nil ? $0[attribute: "default"] == "yes" : $0[attribute: "name"] == portgroup
    }
    element.setVLAN(group?.vlan, .after(["mac", "source"]))
  }

  // MARK: Random numbers

  func set(_ source: OptionalDevice<RandomSource>?, of domain: Domain) async throws {
    func find(_ document: XMLElement) -> XMLElement? {
      document.first("devices").flatMap(DomainDocument.randomSource(in:))
    }
    let there = find(try await domain.xml(.live))
    switch source {
    case .present(let kind):
      if there == nil { try await domain.attachDevice(DomainDocument.element(of: kind), affecting: .live) }
    case .absent: try await detach(domain, "source of random numbers", find)
    case nil: break
    }
  }

  // MARK: Unplugging

  /// Asks the guest to let go of a device, and waits until it has.
  private func detach(_ domain: Domain, _ name: String, _ find: (XMLElement) -> XMLElement?) async throws {
    guard let element = find(try await domain.xml(.live)) else { return }
    do {
      try await domain.detachDevice(element, affecting: .live)
    } catch let error as LibvirtError where error.code == .deviceMissing {
      // It has let go of it since.
    }
    let refusal = Failure(
      description: "the guest has not let go of its \(name) within \(Self.patience); it may be in use")
    try await wait(for: Self.patience, orThrow: refusal) { find(try await domain.xml(.live)) == nil }
  }

  // MARK: Finding

  private static func drive(_ document: XMLElement, named drive: Machine.Drive) -> XMLElement? {
    document.all(at: "devices", "disk").first {
      DomainDocument.isDrive($0) && DomainDocument.target(of: $0) == drive.target
    }
  }

  private static func isSCSI(_ disk: XMLElement) -> Bool { disk.first("target")?[attribute: "bus"] == "scsi" }

  private static func interface(_ document: XMLElement, _ mac: MACAddress?) -> XMLElement? {
    document.all(at: "devices", "interface").first { DomainDocument.macAddress(of: $0) == mac?.description }
  }
}

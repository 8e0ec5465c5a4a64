import FoundationEssentials
import Libvirt
import Planner
import SpecModel

extension DomainDocument {
  /// A VM from its persistent definition.
  ///
  /// - Parameter overlays: what lies over the files of disks, by the file.
  static func read(
    _ document: XMLElement, name: String, uuid: UUID, overlays: [String: Machine.Overlay] = [:]
  ) -> Machine {
    var machine = plain(document, name: name, uuid: uuid)
    var mark = machine.mark ?? Mark(stack: "")
    mark.disks = self.disks(of: mark, in: document, overlays: overlays)
    mark.nics = self.nics(of: mark, in: document)
    let disks = document.all(at: "devices", "disk")
    let interfaces = document.all(at: "devices", "interface")
    for known in mark.disks {
      guard let element = disks.first(where: { target(of: $0) == known.target }) else { continue }
      add(element, known, known.file.flatMap { overlays[$0] }, to: &machine)
    }
    machine.nics = mark.nics.compactMap { known in
      interfaces.first { macAddress(of: $0) == known.mac }.map { nic($0, known.name) }
    }
    let named = Set(mark.nics.map(\.mac))
    let others = interfaces.filter { !named.contains(macAddress(of: $0) ?? "") }
    machine.otherNetworks = networks(of: others)
    machine.otherFilters = Set(others.compactMap(filter(of:)))
    let targets = Set(mark.disks.map(\.target))
    machine.unnamed = unnamed(disks.filter { !targets.contains(target(of: $0) ?? "") }, others)
    machine.boot = bootOrder(of: disks + interfaces, mark)
    machine.carriedSnapshots = SnapshotsDocument.names(in: document)
    return machine
  }

  /// What the guest of the VM `definition` runs with, from its live document. Devices are told by what they are
  /// attached to: targets may differ from those of the definition.
  static func readGuest(_ document: XMLElement, of definition: Machine) -> Machine {
    var guest = plain(document, name: definition.name, uuid: definition.uuid)
    guest.transit = TransitDocument.read(from: document)
    var disks = document.all(at: "devices", "disk")
    var interfaces = document.all(at: "devices", "interface")
    func take(_ elements: inout [XMLElement], _ isWanted: (XMLElement) -> Bool) -> XMLElement? {
      elements.firstIndex(where: isWanted).map { elements.remove(at: $0) }
    }
    // An address that another NIC had at the guest's start, and is to lose at the next one, is that one's still.
    func hasGivenAway(_ mac: String?, but nic: Machine.NIC) -> Bool {
      let owner = guest.mark?.nics.first { $0.mac == mac }?.name
      return definition.nics.contains {
        $0.name == owner && $0.name != nic.name && $0.mac?.description != mac
      }
    }
    let marks = (definition.mark?.disks ?? []) + (guest.mark?.disks ?? [])
    for disk in definition.disks {
      let element =
        take(&disks) { path($0) == disk.path }
        ?? take(&disks) { path($0) == disk.overlay?.path || backingFiles(of: $0).contains(disk.path) }
      guard let element else { continue }
      let overlay = disk.overlay ?? path(element).map { .init(path: $0, isProven: true) }
      add(element, .init(name: disk.name, target: "", file: disk.path, keep: disk.keep), overlay, to: &guest)
    }
    for known in marks where !(guest.disks.map(\.name) + guest.drives.map(\.name)).contains(known.name) {
      let isDisk = definition.disks.contains { $0.name == known.name }
      // A disk of the definition was looked for by its file.
      guard !isDisk else { continue }
      let element = take(&disks) { device in
        if let file = known.file { return !isDrive(device) && path(device) == file }
        return target(of: device) == known.target
      }
      if let element { add(element, known, nil, to: &guest) }
    }
    for known in definition.nics {
      let former = guest.mark?.nics.first { $0.name == known.name }?.mac
      let element =
        take(&interfaces) { device in
          let mac = macAddress(of: device)
          return mac == known.mac?.description && !hasGivenAway(mac, but: known)
        }
        ?? take(&interfaces) { $0.first("mac") != nil && macAddress(of: $0) == former }
      if let element { guest.nics.append(liveNIC(element, known.name, definition)) }
    }
    let nicMarks = (definition.mark?.nics ?? []) + (guest.mark?.nics ?? [])
    for known in nicMarks where !guest.nics.contains(where: { $0.name == known.name }) {
      if let element = take(&interfaces, { macAddress(of: $0) == known.mac }) {
        guest.nics.append(liveNIC(element, known.name, definition))
      }
    }
    guest.otherNetworks = networks(of: interfaces)
    guest.unnamed = unnamed(disks, interfaces)
    guest.otherFilters = Set(interfaces.compactMap(filter(of:)))
    guest.settings.cpuPinning = pinning(of: guest.settings, beside: definition.settings)
    return guest
  }

  private static func unnamed(_ disks: [XMLElement], _ interfaces: [XMLElement]) -> Machine.UnnamedDevices {
    if disks.isEmpty, interfaces.isEmpty { return Machine.UnnamedDevices() }
    var machine = Machine(name: "", uuid: UUID(), settings: MachineSettings())
    var boot: [(Int, Machine.BootDevice)] = []
    func note(_ device: XMLElement, _ place: Machine.BootDevice?) {
      let order = device.first("boot")?[attribute: "order"].flatMap { Int($0) }
      if let order, let place { boot.append((order, place)) }
    }
    for disk in disks where [nil, "disk", "cdrom"].contains(disk[attribute: "device"]) {
      add(disk, .init(name: "", target: target(of: disk) ?? ""), nil, to: &machine)
      note(disk, isDrive(disk) ? target(of: disk).map { .drive($0) } : path(disk).map { .disk($0) })
    }
    var unnamed = Machine.UnnamedDevices()
    (unnamed.disks, unnamed.drives) = (machine.disks, machine.drives)
    unnamed.nics = interfaces.map { nic($0, "") }
    for (element, nic) in zip(interfaces, unnamed.nics) { note(element, nic.mac.map { .nic($0) }) }
    unnamed.boot = boot.sorted { $0.0 < $1.0 }.map(\.1)
    return unnamed
  }

  /// A live document says nothing of vCPUs that are not plugged in: they will have what the definition says.
  private static func pinning(of guest: MachineSettings, beside definition: MachineSettings) -> VCPUPinning? {
    let plugged = guest.cpus?.count ?? 0
    let later = (definition.cpuPinning?.sets ?? [:]).filter { $0.key >= plugged }
    let sets = (guest.cpuPinning?.sets ?? [:]).merging(later) { live, _ in live }
    return sets.isEmpty ? nil : VCPUPinning(sets)
  }

  /// The networks that they are on, and how many.
  private static func networks(of interfaces: [XMLElement]) -> [String: Int] {
    interfaces.compactMap { $0.first("source")?[attribute: "network"] }.reduce(into: [:]) {
      $0[$1, default: 0] += 1
    }
  }

  /// All but the devices with names.
  private static func plain(_ document: XMLElement, name: String, uuid: UUID) -> Machine {
    var machine = Machine(name: name, uuid: uuid, settings: settings(of: document))
    machine.mark = MarkDocument.read(from: document)
    machine.markFault = MarkDocument.fault(in: document)
    machine.shutdown = machine.mark?.applied[MachineField.shutdown.rawValue].flatMap(
      ShutdownPolicy.init(recorded:))
    machine.isProtected = machine.mark?.applied[MachineField.protect.rawValue] == "true"
    machine.memoryDevices = memoryDevices(in: document)
    machine.shares = shares(in: document)
    machine.hostDevices = hostDevices(in: document)
    machine.kernel = document.at("os", "kernel")?.text
    machine.initrd = document.at("os", "initrd")?.text
    machine.ignition = ignition(in: document)
    let interfaces = document.all(at: "devices", "interface")
    machine.files = Set(
      document.all(at: "devices", "disk").compactMap(path)
        + [machine.kernel, machine.initrd, machine.ignition].compactMap { $0 })
    machine.macs = Set(interfaces.compactMap { macAddress(of: $0).flatMap { try? MACAddress(parsing: $0) } })
    return machine
  }

  /// - Parameter overlay: what lies over the disk's own file, if it has another one.
  private static func add(
    _ element: XMLElement, _ mark: Mark.DiskMark, _ overlay: Machine.Overlay?, to machine: inout Machine
  ) {
    let bus = element.first("target")?[attribute: "bus"].flatMap(DiskBus.init)
    if isDrive(element) {
      machine.drives.append(
        .init(name: mark.name, media: path(element), bus: bus, target: target(of: element)))
      return
    }
    var disk = Machine.Disk(
      name: mark.name, path: mark.file ?? path(element) ?? "",
      format: element.first("driver")?[attribute: "type"].flatMap(DiskFormat.init), bus: bus,
      target: target(of: element), keep: mark.keep, isProtected: mark.isProtected,
      ioTune: ioTune(of: element))
    if path(element) != disk.path { disk.overlay = overlay }
    // The file below is read by whoever has the overlay.
    machine.files.insert(disk.path)
    machine.disks.append(disk)
  }

  /// The names of the devices with a place in the order; nil where no device has one.
  private static func bootOrder(of devices: [XMLElement], _ mark: Mark) -> [String]? {
    let nameOf = names(by: mark)
    let order = devices.compactMap { device -> (Int, String)? in
      guard let number = device.first("boot")?[attribute: "order"].flatMap({ Int($0) }),
        let name = nameOf(device)
      else { return nil }
      return (number, name)
    }
    return order.isEmpty ? nil : order.sorted { $0.0 < $1.0 }.map(\.1)
  }

  private static func settings(of document: XMLElement) -> MachineSettings {
    var settings = MachineSettings()
    settings.title = document.first("title")?.text
    settings.description = document.first("description")?.text
    settings.accel =
      switch document[attribute: "type"] {
      case "kvm": .kvm
      case "qemu": .tcg
      default: nil
      }
    if let vcpu = document.first("vcpu"), let max = Int(vcpu.text) {
      settings.cpus = VCPUs(count: vcpu[attribute: "current"].flatMap { Int($0) } ?? max, max: max)
    }
    settings.cpuShares = document.at("cputune", "shares").flatMap { Int($0.text) }
    settings.cpuLimit = cpuLimit(of: document)
    let pins = document.all(at: "cputune", "vcpupin").compactMap { pin -> (Int, CPUSet)? in
      guard let vcpu = pin[attribute: "vcpu"].flatMap({ Int($0) }),
        let set = pin[attribute: "cpuset"].flatMap({ try? CPUSet(parsing: $0) })
      else { return nil }
      return (vcpu, set)
    }
    if !pins.isEmpty {
      settings.cpuPinning = VCPUPinning(Dictionary(pins, uniquingKeysWith: { first, _ in first }))
    }
    if let max = memory(document, "memory") {
      settings.memory = MemoryAmount(size: memory(document, "currentMemory") ?? max, max: max)
    }
    settings.memoryLimit = kibibytes(document.first("maxMemory"))
    let os = document.first("os")
    settings.machine = os?.first("type")?[attribute: "machine"]
    settings.virt = os?.first("type").flatMap { Virtualization(osType: $0.text) }
    settings.firmware = isUEFI(os) ? .uefi : .bios
    settings.secureBoot = secureBoot(of: document)
    settings.cpuTopology = topology(of: document)
    settings.hugePages = hugePages(of: document)
    settings.numaCells = numaCells(of: document)
    settings.numaNodes = numaNodes(of: document)
    settings.cpu = document.first("cpu").flatMap(cpuModel)
    settings.cmdline = os?.first("cmdline")?.text
    let devices = document.first("devices")
    settings.graphics =
      devices?.first("graphics").map { $0[attribute: "type"] ?? "" }.flatMap(Graphics.init)
      ?? (devices?.first("graphics") == nil ? Graphics.none : nil)
    settings.console = devices.map(hasConsole) ?? false
    settings.consoleLog = devices.flatMap(consoleLog)
    settings.tpm = devices.flatMap(tpm)
    settings.randomSource = devices.map(randomSource(of:))
    settings.watchdog = devices.flatMap(watchdog)
    return settings
  }

  /// An amount of memory without what is plugged in.
  private static func memory(_ document: XMLElement, _ name: String) -> ByteCount? {
    document.first(name).flatMap { UInt64($0.text) }.map { total in
      .kibibytes(total - min(total, pluggedKibibytes(in: document)))
    }
  }

  private static func kibibytes(_ element: XMLElement?) -> ByteCount? {
    // libvirt reports memory in KiB, whatever unit it was given.
    element.flatMap { UInt64($0.text) }.map(ByteCount.kibibytes)
  }

  private static func cpuModel(_ cpu: XMLElement) -> String? {
    switch cpu[attribute: "mode"] {
    case "custom", nil: cpu.first("model")?.text
    case "maximum": "max"
    case let mode?: mode
    }
  }

  private static func ioTune(of disk: XMLElement) -> IOTune? {
    guard let element = disk.first("iotune") else { return nil }
    func value(_ name: String) -> UInt64? {
      element.first(name).flatMap { UInt64($0.text) }.flatMap { $0 == 0 ? nil : $0 }
    }
    var ioTune = IOTune()
    ioTune.totalBytes = value("total_bytes_sec").map(ByteCount.init(rawValue:))
    ioTune.readBytes = value("read_bytes_sec").map(ByteCount.init(rawValue:))
    ioTune.writeBytes = value("write_bytes_sec").map(ByteCount.init(rawValue:))
    ioTune.totalIOPS = value("total_iops_sec").map { Int(clamping: $0) }
    ioTune.readIOPS = value("read_iops_sec").map { Int(clamping: $0) }
    ioTune.writeIOPS = value("write_iops_sec").map { Int(clamping: $0) }
    return ioTune.isUnlimited ? nil : ioTune
  }

  private static func nic(_ element: XMLElement, _ name: String) -> Machine.NIC {
    let source = element.first("source")
    let link: Machine.Link =
      switch (source?[attribute: "network"], element[attribute: "type"]) {
      // A running guest's interface on a network that is a bridge is one of type bridge.
      case (let network?, _): .network(network)
      case (nil, "user"): .user
      case (nil, "bridge"): .bridge(source?[attribute: "bridge"] ?? "")
      case (nil, let type): .other(type ?? "")
      }
    return Machine.NIC(
      name: name, link: link, mac: macAddress(of: element).flatMap { try? MACAddress(parsing: $0) },
      model: element.first("model")?[attribute: "type"],
      linkState: element.first("link")?[attribute: "state"] == "down" ? .down : .up,
      portgroup: source?[attribute: "portgroup"].map { Machine.PortgroupUse(name: $0) }, vlan: element.vlan,
      qos: element.qos, firewall: filter(of: element))
  }

  /// An interface of a running guest. What it has from its port group, its document has as if it were its own.
  private static func liveNIC(_ element: XMLElement, _ name: String, _ definition: Machine) -> Machine.NIC {
    var nic = nic(element, name)
    guard var portgroup = nic.portgroup else { return nic }
    let defined = definition.nics.first { $0.name == name }
    if defined?.vlan == nil { (portgroup.vlan, nic.vlan) = (nic.vlan, nil) }
    if defined?.qos == nil { (portgroup.qos, nic.qos) = (nic.qos, nil) }
    nic.portgroup = portgroup
    return nic
  }

  private static func filter(of interface: XMLElement) -> String? {
    interface.first("filterref")?[attribute: "filter"]
  }
}

import Libvirt
import Planner
import SpecModel

/// Disks and CD-ROM drives are found by the names in the mark, never by their position.
extension DomainDocument {
  // MARK: Disks

  /// Adds `disk`, or changes the one of its name.
  mutating func set(_ disk: Machine.Disk, _ mark: inout Mark) {
    mark.disks.removeAll { $0.name == disk.name }
    var target: String
    if let there = Self.disk(withFile: disk.file, in: tree).flatMap(Self.target) {
      target = change(there, to: disk)
    } else {
      let bus = disk.bus ?? .virtio
      target = pluggedTarget(of: "disk", with: disk.path) ?? freeTarget(for: bus)
      add(Self.element(of: disk, target: target, bootOrder: nextBootOrder, on: host), bus)
    }
    mark.disks.append(
      .init(
        name: disk.name, target: target, file: disk.path, keep: disk.keep, isProtected: disk.isProtected))
  }

  static func element(
    of disk: Machine.Disk, target: String, bootOrder: Int? = nil, on host: HostCapabilities
  ) -> XMLElement {
    let (type, source) = source(of: disk)
    return XMLElement("disk", ["type": type, "device": "disk"]) {
      XMLElement(
        "driver",
        [
          "name": backend(of: disk.format ?? .raw, on: host), "type": disk.format?.rawValue,
          "discard": host.driver == .qemu ? "unmap" : nil,
        ])
      source
      XMLElement(
        "target", ["dev": target, "bus": host.driver == .xen ? "xen" : (disk.bus ?? .virtio).rawValue])
      disk.ioTune.flatMap(element)
      if host.driver == .qemu, let bootOrder { XMLElement("boot", ["order": "\(bootOrder)"]) }
    }
  }

  /// What serves a disk; nil where libvirt chooses. Of what is raw, dom0's kernel does it in Xen; without a name it would be
  /// given what is not raw, too, and the guest would see the file as it is.
  private static func backend(of format: DiskFormat, on host: HostCapabilities) -> String? {
    switch host.driver {
    case .test: nil
    case .xen where format == .raw: nil
    default: "qemu"
    }
  }

  /// The type of a disk, and where it comes from. A path is written, not a pool: what confines a guest can follow it.
  private static func source(of disk: Machine.Disk) -> (type: String, XMLElement) {
    switch disk.access {
    case .file: return ("file", XMLElement("source", ["file": disk.path]))
    case .block: return ("block", XMLElement("source", ["dev": disk.path]))
    case .volume(let pool, let name): return ("volume", XMLElement("source", ["pool": pool, "volume": name]))
    case .rbd(let pool):
      let source = XMLElement("source", ["protocol": "rbd", "name": disk.path]) {
        pool.monitors.map { XMLElement("host", ["name": $0.host, "port": $0.port.map(String.init)]) }
        pool.login.map { login in
          XMLElement("auth", ["username": login.user]) {
            XMLElement("secret", ["type": "ceph", "usage": login.secret])
          }
        }
      }
      return ("network", source)
    }
  }

  /// The path of what is in a disk or a drive; of an image of Ceph `POOL/NAME`; nil if it is empty.
  static func path(_ disk: XMLElement) -> String? {
    guard let source = disk.first("source") else { return nil }
    return source[attribute: "file"] ?? source[attribute: "dev"]
      ?? (source[attribute: "protocol"] == "rbd" ? source[attribute: "name"] : nil)
      ?? source[attribute: "volume"].flatMap { name in source[attribute: "pool"].map { "\($0)/\(name)" } }
  }

  /// The target of the disk that has this path; nil if there is none.
  static func target(of path: String, in document: XMLElement) -> String? {
    document.all(at: "devices", "disk").first { Self.path($0) == path }?.first("target")?[attribute: "dev"]
  }

  /// Changes what an attached disk is set to. Returns its target, which another bus changes.
  private mutating func change(_ target: String, to disk: Machine.Disk) -> String {
    var target = target
    if let ioTune = disk.ioTune {
      editDisk(target) { Self.write(ioTune, into: &$0) }
    }
    if let bus = disk.bus { target = move(target, to: bus) }
    return target
  }

  /// Gives a disk or a drive another bus. Returns its target, which is another one then.
  private mutating func move(_ target: String, to bus: DiskBus) -> String {
    let free = freeTarget(for: bus)
    var now = target
    editDisk(target) { element in
      guard element.first("target")?[attribute: "bus"] != bus.rawValue else { return }
      now = free
      element.removeChildren(named: "address")
      element.mutateFirst("target") {
        $0[attribute: "dev"] = free
        $0[attribute: "bus"] = bus.rawValue
      }
    }
    tree.mutateFirst("devices") { [host] in Self.addController(for: bus, on: host, &$0) }
    return now
  }

  private mutating func editDisk(_ target: String, _ edit: (inout XMLElement) -> Void) {
    tree.mutateFirst("devices") { devices in
      devices.mutateChildren(named: "disk") { element in
        if element.first("target")?[attribute: "dev"] == target { edit(&element) }
      }
    }
  }

  private mutating func add(_ element: XMLElement, _ bus: DiskBus) {
    tree.mutateFirst("devices") { [host] devices in
      Self.addController(for: bus, on: host, &devices)
      devices.insert(element, .after(["disk", "emulator"]))
    }
  }

  /// Removes a disk or a drive.
  mutating func removeDisk(_ name: String, _ mark: inout Mark) {
    guard let known = mark.disks.first(where: { $0.name == name }) else { return }
    tree.mutateFirst("devices") { devices in
      devices.removeChildren { $0.name == "disk" && $0.first("target")?[attribute: "dev"] == known.target }
    }
    mark.disks.removeAll { $0.name == name }
  }

  // MARK: Throughput

  /// libvirt's names of the limits, with a disk's values; 0 is no limit.
  static func limits(_ ioTune: IOTune) -> [(name: String, value: UInt64)] {
    [
      ("total_bytes_sec", ioTune.totalBytes?.rawValue), ("read_bytes_sec", ioTune.readBytes?.rawValue),
      ("write_bytes_sec", ioTune.writeBytes?.rawValue), ("total_iops_sec", ioTune.totalIOPS.map(UInt64.init)),
      ("read_iops_sec", ioTune.readIOPS.map(UInt64.init)),
      ("write_iops_sec", ioTune.writeIOPS.map(UInt64.init)),
    ].map { ($0.0, $0.1 ?? 0) }
  }

  /// How large an operation is that counts as one: nothing without a limit of operations.
  static let operationSize = "size_iops_sec"

  private static func hasIOPS(_ ioTune: IOTune) -> Bool {
    limits(ioTune).contains { isIOPS($0.name) && $0.value > 0 }
  }

  private static func isIOPS(_ name: String) -> Bool { name.hasSuffix("_iops_sec") }

  /// The values that give a running guest's disk the limits, by libvirt's names. What a person has set beside them goes
  /// where QEMU does not take it any more: no burst below its limit or without one, no size of operations without a
  /// limit of them.
  static func liveLimits(_ ioTune: IOTune, of disk: XMLElement) -> [String: UInt64] {
    func there(_ name: String) -> UInt64 { disk.at("iotune", name).flatMap { UInt64($0.text) } ?? 0 }
    var values: [String: UInt64] = [:]
    for (name, value) in limits(ioTune) {
      values[name] = value
      let burst = there("\(name)_max")
      if burst > 0, value == 0 || burst < value { values["\(name)_max"] = 0 }
    }
    if !hasIOPS(ioTune), there(operationSize) > 0 { values[operationSize] = 0 }
    return values
  }

  private static func element(of ioTune: IOTune) -> XMLElement? {
    guard !ioTune.isUnlimited else { return nil }
    return XMLElement("iotune") {
      limits(ioTune).filter { $0.value > 0 }.map { XMLElement($0.name, text: "\($0.value)") }
    }
  }

  /// Sets the limits that are the spec's. A burst that a person allowed beyond one stays for as long as the limit does.
  private static func write(_ ioTune: IOTune, into disk: inout XMLElement) {
    guard !ioTune.isUnlimited else {
      disk.removeChildren(named: "iotune")
      return
    }
    disk.mutateFirst("iotune", otherwise: .after(["target"])) { element in
      let hadIOPS = limits(ioTune).contains { isIOPS($0.name) && element.first($0.name) != nil }
      for (name, value) in limits(ioTune) {
        // QEMU takes no burst that is below the limit, and none without one.
        let isBelow = element.first("\(name)_max").flatMap { UInt64($0.text) }.map { $0 < value } ?? false
        element.removeChildren {
          $0.name == name || (value == 0 || isBelow) && $0.name.hasPrefix("\(name)_max")
        }
        if value > 0 { element.insert(XMLElement(name, text: "\(value)"), .first) }
      }
      if hadIOPS, !hasIOPS(ioTune) { element.removeChildren(named: operationSize) }
    }
  }

  // MARK: CD-ROM drives

  /// Adds `drive`, or changes the one of its name.
  mutating func set(_ drive: Machine.Drive, _ mark: inout Mark) {
    let known = mark.disks.first { $0.name == drive.name }
    mark.disks.removeAll { $0.name == drive.name }
    var target = known?.target ?? ""
    if tree.all(at: "devices", "disk").contains(where: { Self.isDrive($0) && Self.target(of: $0) == target })
    {
      editDisk(target) { Self.setMedia(drive.media, in: &$0) }
      if let bus = drive.bus { target = move(target, to: bus) }
    } else {
      let bus = drive.bus ?? .scsi
      target = pluggedTarget(of: "cdrom", with: drive.media) ?? freeTarget(for: bus)
      add(Self.element(of: drive, target: target, bootOrder: nextBootOrder, on: host), bus)
    }
    mark.disks.append(.init(name: drive.name, target: target))
  }

  static func element(
    of drive: Machine.Drive, target: String, bootOrder: Int? = nil, on host: HostCapabilities
  ) -> XMLElement {
    var element = XMLElement("disk", ["type": "file", "device": "cdrom"]) {
      XMLElement("driver", ["name": host.driver == .test ? nil : "qemu", "type": "raw"])
      // A drive that is part of every PC needs a driver of its own in the guest; this one has the disks'.
      XMLElement(
        "target", ["dev": target, "bus": host.driver == .xen ? "xen" : (drive.bus ?? .scsi).rawValue])
      XMLElement("readonly")
      if host.driver == .qemu, let bootOrder { XMLElement("boot", ["order": "\(bootOrder)"]) }
    }
    setMedia(drive.media, in: &element)
    return element
  }

  static func setMedia(_ media: String?, in element: inout XMLElement) {
    for name in ["source", "backingStore"] { element.removeChildren(named: name) }
    guard let media else { return }
    let isDevice = media.hasPrefix("/dev/")
    element[attribute: "type"] = isDevice ? "block" : "file"
    element.insert(XMLElement("source", [isDevice ? "dev" : "file": media]), .before(["target"]))
  }

  // MARK: Targets

  /// The targets of all disks of the definition, by name or not.
  private var targets: Set<String> { Self.targets(in: tree) }

  static func targets(in document: XMLElement) -> Set<String> {
    Set(document.all(at: "devices", "disk").compactMap(target))
  }

  static func disk(withFile path: String, in document: XMLElement) -> XMLElement? {
    document.all(at: "devices", "disk").first { !isDrive($0) && Self.path($0) == path }
  }

  /// The target that the running guest has a new disk or drive at, if it was plugged in just now.
  private func pluggedTarget(of device: String, with file: String?) -> String? {
    let targets = self.targets
    let plugged = guest?.all(at: "devices", "disk").first { disk in
      disk[attribute: "device"] ?? "disk" == device && Self.path(disk) == file
        && !targets.contains(disk.first("target")?[attribute: "dev"] ?? "")
    }
    return plugged?.first("target")?[attribute: "dev"]
  }

  /// A target that neither the definition nor the running guest has.
  func freeTarget(for bus: DiskBus) -> String {
    let used = targets.union(guest.map(Self.targets) ?? [])
    let prefix = host.driver == .xen ? "xvd" : bus == .virtio ? "vd" : "sd"
    var index = 0
    while used.contains(prefix + letters(index)) { index += 1 }
    return prefix + letters(index)
  }

  /// a … z, aa, ab …, as Linux counts disks.
  private func letters(_ index: Int) -> String {
    let letter = String(UnicodeScalar(UInt8(97 + index % 26)))
    return index < 26 ? letter : letters(index / 26 - 1) + letter
  }

  // MARK: Controllers and booting

  /// libvirt's own choice for a SCSI disk is an adapter of 1999 that current guests have no driver for.
  static let scsiController = XMLElement("controller", ["type": "scsi", "model": "virtio-scsi"])

  static func needsController(for bus: DiskBus, on host: HostCapabilities, in devices: XMLElement) -> Bool {
    bus == .scsi && host.driver == .qemu
      && !devices.all("controller").contains { $0[attribute: "type"] == "scsi" }
  }

  private static func addController(for bus: DiskBus, on host: HostCapabilities, _ devices: inout XMLElement)
  {
    if needsController(for: bus, on: host, in: devices) { devices.insert(scsiController) }
  }

  /// The next place in the boot order; nil where the document boots by classes of devices or from a kernel.
  private var nextBootOrder: Int? {
    guard tree.at("os", "boot") == nil, tree.at("os", "kernel") == nil else { return nil }
    let devices = tree.first("devices")?.elements ?? []
    return (devices.compactMap { $0.first("boot")?[attribute: "order"] }.compactMap { Int($0) }.max() ?? 0)
      &+ 1
  }

  /// Puts the devices with names into the order of `names`. The numbers of others stay.
  mutating func writeBootOrder(_ names: [String], _ mark: Mark) {
    tree.mutateFirst("os") { _ = $0.removeChildren(named: "boot") }
    let nameOf = Self.names(by: mark)
    tree.mutateFirst("devices") { devices in
      let taken = Set(
        devices.elements.filter { nameOf($0) == nil }.compactMap { $0.first("boot")?[attribute: "order"] }
          .compactMap { Int($0) })
      var numbers = (1...).lazy.filter { !taken.contains($0) }.makeIterator()
      let order = Dictionary(
        names.compactMap { name in numbers.next().map { (name, $0) } },
        uniquingKeysWith: { first, _ in first })
      for kind in ["disk", "interface"] {
        devices.mutateChildren(named: kind) { device in
          guard let name = nameOf(device) else { return }
          device.removeChildren(named: "boot")
          if let number = order[name] {
            device.insert(XMLElement("boot", ["order": "\(number)"]), .after(["source", "target", "model"]))
          }
        }
      }
    }
  }

  /// Finds the name of a disk, a drive or an interface.
  static func names(by mark: Mark) -> (XMLElement) -> String? {
    let disks = Dictionary(mark.disks.map { ($0.target, $0.name) }, uniquingKeysWith: { first, _ in first })
    let nics = Dictionary(mark.nics.map { ($0.mac, $0.name) }, uniquingKeysWith: { first, _ in first })
    return { device in
      switch device.name {
      case "disk": device.first("target")?[attribute: "dev"].flatMap { disks[$0] }
      case "interface": macAddress(of: device).flatMap { nics[$0] }
      default: nil
      }
    }
  }
}

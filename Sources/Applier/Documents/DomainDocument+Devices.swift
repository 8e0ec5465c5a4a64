import Libvirt
import Planner
import SpecModel

/// Disks and NICs are found by the names in the mark, never by their position.
extension DomainDocument {
  // MARK: Disks

  /// Adds `disk`, or changes the one of its name.
  mutating func set(_ disk: Machine.Disk, _ mark: inout Mark) {
    let bus = disk.bus ?? .virtio
    let known = mark.disks.first { $0.name == disk.name }
    let used = tree.all(at: "devices", "disk").compactMap { $0.first("target")?[attribute: "dev"] }
    mark.disks.removeAll { $0.name == disk.name }
    if let known, used.contains(known.target) {
      let target = change(known, to: disk, used)
      mark.disks.append(.init(name: disk.name, target: target, keep: disk.keep))
      return
    }
    let target = freeTarget(for: bus, used)
    let bootOrder = nextBootOrder
    let element = XMLElement("disk", ["type": "file", "device": "disk"]) {
      XMLElement(
        "driver",
        [
          "name": host.driver == .test ? nil : "qemu", "type": disk.format?.rawValue,
          "discard": host.driver == .qemu ? "unmap" : nil,
        ])
      XMLElement("source", ["file": disk.path])
      XMLElement("target", ["dev": target, "bus": host.driver == .xen ? "xen" : bus.rawValue])
      if host.driver == .qemu, let bootOrder { XMLElement("boot", ["order": "\(bootOrder)"]) }
    }
    tree.mutateFirst("devices") { [host] devices in
      Self.addController(for: bus, on: host, &devices)
      devices.insert(element, .after(["disk", "emulator"]))
    }
    mark.disks.append(.init(name: disk.name, target: target, keep: disk.keep))
  }

  /// Changes the bus of an attached disk. Returns its target.
  private mutating func change(_ known: Mark.DiskMark, to disk: Machine.Disk, _ used: [String]) -> String {
    var target = known.target
    guard let bus = disk.bus else { return target }
    let free = freeTarget(for: bus, used)
    tree.mutateFirst("devices") { [host] devices in
      devices.mutateChildren(named: "disk") { element in
        guard element.first("target")?[attribute: "dev"] == known.target,
          element.first("target")?[attribute: "bus"] != bus.rawValue
        else { return }
        target = free
        element.removeChildren(named: "address")
        element.mutateFirst("target") {
          $0[attribute: "dev"] = free
          $0[attribute: "bus"] = bus.rawValue
        }
      }
      Self.addController(for: bus, on: host, &devices)
    }
    return target
  }

  mutating func removeDisk(_ name: String, _ mark: inout Mark) {
    guard let known = mark.disks.first(where: { $0.name == name }) else { return }
    tree.mutateFirst("devices") { devices in
      devices.removeChildren { $0.name == "disk" && $0.first("target")?[attribute: "dev"] == known.target }
    }
    mark.disks.removeAll { $0.name == name }
  }

  /// libvirt's own choice for a SCSI disk is an adapter of 1999 that current guests have no driver for.
  private static func addController(for bus: DiskBus, on host: HostCapabilities, _ devices: inout XMLElement)
  {
    guard bus == .scsi, host.driver == .qemu,
      !devices.all("controller").contains(where: { $0[attribute: "type"] == "scsi" })
    else { return }
    devices.insert(XMLElement("controller", ["type": "scsi", "model": "virtio-scsi"]))
  }

  private func freeTarget(for bus: DiskBus, _ used: [String]) -> String {
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

  /// The next place in the boot order; nil where the document boots by classes of devices or from a kernel.
  private var nextBootOrder: Int? {
    guard tree.at("os", "boot") == nil, tree.at("os", "kernel") == nil else { return nil }
    let devices = tree.first("devices")?.elements ?? []
    return (devices.compactMap { $0.first("boot")?[attribute: "order"] }.compactMap { Int($0) }.max() ?? 0)
      + 1
  }

  // MARK: Network interfaces

  /// Adds each of `nics`, or changes the one of its name.
  ///
  /// All in one pass: two that exchange their addresses are told apart by the addresses that they have before.
  mutating func set(_ nics: [Machine.NIC], _ mark: inout Mark) {
    var missing = nics
    let known = Dictionary(mark.nics.map { ($0.mac, $0.name) }, uniquingKeysWith: { first, _ in first })
    tree.mutateFirst("devices") { [host] devices in
      devices.mutateChildren(named: "interface") { element in
        guard let mac = element.first("mac")?[attribute: "address"]?.lowercased(), let name = known[mac],
          let index = missing.firstIndex(where: { $0.name == name })
        else { return }
        Self.change(&element, to: missing.remove(at: index))
      }
      for nic in missing {
        var element = XMLElement("interface")
        Self.change(&element, to: nic)
        // libvirt's own choice is a 100 Mbit/s card of 1999.
        let model = nic.model ?? (host.driver == .xen ? "netfront" : "virtio")
        element.setChild(XMLElement("model", ["type": model]))
        devices.insert(element, .after(["disk", "controller", "interface", "emulator"]))
      }
    }
    for nic in nics {
      mark.nics.removeAll { $0.name == nic.name }
      if let mac = nic.mac { mark.nics.append(.init(name: nic.name, mac: "\(mac)")) }
    }
  }

  private static func change(_ element: inout XMLElement, to nic: Machine.NIC) {
    element[attribute: "type"] = nic.link == .user ? "user" : "network"
    if let mac = nic.mac { element.setChild(XMLElement("mac", ["address": "\(mac)"]), otherwise: .first) }
    element.removeChildren(named: "source")
    if case .network(let name) = nic.link {
      element.insert(XMLElement("source", ["network": name]), .after(["mac"]))
    }
    if let model = nic.model { element.mutateFirst("model") { $0[attribute: "type"] = model } }
  }

  mutating func removeNIC(_ name: String, _ mark: inout Mark) {
    guard let known = mark.nics.first(where: { $0.name == name }) else { return }
    tree.mutateFirst("devices") { devices in
      devices.removeChildren {
        $0.name == "interface" && $0.first("mac")?[attribute: "address"]?.lowercased() == known.mac
      }
    }
    mark.nics.removeAll { $0.name == name }
  }
}

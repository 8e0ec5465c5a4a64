import Libvirt
import Planner
import SpecModel

/// Memory as <https://libvirt.org/formatdomain.html#memory-allocation> has it: `<memory>` counts what is plugged in, too.
extension DomainDocument {
  mutating func writeMemory(_ memory: MemoryAmount?) {
    writeTotals(memory)
    fitMemoryCell()
  }

  /// Sets the memory and leaves cells as they are.
  mutating func writeTotals(_ memory: MemoryAmount?) {
    guard let memory else { return }
    let plugged = Self.pluggedKibibytes(in: tree)
    for (name, amount) in [("memory", memory.max), ("currentMemory", memory.size)] {
      tree.mutateFirst(name, otherwise: .after(["memory"])) { element in
        element[attribute: "unit"] = "KiB"
        element.setText("\((amount.rawValue >> 10) + plugged)")
      }
    }
  }

  /// Makes room for memory devices, which needs a NUMA cell that holds the rest.
  mutating func writeMemoryLimit(_ limit: ByteCount?) {
    tree.removeChildren(named: "maxMemory")
    guard let limit else {
      if tree.all(at: "cpu", "numa", "cell").count == 1 { editCPU { $0.removeChildren(named: "numa") } }
      return
    }
    tree.insert(
      XMLElement(
        "maxMemory", ["slots": "\(Self.memorySlots)", "unit": "KiB"], text: "\(limit.rawValue >> 10)"),
      .before(["memory"]))
    addMemoryCell()
  }

  /// Gives memory devices a NUMA cell to be in, where there is none.
  mutating func addMemoryCell() {
    guard tree.first("maxMemory") != nil else { return }
    if tree.at("cpu", "numa") == nil {
      editCPU { $0.insert(XMLElement("numa") { XMLElement("cell", ["id": "0"]) }) }
    }
    fitMemoryCell()
  }

  private static let memorySlots = 16

  /// Keeps the only NUMA cell as large as the machine; several are the spec's, or a person's.
  mutating func fitMemoryCell() {
    guard tree.first("maxMemory") != nil, tree.all(at: "cpu", "numa", "cell").count == 1,
      let total = tree.first("memory").flatMap({ UInt64($0.text) }),
      let vcpus = tree.first("vcpu").flatMap({ Int($0.text) })
    else { return }
    let memory = total - min(total, Self.pluggedKibibytes(in: tree))
    tree.mutateFirst("cpu") { cpu in
      cpu.mutateFirst("numa") { numa in
        numa.mutateFirst("cell") { cell in
          cell[attribute: "cpus"] = vcpus == 1 ? "0" : "0-\(vcpus - 1)"
          cell[attribute: "memory"] = "\(memory)"
          cell[attribute: "unit"] = "KiB"
        }
      }
    }
  }

  // MARK: Devices

  private static let alias = DeviceAlias(kind: "memory")

  static func element(of device: MemoryDevice) -> XMLElement {
    XMLElement("memory", ["model": "dimm"]) {
      XMLElement("target") {
        XMLElement("size", ["unit": "KiB"], text: "\(device.size.rawValue >> 10)")
        XMLElement("node", text: "0")
      }
      alias.element(of: device.name)
    }
  }

  /// Adds a memory device, or gives the one of its name another size.
  mutating func set(_ device: MemoryDevice) {
    removeMemoryDevice(device.name)
    tree.mutateFirst("devices") { $0.insert(Self.element(of: device)) }
    changeTotal { $0 + (device.size.rawValue >> 10) }
  }

  mutating func removeMemoryDevice(_ name: String) {
    guard let device = Self.memoryDevice(named: name, in: tree) else { return }
    tree.mutateFirst("devices") { devices in
      devices.removeChildren { $0.name == "memory" && Self.alias.name(of: $0) == name }
    }
    changeTotal { $0 - min($0, Self.kibibytes(ofDevice: device)) }
  }

  private mutating func changeTotal(_ change: (UInt64) -> UInt64) {
    for name in ["memory", "currentMemory"] {
      guard let before = tree.first(name).flatMap({ UInt64($0.text) }) else { continue }
      tree.mutateFirst(name) { $0.setText("\(change(before))") }
    }
  }

  static func memoryDevice(named name: String, in document: XMLElement) -> XMLElement? {
    document.all(at: "devices", "memory").first { alias.name(of: $0) == name }
  }

  /// The devices that virtform plugged in, by name.
  static func memoryDevices(in document: XMLElement) -> [MemoryDevice] {
    document.all(at: "devices", "memory").compactMap { element in
      alias.name(of: element).map { MemoryDevice(name: $0, size: .kibibytes(kibibytes(ofDevice: element))) }
    }.sorted { $0.name < $1.name }
  }

  /// What all devices hold together, by name or not.
  static func pluggedKibibytes(in document: XMLElement) -> UInt64 {
    document.all(at: "devices", "memory").map(kibibytes).reduce(0, &+)
  }

  private static func kibibytes(ofDevice element: XMLElement) -> UInt64 {
    element.at("target", "size").flatMap { UInt64($0.text) } ?? 0
  }
}

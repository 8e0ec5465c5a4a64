import FoundationEssentials
import Libvirt
import Planner
import SpecModel

extension DomainDocument {
  /// A VM from its persistent definition or from its live document.
  static func read(_ document: XMLElement, name: String, uuid: UUID) -> Machine {
    var machine = Machine(name: name, uuid: uuid, settings: settings(of: document))
    machine.mark = MarkDocument.read(from: document)
    machine.kernel = document.at("os", "kernel")?.text
    machine.initrd = document.at("os", "initrd")?.text
    let disks = document.all(at: "devices", "disk")
    let interfaces = document.all(at: "devices", "interface")
    machine.disks = (machine.mark?.disks ?? []).compactMap { mark in
      disks.first { $0.first("target")?[attribute: "dev"] == mark.target }.map { disk($0, mark) }
    }
    machine.nics = (machine.mark?.nics ?? []).compactMap { mark in
      interfaces.first { $0.first("mac")?[attribute: "address"]?.lowercased() == mark.mac }.map {
        nic($0, mark)
      }
    }
    machine.files = Set(disks.compactMap(path) + [machine.kernel, machine.initrd].compactMap { $0 })
    machine.networks = Set(interfaces.compactMap { $0.first("source")?[attribute: "network"] })
    return machine
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
    if let max = kibibytes(document.first("memory")) {
      settings.memory = MemoryAmount(size: kibibytes(document.first("currentMemory")) ?? max, max: max)
    }
    let os = document.first("os")
    settings.machine = os?.first("type")?[attribute: "machine"]
    let isUEFI = os?[attribute: "firmware"] == "efi" || os?.first("loader")?[attribute: "type"] == "pflash"
    settings.firmware = isUEFI ? .uefi : .bios
    settings.cpu = document.first("cpu").flatMap(cpuModel)
    settings.cmdline = os?.first("cmdline")?.text
    let devices = document.first("devices")
    settings.graphics =
      devices?.first("graphics").map { $0[attribute: "type"] ?? "" }.flatMap(Graphics.init)
      ?? (devices?.first("graphics") == nil ? Graphics.none : nil)
    settings.console = devices?.first("serial") != nil || devices?.first("console") != nil
    return settings
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

  private static func disk(_ element: XMLElement, _ mark: Mark.DiskMark) -> Machine.Disk {
    Machine.Disk(
      name: mark.name, path: path(element) ?? "",
      format: element.first("driver")?[attribute: "type"].flatMap(DiskFormat.init),
      bus: element.first("target")?[attribute: "bus"].flatMap(DiskBus.init), target: mark.target,
      keep: mark.keep)
  }

  private static func path(_ disk: XMLElement) -> String? {
    let source = disk.first("source")
    return source?[attribute: "file"] ?? source?[attribute: "dev"]
  }

  private static func nic(_ element: XMLElement, _ mark: Mark.NICMark) -> Machine.NIC {
    let source = element.first("source")
    let link: Machine.Link =
      switch element[attribute: "type"] {
      case "network": .network(source?[attribute: "network"] ?? "")
      case "user": .user
      case let type: .other([type, source?[attribute: "bridge"]].compactMap { $0 }.joined(separator: " "))
      }
    return Machine.NIC(
      name: mark.name, link: link, mac: try? MACAddress(parsing: mark.mac),
      model: element.first("model")?[attribute: "type"])
  }
}

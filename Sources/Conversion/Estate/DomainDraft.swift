import Libvirt

/// A `<domain>` document in the making; ``document`` has its parts in libvirt's order.
struct DomainDraft {
  var type = "kvm"
  var name: String
  var uuid: String?
  var genid: String?
  var title: String?
  var summary: String?
  /// KiB.
  var memory: UInt64 = 0
  /// KiB; nil if it is all of `memory`.
  var currentMemory: UInt64?
  var memoryBacking: XMLElement?
  var memtune: XMLElement?
  var vcpus = 1
  var currentVCPUs: Int?
  var cpuset: String?
  var cputune: [XMLElement] = []
  var numatune: XMLElement?
  var bootloader: String?
  var bootloaderArguments: String?
  var sysinfo: XMLElement?
  var osType = "hvm"
  var arch: String?
  var machine: String?
  var firmware: String?
  /// `<firmware>`, `<loader>`, `<nvram>`, `<kernel>` … in libvirt's order.
  var boot: [XMLElement] = []
  var features: [XMLElement] = []
  var cpu: XMLElement?
  var clock: XMLElement?
  var onPowerOff: String?
  var onReboot: String?
  var onCrash: String?
  var emulator: String?
  var disks: [XMLElement] = []
  var controllers: [XMLElement] = []
  var filesystems: [XMLElement] = []
  var interfaces: [XMLElement] = []
  /// Serial and parallel ports, consoles, channels and inputs.
  var ports: [XMLElement] = []
  /// Everything after them.
  var otherDevices: [XMLElement] = []

  init(name: String) { self.name = name }

  var document: XMLElement {
    XMLElement("domain", ["type": type]) {
      XMLElement("name", text: name)
      uuid.map { XMLElement("uuid", text: $0) }
      genid.map { XMLElement("genid", text: $0) }
      title.map { XMLElement("title", text: $0) }
      summary.map { XMLElement("description", text: $0) }
      XMLElement("memory", ["unit": "KiB"], text: "\(memory)")
      XMLElement("currentMemory", ["unit": "KiB"], text: "\(currentMemory ?? memory)")
      memoryBacking
      memtune
      XMLElement(
        "vcpu", ["placement": "static", "cpuset": cpuset, "current": currentVCPUs.map { "\($0)" }],
        text: "\(vcpus)")
      cputune.isEmpty ? nil : XMLElement("cputune") { cputune }
      numatune
      bootloader.map { XMLElement("bootloader", text: $0) }
      bootloaderArguments.map { XMLElement("bootloader_args", text: $0) }
      sysinfo
      XMLElement("os", ["firmware": firmware]) {
        XMLElement("type", ["arch": arch, "machine": machine], text: osType)
        boot
      }
      features.isEmpty ? nil : XMLElement("features") { features }
      cpu
      clock
      onPowerOff.map { XMLElement("on_poweroff", text: $0) }
      onReboot.map { XMLElement("on_reboot", text: $0) }
      onCrash.map { XMLElement("on_crash", text: $0) }
      XMLElement("devices") {
        emulator.map { XMLElement("emulator", text: $0) }
        disks
        controllers
        filesystems
        interfaces
        ports
        otherDevices
      }
    }
  }
}

extension DomainDraft {
  /// Drops controllers that nothing is attached to, and adds those that disks need and that libvirt would add itself.
  mutating func completeControllers() {
    let buses = disks.compactMap { $0.first("target")?[attribute: "bus"] }
    let numbers = disks.map { disk in
      let number = disk.first("address")?[attribute: "controller"] ?? "0"
      return "\(disk.first("target")?[attribute: "bus"] ?? "") \(number)"
    }
    let used = Set(numbers)
    for bus in ["scsi", "sata"] {
      let last = controllers.lastIndex { controller in
        controller[attribute: "type"] == bus
          && used.contains("\(bus) \(controller[attribute: "index"] ?? "")")
      }
      let all = controllers.enumerated().filter { $1[attribute: "type"] == bus && $0 > (last ?? -1) }
      for (index, _) in all.reversed() { controllers.remove(at: index) }
    }
    for bus in ["fdc", "ide"] where buses.contains(bus) {
      controllers.append(XMLElement("controller", ["type": bus, "index": "0"]))
    }
  }

  static func topology(sockets: Int, cores: Int, threads: Int) -> XMLElement {
    XMLElement(
      "topology", ["sockets": "\(sockets)", "dies": "1", "cores": "\(cores)", "threads": "\(threads)"])
  }

  /// What asks for secure boot, <https://libvirt.org/formatdomain.html#operating-system-booting>.
  static var secureBoot: XMLElement {
    XMLElement("firmware") {
      XMLElement("feature", ["enabled": "yes", "name": "enrolled-keys"])
      XMLElement("feature", ["enabled": "yes", "name": "secure-boot"])
    }
  }

  static func tpm(version: String = "2.0") -> XMLElement {
    XMLElement("tpm", ["model": "tpm-crb"]) {
      XMLElement("backend", ["type": "emulator", "version": version])
    }
  }
}

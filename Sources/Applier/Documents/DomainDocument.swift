import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// A VM as XML, after <https://libvirt.org/formatdomain.html>: made once, then only edited.
struct DomainDocument {
  var tree: XMLElement
  let host: HostCapabilities
  /// The live document of the running guest, whose targets a new disk must not take.
  var guest: XMLElement? = nil

  /// The document that makes `machine`, with what virtform chooses where the spec says nothing.
  static func definition(of machine: Machine, on host: HostCapabilities) -> XMLElement {
    var document = DomainDocument(
      tree: XMLElement("domain", ["type": host.domainType(machine.settings.accel)]) {
        XMLElement("name", text: machine.name)
        XMLElement("uuid", text: machine.uuid.uuidString.lowercased())
        XMLElement("memory")
        XMLElement("vcpu", text: "1")
        XMLElement("os") {
          XMLElement("type", ["arch": host.architecture, "machine": host.defaultMachine], text: "hvm")
        }
        Self.features(on: host)
        XMLElement("clock", ["offset": "utc"])
        XMLElement("on_poweroff", text: "destroy")
        XMLElement("on_reboot", text: "restart")
        XMLElement("on_crash", text: "destroy")
        XMLElement("devices")
      }, host: host)
    var mark = machine.mark ?? Mark(stack: "")
    // What the spec leaves open gets a value that a server wants.
    var machine = machine
    machine.settings.console = machine.settings.console ?? true
    machine.settings.virt = machine.settings.virt ?? host.virtualization(hasKernel: machine.kernel != nil)
    if host.driver == .qemu {
      machine.settings.randomSource = machine.settings.randomSource ?? .present(RandomSource())
    }
    if host.driver == .qemu, host.domainType(machine.settings.accel) == "kvm" {
      machine.settings.cpu = machine.settings.cpu ?? "host-model"
    }
    for field in MachineField.allCases where field != .accel || machine.settings.accel != nil {
      document.write(field, of: machine)
    }
    document.writeBootloader()
    if host.driver == .qemu { document.addQEMUDevices() }
    for device in machine.memoryDevices { document.set(device) }
    for share in machine.shares { document.set(share) }
    for device in machine.hostDevices { document.set(device) }
    for disk in machine.disks { document.set(disk, &mark) }
    for drive in machine.drives { document.set(drive, &mark) }
    document.set(machine.nics, &mark)
    if let boot = machine.boot { document.writeBootOrder(boot, mark) }
    if let xml = machine.xml, let overlay = try? XMLElement(parsing: xml) {
      document.lay(overlay, keeping: &mark)
      // What is plugged in counts, too.
      document.writeTotals(machine.settings.memory)
    }
    MarkDocument.write(mark, into: &document.tree)
    return document.tree
  }

  /// `document` with the update made; everything else is as it was.
  ///
  /// - Parameter guest: the live document, if there is a guest.
  static func edit(
    _ document: XMLElement, _ update: MachineUpdate, on host: HostCapabilities, guest: XMLElement? = nil
  ) -> XMLElement {
    var edited = DomainDocument(tree: document, host: host, guest: guest)
    let before = (update.adopting ?? MarkDocument.read(from: document))?.renaming(update.renamedDevices)
    var mark = update.wanted.mark ?? Mark(stack: "")
    let present = before.map { Self.present($0, in: document, guest: guest, overlays: update.overlays) }
    (mark.disks, mark.nics) = (present?.disks ?? [], present?.nics ?? [])
    for field in update.fields.sorted() { edited.write(field, of: update.wanted) }
    edited.writeBootloader()
    for name in update.removeMemory { edited.removeMemoryDevice(name) }
    for device in update.setMemory { edited.set(device) }
    for name in update.removeShares { edited.removeShare(name) }
    for share in update.setShares { edited.set(share) }
    for name in update.removeHostDevices { edited.removeHostDevice(name) }
    for device in update.setHostDevices { edited.set(device) }
    for name in update.removeDisks { edited.removeDisk(name, &mark) }
    for name in update.removeNICs { edited.removeNIC(name, &mark) }
    for disk in update.setDisks { edited.set(disk, &mark) }
    for drive in update.setDrives { edited.set(drive, &mark) }
    edited.set(update.setNICs, &mark)
    if update.fields.contains(.boot), let boot = update.wanted.boot { edited.writeBootOrder(boot, mark) }
    MarkDocument.write(mark, into: &edited.tree)
    return edited.tree
  }

  // MARK: Fields

  private mutating func write(_ field: MachineField, of machine: Machine) {
    let settings = machine.settings
    switch field {
    case .title: setText("title", settings.title, after: ["name", "uuid", "genid"])
    case .description:
      setText("description", settings.description, after: ["name", "uuid", "genid", "title"])
    case .accel: tree[attribute: "type"] = host.domainType(settings.accel)
    case .virt: writeVirtualization(settings.virt)
    case .cpus: writeCPUs(settings.cpus)
    case .cpuShares: writeCPUShares(settings.cpuShares)
    case .cpuLimit: writeCPULimit(settings.cpuLimit)
    case .cpuPinning: writeCPUPinning(settings.cpuPinning)
    case .cpuTopology: writeCPUTopology(settings.cpuTopology)
    case .memory: writeMemory(settings.memory)
    case .memoryLimit: writeMemoryLimit(settings.memoryLimit)
    case .hugePages: writeHugePages(settings.hugePages)
    case .numaCells: writeNUMACells(settings.numaCells)
    case .numaNodes: writeNUMANodes(settings.numaNodes)
    case .machine: writeMachine(settings.machine)
    case .firmware: writeFirmware(settings.firmware)
    case .secureBoot: writeSecureBoot(settings.secureBoot)
    case .cpu: writeCPUModel(settings.cpu)
    case .kernel: setOS("kernel", machine.kernel)
    case .initrd: setOS("initrd", machine.initrd)
    case .cmdline: setOS("cmdline", settings.cmdline)
    case .ignition: writeIgnition(machine.ignition)
    case .graphics: writeGraphics(settings)
    case .password:
      tree.mutateFirst("devices") { devices in
        devices.mutateChildren(named: "graphics") { $0[attribute: "passwd"] = settings.graphicsPassword }
      }
    case .console: writeConsole(settings.console)
    case .consoleLog: writeConsoleLog(settings.consoleLog)
    case .tpm: writeTPM(settings.tpm)
    case .randomSource: writeRandomSource(settings.randomSource)
    case .watchdog: writeWatchdog(settings.watchdog)
    // They have calls of their own, or need the mark, or are in nothing but the mark.
    // The drive of the seed is written as all drives are.
    case .name, .autostart, .state, .boot, .shutdown, .protect, .metaData, .networkConfig, .userData: break
    }
  }

  private mutating func setText(_ name: String, _ text: String?, after names: [String]) {
    guard let text else {
      tree.removeChildren(named: name)
      return
    }
    tree.mutateFirst(name, otherwise: .after(names)) { $0.setText(text) }
  }

  private mutating func setOS(_ name: String, _ text: String?) {
    // The schema fixes the order of what boots a guest.
    let order = ["type", "loader", "nvram", "kernel", "initrd", "cmdline"]
    tree.mutateFirst("os") { os in
      guard let text else {
        os.removeChildren(named: name)
        return
      }
      os.mutateFirst(name, otherwise: .after(Array(order.prefix { $0 != name }))) { $0.setText(text) }
    }
  }

  private mutating func writeMachine(_ machine: String?) {
    guard let machine else { return }
    var before: String?
    tree.mutateFirst("os") { os in
      os.mutateFirst("type") { type in
        before = type[attribute: "machine"]
        type[attribute: "machine"] = machine
      }
    }
    guard let before, HostCapabilities.chipset(before) != HostCapabilities.chipset(machine) else { return }
    // Another chipset has other buses: addresses and controllers of the old one mean nothing on it.
    tree.mutateFirst("devices") { devices in
      devices.removeChildren { device in
        device.name == "controller"
          && ["pci", "ide", "sata", "usb"].contains(device[attribute: "type"] ?? "")
      }
      for name in Set(devices.elements.map(\.name)) {
        devices.mutateChildren(named: name) { device in
          device.removeChildren { $0.name == "address" && $0[attribute: "type"] == "pci" }
        }
      }
    }
  }

  private mutating func writeGraphics(_ settings: MachineSettings) {
    guard let graphics = settings.graphics else { return }
    tree.mutateFirst("devices") { devices in
      if graphics == .none {
        devices.removeChildren(named: "graphics")
      } else if devices.first("graphics") == nil {
        devices.insert(
          XMLElement(
            "graphics",
            [
              "type": graphics.rawValue, "autoport": "yes", "listen": "127.0.0.1",
              "passwd": settings.graphicsPassword,
            ]))
      } else {
        devices.mutateFirst("graphics") { screen in
          screen[attribute: "type"] = graphics.rawValue
          if let password = settings.graphicsPassword { screen[attribute: "passwd"] = password }
          // What only the former type has; its port, listeners and keymap mean the same to both.
          for option in ["websocket", "sharePolicy", "powerControl", "tlsPort", "defaultMode"] {
            screen[attribute: option] = nil
          }
          screen.removeChildren { $0.name != "listen" }
        }
      }
    }
  }

  /// What every QEMU guest of today has: room to plug devices in, and a channel for the guest agent.
  private mutating func addQEMUDevices() {
    let isPCIExpress = tree.at("os", "type")?[attribute: "machine"].map(HostCapabilities.chipset) == "q35"
    tree.mutateFirst("devices") { devices in
      if isPCIExpress {
        devices.insert(XMLElement("controller", ["type": "pci", "model": "pcie-root"]))
        for _ in 0..<Self.spareRootPorts {
          devices.insert(XMLElement("controller", ["type": "pci", "model": "pcie-root-port"]))
        }
      }
      devices.insert(
        XMLElement("channel", ["type": "unix"]) {
          XMLElement("target", ["type": "virtio", "name": "org.qemu.guest_agent.0"])
        })
    }
  }

  /// Ports that a q35 guest starts with; a device plugged in while it runs needs a free one.
  private static let spareRootPorts = 14
}

extension HostCapabilities {
  /// libvirt's domain type for an accelerator; nil means the best one that the host has.
  func domainType(_ accel: Accelerator?) -> String {
    switch driver {
    case .qemu: accel == .kvm || (accel != .tcg && hasKVM) ? "kvm" : "qemu"
    case .xen: "xen"
    case .test: "test"
    case .esx: "vmware"
    case .other(let name): name.lowercased()
    }
  }

  var isX86: Bool { architecture == "x86_64" || architecture == "i686" }

  var defaultMachine: String? {
    guard driver == .qemu else { return nil }
    return machines.contains("q35") ? "q35" : machines.contains("virt") ? "virt" : nil
  }

  /// `q35` for `pc-q35-7.2`, `pc` for `pc-i440fx-7.2`: machines of one chipset have the same buses.
  static func chipset(_ machine: String) -> String {
    if machine.hasPrefix("pc-q35") || machine == "q35" { return "q35" }
    if machine.hasPrefix("pc-i440fx") || machine == "pc" { return "pc" }
    return machine.split(separator: "-").first.map(String.init) ?? machine
  }
}

import Libvirt
import Planner

/// What `xml:` says of a VM beside the fields of the language: a `<domain>` with parts of one, laid over the document that
/// virtform makes.
extension DomainDocument {
  /// Lays `overlay` over the document, in which disks and drives may get other targets than `mark` knows.
  mutating func lay(_ overlay: XMLElement, keeping mark: inout Mark) {
    let names = Dictionary(mark.disks.map { ($0.target, $0.name) }, uniquingKeysWith: { first, _ in first })
    tree.mutateFirst("devices") { devices in
      devices.mutateChildren(named: "disk") { disk in
        disk[attribute: Self.nameOfDisk] = Self.target(of: disk).flatMap { names[$0] }
      }
    }
    lay(overlay)
    tree.mutateFirst("devices") { devices in
      devices.mutateChildren(named: "disk") { disk in
        guard let name = disk[attribute: Self.nameOfDisk] else { return }
        disk[attribute: Self.nameOfDisk] = nil
        if let index = mark.disks.firstIndex(where: { $0.name == name }) {
          mark.disks[index].target = Self.target(of: disk) ?? ""
        }
      }
    }
  }

  /// An attribute that no document has, for as long as targets change.
  private static let nameOfDisk = "virtform-name"

  /// Lays `overlay` over the document.
  private mutating func lay(_ overlay: XMLElement) {
    if overlay.at("os", "boot") != nil { tree.removeDeviceOrder() }
    if overlay.at("os", "loader")?.text.isEmpty == false { tree.removeFirmwareChoice() }
    if overlay.all(at: "devices", "controller").contains(where: \.isPCI) { tree.removePCIControllers() }
    tree.lay(overlay)
  }

  /// What `actual` says and `made` does not, to be laid over it; nil if that is nothing. What libvirt has chosen by itself,
  /// and would choose again, is left out.
  ///
  /// - Parameter isLaid: whether something is laid over `made` already.
  static func remainder(
    of actual: XMLElement, beside made: XMLElement, isLaid: Bool, on host: HostCapabilities
  ) -> XMLElement? {
    let architecture = actual.at("os", "type")?[attribute: "arch"]
    let chosen = ChosenByLibvirt(for: actual, keepsEmulator: architecture != host.architecture)
    var (actual, made) = (chosen.removed(from: actual), chosen.removed(from: made))
    // What names and identifies it is the spec's. So is its memory, without what is plugged in, and the machine type, which
    // has a short name, too.
    for name in ["name", "uuid", "title", "description"] {
      actual.removeChildren(named: name)
      made.removeChildren(named: name)
    }
    for name in ["memory", "currentMemory"] {
      actual.mutateChildren(named: name) { $0.setText(made.first(name)?.text ?? "") }
    }
    // The same share of a CPU can be said by another period.
    if let limit = cpuLimit(of: actual), limit == cpuLimit(of: made) {
      for name in ["global_period", "global_quota"] {
        actual.mutateChildren(named: "cputune") { $0.removeChildren(named: name) }
      }
    }
    if let machine = made.at("os", "type")?[attribute: "machine"], isSame(machine, actual, host) {
      actual.mutateFirst("os") { $0.mutateFirst("type") { $0[attribute: "machine"] = machine } }
    }
    if !isLaid {
      // See `lay`.
      if actual.at("os", "boot") != nil { made.removeDeviceOrder() }
      if actual.at("os", "loader")?.text.isEmpty == false, actual.first("os")?[attribute: "firmware"] == nil {
        made.removeFirmwareChoice()
      }
      if chosen.keepsPCI { made.removePCIControllers() }
    }
    return actual.remainder(beside: made)
  }

  private static func isSame(_ machine: String, _ document: XMLElement, _ host: HostCapabilities) -> Bool {
    host.machineAliases[machine] == document.at("os", "type")?[attribute: "machine"]
  }
}

/// What libvirt adds to a definition, and would add to another one of the same words: addresses on buses and their
/// controllers, aliases, labels, and devices that every guest has.
private struct ChosenByLibvirt {
  let keepsEmulator: Bool
  /// True where the PCI controllers are not those that come by themselves: then all of them stay, with their addresses.
  let keepsPCI: Bool

  init(for document: XMLElement, keepsEmulator: Bool) {
    self.keepsEmulator = keepsEmulator
    keepsPCI = document.all(at: "devices", "controller").contains { device in
      device.isPCI && !Self.isPlain(device)
    }
  }

  /// True for a PCI controller with nothing that somebody has chosen.
  private static func isPlain(_ controller: XMLElement) -> Bool {
    let options = controller.elements.filter { !["address", "alias"].contains($0.name) }
    return options.allSatisfy { ["model", "target"].contains($0.name) }
      && options.allSatisfy { $0.first("node") == nil && $0[attribute: "hotplug"] == nil }
      && !["pcie-expander-bus", "pci-expander-bus"].contains(controller[attribute: "model"] ?? "")
      && controller.first("pcihole64") == nil
  }

  /// The types of addresses that libvirt gives where there are none.
  private static let addresses: Set = [
    "pci", "drive", "virtio-serial", "ccid", "usb", "spapr-vio", "ccw", "isa", "dimm", "virtio-mmio",
  ]
  /// The types of controllers that come with the devices which need them.
  private static let controllers: Set = ["pci", "ide", "fdc", "sata", "virtio-serial", "ccid"]

  func removed(from document: XMLElement) -> XMLElement {
    var document = document
    document[attribute: "id"] = nil
    let unused = document.attributes.filter { $0.name.hasPrefix("xmlns") && !isUsed($0, in: document) }
    document.attributes.removeAll(where: unused.contains)
    document.removeChildren { isLabel($0) || $0.name == "resource" && $0.at("partition")?.text == "/machine" }
    document.mutateFirst("metadata") { metadata in
      metadata.removeChildren { $0.attributes.contains { $0.value.hasPrefix("urn:virtform:") } }
    }
    document.removeChildren { $0.name == "metadata" && $0.elements.isEmpty }
    for name in ["memory", "currentMemory", "maxMemory"] {
      document.mutateChildren(named: name) {
        if $0[attribute: "unit"] == "KiB" { $0[attribute: "unit"] = nil }
      }
    }
    document.mutateChildren(named: "os") { os in
      // From the first disk, unless something else is said.
      if os.all("boot").map({ $0[attribute: "dev"] }) == ["hd"] { os.removeChildren(named: "boot") }
    }
    if let cpu = document.first("cpu"), isCPUOfEmulation(cpu, document) {
      document.removeChildren(named: "cpu")
    }
    document.mutateChildren(named: "cpu") { cpu in
      if cpu[attribute: "match"] == "exact" { cpu[attribute: "match"] = nil }
      cpu.mutateChildren(named: "model") {
        if $0[attribute: "fallback"] == "allow" { $0[attribute: "fallback"] = nil }
      }
      cpu.mutateChildren(named: "topology") {
        if $0[attribute: "dies"] == "1" { $0[attribute: "dies"] = nil }
      }
    }
    document.mutateChildren(named: "vcpu") {
      if $0[attribute: "placement"] == "static" { $0[attribute: "placement"] = nil }
    }
    guard document.first("devices") != nil else { return document }
    let chipset = document.at("os", "type")?[attribute: "machine"].map(HostCapabilities.chipset)
    document.mutateFirst("devices") { devices in
      devices.removeChildren(where: isAdded)
      devices.removeChildren { isFirstUSB($0, on: chipset) }
      for name in Set(devices.elements.map(\.name)) {
        devices.mutateChildren(named: name, removeFromDevice)
      }
    }
    return document
  }

  private func isUsed(_ declaration: XMLElement.Attribute, in document: XMLElement) -> Bool {
    let prefix = declaration.name.split(separator: ":").dropFirst().first.map { "\($0):" } ?? ""
    return document.elements.contains { $0.name.hasPrefix(prefix) }
  }

  /// True for the CPU that libvirt writes down where QEMU emulates and nobody has asked for one.
  private func isCPUOfEmulation(_ cpu: XMLElement, _ document: XMLElement) -> Bool {
    let model = cpu.elements.count == 1 ? cpu.first("model")?.text : nil
    return document[attribute: "type"] == "qemu" && cpu[attribute: "check"] == "none"
      && (cpu[attribute: "mode"] ?? "custom") == "custom" && ["qemu64", "qemu32"].contains(model)
  }

  private func isLabel(_ element: XMLElement) -> Bool {
    element.name == "seclabel" && element[attribute: "type"] != "static" && element.first("baselabel") == nil
      && element[attribute: "relabel"] != "no"
  }

  /// True for a device that the guest has without anybody asking for it.
  private func isAdded(_ device: XMLElement) -> Bool {
    let options = device.elements.filter { !["address", "alias"].contains($0.name) }
    switch device.name {
    case "emulator": return !keepsEmulator
    case "controller":
      if device[attribute: "type"] == "pci" { return !keepsPCI }
      return Self.controllers.contains(device[attribute: "type"] ?? "") && options.isEmpty
    case "memballoon":
      return device[attribute: "model"] == "virtio" && options.isEmpty && device.attributes.count == 1
    case "input": return device[attribute: "bus"] == "ps2" && options.isEmpty
    case "audio": return device[attribute: "type"] == "none"
    default: return false
    }
  }

  /// True for the USB controller that a machine has of itself.
  private func isFirstUSB(_ device: XMLElement, on chipset: String?) -> Bool {
    let model = chipset == "pc" ? "piix3-uhci" : chipset == "q35" ? "qemu-xhci" : nil
    return device.name == "controller" && device[attribute: "type"] == "usb"
      && device[attribute: "index"] == "0"
      && model != nil && device[attribute: "model"] == model && device[attribute: "ports"] == nil
      && device.elements.allSatisfy { ["address", "alias"].contains($0.name) }
  }

  private func removeFromDevice(_ device: inout XMLElement) {
    let isPCI = device.name == "controller" && device[attribute: "type"] == "pci"
    device.removeChildren { child in
      !isPCI && child.name == "address" && Self.addresses.contains(child[attribute: "type"] ?? "")
        || child.name == "alias" && child[attribute: "name"]?.hasPrefix("ua-") != true
    }
    switch device.name {
    case "interface":
      device.mutateChildren(named: "mac") {
        if $0[attribute: "type"] == "generated" { $0[attribute: "type"] = nil }
      }
    case "graphics":
      if device[attribute: "autoport"] == "yes" { device[attribute: "port"] = nil }
      let listen = device[attribute: "listen"]
      if device.all("listen").count == 1 {
        device.removeChildren { child in
          child.name == "listen" && child[attribute: "type"] == "address"
            && child[attribute: "address"] == listen
        }
      }
      // They are about a password, which is a secret.
      for option in ["passwdValidTo", "connected"] where device[attribute: "passwd"] == nil {
        device[attribute: option] = nil
      }
    case "serial", "console", "channel", "parallel":
      if device[attribute: "type"] == "pty" { device.removeChildren(named: "source") }
      device[attribute: "tty"] = nil
      device.mutateChildren(named: "target") { target in
        target.removeChildren { $0.name == "model" }
        if target[attribute: "port"] == "0" { target[attribute: "port"] = nil }
        if ["isa-serial", "serial"].contains(target[attribute: "type"] ?? "") {
          target[attribute: "type"] = nil
        }
      }
      device.removeChildren { $0.name == "target" && $0.attributes.isEmpty && $0.elements.isEmpty }
    default: break
    }
  }
}

extension XMLElement {
  /// libvirt takes either classes of devices to boot from, or an order of devices.
  fileprivate mutating func removeDeviceOrder() {
    mutateFirst("devices") { devices in
      for name in Set(devices.elements.map(\.name)) {
        devices.mutateChildren(named: name) { $0.removeChildren(named: "boot") }
      }
    }
  }

  /// libvirt either chooses the firmware, or is told the file of it.
  fileprivate mutating func removeFirmwareChoice() {
    mutateFirst("os") { os in
      os[attribute: "firmware"] = nil
      for name in ["firmware", "loader", "nvram"] { os.removeChildren(named: name) }
    }
  }

  /// Who says what hangs where says all of it.
  fileprivate mutating func removePCIControllers() {
    mutateFirst("devices") { $0.removeChildren(where: \.isPCI) }
  }

  fileprivate var isPCI: Bool { name == "controller" && self[attribute: "type"] == "pci" }

  /// True for an element that says all of itself: where a screen is shown comes in one of several forms.
  private var isWhole: Bool {
    name == "graphics" && (first("listen") != nil || self[attribute: "socket"] != nil)
  }

  /// Puts what `overlay` has into this element: attributes and texts in the place of what is here, elements into those that
  /// they are about, or else beside them.
  fileprivate mutating func lay(_ overlay: XMLElement) {
    for attribute in overlay.attributes { self[attribute: attribute.name] = attribute.value }
    let text = overlay.text
    if text.contains(where: { !$0.isWhitespace }) { setText(text) }
    var used: Set<Int> = []
    for element in overlay.elements {
      let index =
        children.indices.first { index in
          !used.contains(index) && children[index].element.map { $0.subject == element.subject } == true
        }
        ?? children.indices.first { index in
          !used.contains(index) && children[index].element.map(element.isVolume(of:)) == true
        }
      guard let index, case .element(var child) = children[index] else {
        used.insert(children.count)
        insert(element)
        continue
      }
      used.insert(index)
      if element.isWhole { child = element } else { child.lay(element) }
      children[index] = .element(child)
    }
  }

  /// What this element has and `made` has not, or otherwise; nil if that is nothing.
  fileprivate func remainder(beside made: XMLElement) -> XMLElement? {
    var rest = XMLElement(name)
    rest.attributes = attributes.filter { made[attribute: $0.name] != $0.value }
    let text = text
    if text.contains(where: { !$0.isWhitespace }), text != made.text { rest.setText(text) }
    var left = made.elements
    for element in elements {
      guard let index = left.firstIndex(where: { $0.subject == element.subject }) else {
        rest.insert(element)
        continue
      }
      if let inner = element.remainder(beside: left.remove(at: index)) {
        rest.insert(element.isWhole ? element : inner.identified(as: element))
      }
    }
    guard !rest.attributes.isEmpty || !rest.children.isEmpty else { return nil }
    return rest
  }

  /// What tells this element from others of its name beside it.
  private var subject: [String?] {
    let own = [name, self[attribute: "type"]]
    switch name {
    // A disk may get another target, but not another content.
    case "disk":
      // Of drives without a medium one is as good as another.
      let isDrive = self[attribute: "device"] == "cdrom"
      return [name, source ?? (isDrive ? "cdrom" : first("target")?[attribute: "dev"])]
    case "interface": return [name, first("mac")?[attribute: "address"]?.lowercased()]
    case "controller": return own + [self[attribute: "index"] ?? "0"]
    case "channel": return own + [first("target")?[attribute: "name"]]
    case "vcpupin", "vcpu", "vcpusched", "emulatorsched", "iothreadpin", "cachetune", "memorytune":
      return [name, self[attribute: "vcpu"], self[attribute: "id"], self[attribute: "vcpus"]]
    case "feature", "timer", "boot", "cell", "distances", "sibling", "memnode", "page", "entry", "env", "arg":
      return [
        name, self[attribute: "name"], self[attribute: "dev"], self[attribute: "id"],
        self[attribute: "cellid"],
        self[attribute: "nodeset"], self[attribute: "value"],
      ]
    // Of these each is one of its own: nothing is laid into another.
    case "hostdev", "redirdev", "smartcard", "sound", "shmem", "filesystem", "memory", "panic", "iommu":
      return own + [first("target")?[attribute: "dir"], first("source")?[attribute: "dir"]]
    case "console", "serial", "parallel":
      let target = first("target")
      return [
        name, target?[attribute: "type"] == "virtio" ? "virtio" : nil, target?[attribute: "port"] ?? "0",
      ]
    case "os", "type", "model", "source", "target", "driver", "seclabel": return [name]
    default: return own
    }
  }

  /// True if this is a disk by a volume's name, and `made` the one by its path.
  private func isVolume(of made: XMLElement) -> Bool {
    guard name == "disk", made.name == "disk", let volume = first("source")?[attribute: "volume"] else {
      return false
    }
    return (made.first("source")?[attribute: "file"] ?? made.first("source")?[attribute: "dev"])?.hasSuffix(
      "/\(volume)")
      == true
  }

  /// What a disk is made of; nil for an empty drive.
  private var source: String? {
    guard let source = first("source") else { return nil }
    let words = ["file", "dev", "protocol", "name", "pool", "volume", "dir"].compactMap {
      source[attribute: $0]
    }
    return words.isEmpty ? nil : words.joined(separator: " ")
  }

  /// The same with what tells which element `element` is.
  private func identified(as element: XMLElement) -> XMLElement {
    var copy = self
    func take(_ child: String, _ attribute: String) {
      guard let value = element.first(child)?[attribute: attribute] else { return }
      if copy.first(child)?[attribute: attribute] == nil {
        copy.mutateFirst(child, otherwise: .first) { $0[attribute: attribute] = value }
      }
    }
    func take(_ names: String...) {
      for name in names.reversed() where copy[attribute: name] == nil {
        if let value = element[attribute: name] { copy.attributes.insert(.init(name, value), at: 0) }
      }
    }
    switch name {
    case "disk":
      let words = ["file", "dev", "protocol", "name", "pool", "volume", "dir"]
      if element.source == nil {
        copy[attribute: "device"] = element[attribute: "device"]
        take("target", "dev")
      } else {
        for word in words { take("source", word) }
      }
    case "interface": take("mac", "address")
    case "channel":
      take("target", "name")
      take("type")
    case "console", "serial", "parallel":
      take("target", "type")
      take("target", "port")
    case "os", "type", "model", "source", "target", "driver", "seclabel": break
    default: take("type", "index", "name", "dev", "id", "cellid", "vcpu", "vcpus", "nodeset", "value")
    }
    return copy
  }
}

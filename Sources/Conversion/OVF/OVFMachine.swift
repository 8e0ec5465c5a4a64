import Libvirt
import SpecModel

/// One `<VirtualSystem>`.
struct OVFMachine {
  let system: OVFElement
  let files: OVFFiles
  let estate: EstateBuilder
  /// The configuration whose items count.
  let configuration: String?
  var draft = DomainDraft(name: "")
  var items: [OVFItem] = []
  /// Buses and places of controllers, by their instance.
  var controllers: [String: (bus: String, index: Int)] = [:]
  var targets = FreeTargets()

  init(_ system: OVFElement, files: OVFFiles, configuration: String?, in estate: EstateBuilder) {
    self.system = system
    self.files = files
    self.configuration = configuration
    self.estate = estate
  }

  func note(_ element: OVFElement, _ text: String) { estate.note(draft.name, at: element.path, text) }

  consuming func convert() {
    var machine = self
    machine.read()
    machine.estate.add(ConvertedEstate.Domain(document: machine.draft.document))
  }

  private mutating func read() {
    let hardware = system.all("VirtualHardwareSection")
    readIdentity(hardware.first)
    guard let section = hardware.first else {
      note(system, "says nothing of its hardware: it has no <VirtualHardwareSection>")
      draft.memory = 512 * 1024
      return
    }
    for other in hardware.dropFirst() {
      note(other, "is described for several kinds of hardware: the first one is taken")
      other.ignore()
    }
    items = effectiveItems(section)
    readProcessors()
    readMemory()
    readConfig(section)
    readControllers()
    readDisks()
    draft.completeControllers()
    readInterfaces()
    readOtherDevices()
    draft.features = [XMLElement("acpi"), XMLElement("apic")]
    for item in items where !item.isTaken {
      note(item.element, "the device '\(item.name)' of the type \(item.type) is not carried")
      item.element.ignore()
    }
  }

  private mutating func readIdentity(_ hardware: OVFElement?) {
    let header = hardware?.first("System")
    let name = system.text("Name") ?? system.peek("id") ?? header?.text("VirtualSystemIdentifier")
    _ = system.attribute("id")
    _ = header?.text("VirtualSystemIdentifier")
    draft.name = name ?? estate.file.path.stem
    if name == nil { note(system, "has no name: it is the file's") }
    let type = header?.text("VirtualSystemType")?.lowercased() ?? ""
    draft.type = type.hasPrefix("vmx") ? "vmware" : type.contains("virtualbox") ? "vbox" : "kvm"
    if let uuid = header?.text("VirtualSystemUUID") ?? system.first("Machine")?.peek("uuid") {
      draft.uuid = uuid.filter { $0 != "{" && $0 != "}" }.canonicalUUID
    }
    if let section = system.first("AnnotationSection") { draft.summary = section.text("Annotation") }
    if let section = system.first("OperatingSystemSection") {
      let kind = section.attribute("osType")?.lowercased() ?? ""
      _ = section.attribute("id")
      section.ignore()
      draft.arch = kind.isEmpty || kind.contains("64") ? "x86_64" : "i686"
    } else {
      draft.arch = "x86_64"
    }
  }

  /// The items of the configuration that counts: those of it take the place of common ones.
  private func effectiveItems(_ section: OVFElement) -> [OVFItem] {
    let all = section.children.filter { ["Item", "StorageItem", "EthernetPortItem"].contains($0.name) }
    var result: [OVFItem] = []
    for element in all {
      let names = element.attribute("configuration")?.split(separator: " ").map(String.init)
      if let names, configuration.map(names.contains) != true {
        note(element, "the hardware of the configuration '\(names.joined(separator: " "))' is not carried")
        element.ignore()
        continue
      }
      if let bound = element.peek("bound"), bound != "normal" {
        note(element, "the bound '\(bound)' of an amount is not carried")
        element.ignore()
        continue
      }
      let item = OVFItem(element)
      if let same = result.firstIndex(where: { $0.instance != nil && $0.instance == item.instance }) {
        if names != nil { result[same] = item }
        continue
      }
      result.append(item)
    }
    return result
  }

  private mutating func readProcessors() {
    let processors = items.filter { $0.type == 3 }
    var count: UInt64 = 0
    for item in processors {
      item.isTaken = true
      count += item.element.text("VirtualQuantity").flatMap { UInt64($0) }.map { min($0, 4096) } ?? 0
      if let cores = item.element.text("CoresPerSocket").flatMap({ Int($0) }), cores > 1, count > 0,
        count <= 4096, Int(count) % cores == 0
      {
        draft.cpu = XMLElement("cpu") {
          DomainDraft.topology(sockets: Int(count) / cores, cores: cores, threads: 1)
        }
      }
      readLimits(item)
    }
    if count == 0 || count > 4096 { note(system, "says no number of CPUs that can be read: 1 is taken") }
    draft.vcpus = (1...4096).contains(count) ? Int(count) : 1
  }

  private mutating func readMemory() {
    var bytes: UInt64?
    for item in items where item.type == 4 {
      item.isTaken = true
      let unit = OVFUnits.bytes(item.element.text("AllocationUnits") ?? "byte * 2^20")
      let text = item.element.text("VirtualQuantity")
      if let unit, let text { bytes = Amount.bytes(text, unit) }
      readLimits(item)
    }
    if bytes == nil || bytes == 0 { note(system, "says no memory that can be read: 512 MiB are taken") }
    draft.memory = Amount.kibibytes(bytes.flatMap { $0 == 0 ? nil : $0 } ?? 512 << 20)
  }

  /// Reservations and shares are of the host that the package was made on.
  private func readLimits(_ item: OVFItem) {
    for (name, word) in [("Reservation", "reservation"), ("Limit", "limit")] {
      if let value = item.element.text(name), value != "0" {
        note(item.element, "the \(word) of '\(item.name)' is not carried")
      }
    }
    item.element.first("Weight")?.ignore()
    _ = item.element.attribute("required")
  }

  private mutating func readConfig(_ section: OVFElement) {
    func value(_ key: String) -> String? {
      section.children.first { ["Config", "ExtraConfig"].contains($0.name) && $0.peek("key") == key }?
        .attribute("value")?.lowercased()
    }
    let box = system.first("Machine")
    let kind = box?.descendants("Firmware").first?.peek("type")?.lowercased()
    if value("firmware") == "efi" || kind?.hasPrefix("efi") == true { draft.firmware = "efi" }
    if let box {
      box.ignore()
      note(box, "VirtualBox's own description of it is not carried, but for its UUID and its firmware")
    }
    if let transport = section.peek("transport") {
      note(section, "it expects properties from VMware by '\(transport)': they are not carried")
    }
    if value("bootOptions.efiSecureBootEnabled") == "true" || value("uefi.secureBoot.enabled") == "true" {
      draft.boot.append(DomainDraft.secureBoot)
    }
    if let cores = value("CoresPerSocket").flatMap({ Int($0) }), cores > 1, draft.vcpus % cores == 0 {
      draft.cpu = XMLElement("cpu") {
        DomainDraft.topology(sockets: draft.vcpus / cores, cores: cores, threads: 1)
      }
    }
    draft.clock = XMLElement("clock", ["offset": "utc"])
  }
}

/// An item of the hardware.
final class OVFItem {
  let element: OVFElement
  /// As CIM numbers them (`CIM_ResourceAllocationSettingData.ResourceType`).
  let type: Int
  let instance: String?
  let parent: String?
  /// Its number on its parent.
  let place: Int?
  let subtype: String
  /// What a person reads.
  let name: String
  var isTaken = false

  init(_ element: OVFElement) {
    self.element = element
    type = element.text("ResourceType").flatMap { Int($0) } ?? 0
    instance = element.text("InstanceID") ?? element.text("InstanceId")
    parent = element.text("Parent")
    place = element.text("AddressOnParent").flatMap { UInt8($0) }.map(Int.init)
    subtype = element.text("ResourceSubType")?.lowercased() ?? ""
    name = element.text("ElementName") ?? element.text("Caption") ?? element.name
  }
}

import Libvirt
import SpecModel

/// A `libvirt_domain` of the provider since 0.9, whose attributes follow libvirt's document.
struct TerraformDomain {
  let resource: TerraformResource
  let owner: TerraformEstate
  var draft = DomainDraft(name: "")

  init(_ resource: TerraformResource, in owner: TerraformEstate) {
    self.resource = resource
    self.owner = owner
  }

  var node: SourceNode { resource.attributes }

  func note(_ path: String, _ text: String) {
    owner.estate.note(draft.name, at: "\(resource.address).\(path)", text)
  }

  consuming func convert() {
    var domain = self
    domain.read()
  }

  private mutating func read() {
    draft.type = node["type"]?.word ?? "kvm"
    draft.name = resource.name(owner.estate)
    draft.uuid = node["uuid"]?.word?.canonicalUUID
    draft.title = node["title"]?.word
    draft.summary = node["description"]?.word
    readMemory()
    readProcessors()
    readSystem()
    readDisks()
    readInterfaces()
    readDevices()
    let autostart = node["autostart"]?.flag ?? false
    let isRunning = node["running"]?.flag
    node.ignore(["id", "create", "destroy", "update"])
    owner.noteUnread(resource, of: draft.name)
    owner.estate.add(
      ConvertedEstate.Domain(document: draft.document, autostart: autostart, isRunning: isRunning))
  }

  // MARK: The machine

  /// KiB, unless there is a unit.
  private func kibibytes(_ key: String, _ units: [String]) -> UInt64? {
    let unit = units.lazy.compactMap { node[$0]?.word }.first ?? "KiB"
    guard let stated = node[key] else { return nil }
    let value = stated.isMap ? stated["value"] : stated
    let ownUnit = stated.isMap ? stated["unit"]?.word : nil
    guard let bytes = Amount.unit(ownUnit ?? unit).flatMap({ value?.bytes($0) }) else { return nil }
    return Amount.kibibytes(bytes)
  }

  private mutating func readMemory() {
    if let memory = kibibytes("memory", ["memory_unit", "unit"]), memory > 0 {
      draft.memory = memory
    } else {
      note("memory", "has no memory that can be read: 512 MiB are taken")
      draft.memory = 512 << 10
    }
    draft.currentMemory = kibibytes("current_memory", ["current_memory_unit"])
    if let backing = node["memory_backing"]?.items.first {
      let element = TerraformRules.element("memoryBacking", backing, TerraformRules.memoryBacking)
      draft.memoryBacking = element.children.isEmpty ? nil : element
    }
  }

  private mutating func readProcessors() {
    let block = node["vcpu"]?.isMap == true ? node["vcpu"] : nil
    let count = block?["value"]?.integer ?? node["vcpu"]?.integer ?? 1
    draft.vcpus = (1...4096).contains(count) ? count : 1
    if draft.vcpus != count { note("vcpu", "the number of CPUs is none that a machine can have: 1 is taken") }
    let current = block?["current"]?.integer ?? node["vcpu_current"]?.integer
    draft.currentVCPUs = current.flatMap { (1..<draft.vcpus).contains($0) ? $0 : nil }
    draft.cpuset = block?["cpuset"]?.word ?? block?["cpu_set"]?.word ?? node["vcpu_cpuset"]?.word
    block?.ignore(["placement"])
    node.ignore(["vcpu_placement"])
    if let cpu = node["cpu"]?.items.first {
      let element = TerraformRules.element("cpu", cpu, TerraformRules.cpu)
      draft.cpu = element.children.isEmpty && element.attributes.isEmpty ? nil : element
    }
    if let tune = node["cpu_tune"]?.items.first {
      draft.cputune = TerraformRules.elements(tune, TerraformRules.cpuTune)
    }
  }

  private mutating func readSystem() {
    if let os = node["os"]?.items.first { readBoot(os) }
    if let features = node["features"]?.items.first {
      draft.features = TerraformRules.elements(features, TerraformRules.features)
      if let apic = features["apic"] {
        if apic.isMap || apic.flag == true { draft.features.append(XMLElement("apic")) }
        apic.ignore()
      }
    }
    draft.clock = node["clock"]?.items.first.map { TerraformRules.element("clock", $0, TerraformRules.clock) }
    draft.onPowerOff = node["on_poweroff"]?.word
    draft.onReboot = node["on_reboot"]?.word
    draft.onCrash = node["on_crash"]?.word
    for item in node["sys_info"]?.items ?? [] {
      guard let block = item["fw_cfg"] else { continue }
      let entries = (block["entry"]?.items ?? []).map { entry in
        XMLElement("entry", ["name": entry["name"]?.word, "file": entry["file"]?.word])
      }
      if !entries.isEmpty { draft.sysinfo = XMLElement("sysinfo", ["type": "fwcfg"]) { entries } }
    }
  }

  private mutating func readBoot(_ os: SourceNode) {
    draft.osType = os["type"]?.word ?? "hvm"
    draft.arch = os["type_arch"]?.word ?? os["arch"]?.word
    draft.machine = os["type_machine"]?.word ?? os["machine"]?.word
    draft.firmware = os["firmware"]?.word
    let wanted = (os.at("firmware_info", "features")?.items ?? []).map { item in
      XMLElement(
        "feature", ["enabled": TerraformRules.scalar(item["enabled"]), "name": item["name"]?.word])
    }
    if !wanted.isEmpty { draft.boot.append(XMLElement("firmware") { wanted }) }
    if let path = os["loader"]?.word ?? os["loader_path"]?.word {
      draft.boot.append(
        XMLElement(
          "loader",
          [
            "readonly": TerraformRules.scalar(os["loader_readonly"]),
            "secure": TerraformRules.scalar(os["loader_secure"]), "type": os["loader_type"]?.word,
          ], text: path))
    }
    let nvram = os["nv_ram"]?.items.first
    let file = nvram?["nv_ram"]?.word ?? os["nvram_path"]?.word
    let template = nvram?["template"]?.word
    if file != nil || template != nil {
      draft.boot.append(XMLElement("nvram", ["template": template], text: file))
    }
    for (key, element) in [
      ("kernel", "kernel"), ("initrd", "initrd"), ("cmdline", "cmdline"), ("kernel_args", "cmdline"),
    ] {
      if let text = os[key]?.word { draft.boot.append(XMLElement(element, text: text)) }
    }
    for item in os["boot_devices"]?.items ?? [] {
      if let device = item.isMap ? item["dev"]?.word : item.word {
        draft.boot.append(XMLElement("boot", ["dev": device]))
      }
    }
  }
}

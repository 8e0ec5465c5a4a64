import Libvirt
import SpecModel

/// One VM of a plan, over its profile, with kcli's defaults.
struct KcliMachine {
  let plan: KcliPlan
  let node: SourceNode
  /// The profile that it names, if the plan has it.
  let profile: SourceNode?
  var draft: DomainDraft
  var addressed: [(network: String, mac: String?, address: String)] = []

  init(_ name: String, _ node: SourceNode, of plan: KcliPlan) {
    self.plan = plan
    self.node = node
    draft = DomainDraft(name: name)
    profile = node["profile"]?.word.flatMap { plan.profiles[$0] }
  }

  /// A value of the VM, else of its profile.
  func value(_ key: String) -> SourceNode? {
    guard let own = node[key] else { return profile?[key] }
    // The profile's does not count.
    profile?[key]?.ignore()
    return own
  }

  func note(_ key: String, _ text: String) {
    plan.estate.note(draft.name, line: (value(key) ?? node).line, text)
  }

  consuming func convert() {
    var machine = self
    machine.read()
    let isRunning = machine.value("start")?.flag ?? true
    let autostart = machine.value("autostart")?.flag ?? false
    machine.plan.estate.noteUnread(machine.node, of: machine.draft.name)
    machine.plan.estate.add(
      ConvertedEstate.Domain(document: machine.draft.document, autostart: autostart, isRunning: isRunning))
    machine.reserveAddresses()
  }

  private mutating func read() {
    node["type"]?.ignore()
    if let name = node["profile"]?.word, profile == nil {
      note("profile", "the profile '\(name)' is not in the plan: what it sets is not known")
    }
    readProcessors()
    readMemory()
    readSystem()
    readDisks()
    readDrives()
    readInterfaces()
    readDevices()
    readFirstBoot()
  }

  // MARK: The machine

  private mutating func readProcessors() {
    let stated = value("numcpus")
    let number = stated?.natural.flatMap { (1...4096).contains($0) ? Int($0) : nil }
    if let stated, number == nil {
      note("numcpus", "the number of CPUs is none that a machine can have: 2 are taken")
      stated.ignore()
    }
    var count = number ?? 2
    var parts: [XMLElement] = []
    let model = value("cpumodel")?.word ?? "host-model"
    if let sockets = value("sockets")?.natural, let cores = value("cores")?.natural {
      let threads = value("threads")?.natural ?? 1
      if (1...64).contains(sockets), (1...256).contains(cores), (1...16).contains(threads) {
        count = Int(sockets * cores * threads)
        parts.append(
          XMLElement(
            "topology", ["sockets": "\(sockets)", "dies": "1", "cores": "\(cores)", "threads": "\(threads)"]))
      } else {
        note("sockets", "the sockets, cores and threads are no numbers that a machine can have")
      }
    }
    for flag in value("cpuflags")?.items ?? [] {
      let name = flag.word ?? flag["name"]?.word
      let policy = flag.isMap ? flag["policy"]?.word ?? "optional" : "optional"
      if let name { parts.append(XMLElement("feature", ["policy": policy, "name": name])) }
    }
    let cells = numaCells
    if !cells.isEmpty { parts.append(XMLElement("numa") { cells }) }
    let isMode = model == "host-model" || model == "host-passthrough"
    draft.cpu =
      isMode
      ? XMLElement("cpu", ["mode": model]) { parts }
      : XMLElement("cpu", ["mode": "custom", "match": "exact"]) {
        XMLElement("model", ["fallback": "allow"], text: model)
        parts
      }
    if value("nested")?.flag == true {
      note(
        "nested",
        "virtualization in the guest is not carried: it is a feature of the host's CPU that kcli looks up")
    }
    let canGrow = value("cpuhotplug")?.flag == true
    draft.vcpus = canGrow ? max(count, 64) : count
    draft.currentVCPUs = canGrow ? count : nil
    readPinning()
  }

  private var numaCells: [XMLElement] {
    (value("numa")?.items ?? []).enumerated().compactMap { index, cell in
      guard let cpus = cell["vcpus"]?.word, let memory = cell["memory"]?.bytes(1 << 20) else { return nil }
      let id = cell["id"]?.natural.map { "\($0)" } ?? "\(index)"
      return XMLElement(
        "cell", ["id": id, "cpus": cpus, "memory": "\(Amount.kibibytes(memory))", "unit": "KiB"])
    }
  }

  private mutating func readPinning() {
    for entry in value("cpupinning")?.items ?? [] {
      guard let vcpus = entry["vcpus"]?.word, let hosts = entry["hostcpus"]?.word,
        (try? CPUSet(parsing: hosts)) != nil
      else { continue }
      let ends = vcpus.split(separator: "-").compactMap { UInt16($0) }
      guard let first = ends.first, let last = ends.last, first <= last, Int(last) < draft.vcpus else {
        note(
          "cpupinning", "the pinning of the vCPUs '\(vcpus)' is not carried: the machine does not have them")
        continue
      }
      for vcpu in first...last {
        draft.cputune.append(XMLElement("vcpupin", ["vcpu": "\(vcpu)", "cpuset": hosts]))
      }
    }
    if let mode = value("numamode")?.word {
      draft.numatune = XMLElement("numatune") { XMLElement("memory", ["mode": mode, "nodeset": "0"]) }
    }
  }

  private mutating func readMemory() {
    let bytes = value("memory")?.bytes(1 << 20)
    if let text = value("memory"), bytes == nil || bytes == 0 {
      note("memory", "the memory is no number of MiB: 512 MiB are taken")
      text.ignore()
    }
    draft.memory = Amount.kibibytes(bytes.flatMap { $0 == 0 ? nil : $0 } ?? 512 << 20)
    if let size = value("hugepages")?.natural, size > 0, let kibibytes = Amount.times(size, 1024) {
      draft.memoryBacking = XMLElement("memoryBacking") {
        XMLElement("hugepages") { XMLElement("page", ["size": "\(kibibytes)", "unit": "KiB"]) }
        XMLElement("locked")
      }
    }
    if value("memoryhotplug")?.flag == true {
      note("memoryhotplug", "slots for more memory are not carried")
    }
  }

  private mutating func readSystem() {
    let image = value("image")?.word ?? value("template")?.word ?? ""
    let isARM = value("arch")?.word == "aarch64" || image.contains("aarch64") || image.contains("arm64")
    draft.arch = isARM ? "aarch64" : value("arch")?.word ?? "x86_64"
    let isSecure = value("secureboot")?.flag ?? false
    let isLegacy = value("uefi_legacy")?.flag ?? false
    let isUEFI = value("uefi")?.flag ?? false || isLegacy || isSecure || isARM
    let machine = value("machine")?.word
    draft.machine = machine ?? (isARM ? nil : isUEFI ? "q35" : "pc")
    if isUEFI { draft.firmware = "efi" }
    if isSecure { draft.boot.append(DomainDraft.secureBoot) }
    for (key, element) in [("kernel", "kernel"), ("initrd", "initrd"), ("cmdline", "cmdline")] {
      if let text = value(key)?.word { draft.boot.append(XMLElement(element, text: text)) }
    }
    draft.boot.append(XMLElement("boot", ["dev": "hd"]))
    if value("iso")?.word != nil { draft.boot.append(XMLElement("boot", ["dev": "cdrom"])) }
    draft.boot.append(XMLElement("boot", ["dev": "network"]))
    if !isARM { draft.features = [XMLElement("acpi"), XMLElement("apic"), XMLElement("pae")] }
    if isSecure { draft.features.append(XMLElement("smm", ["state": "on"])) }
    draft.clock = XMLElement("clock", ["offset": "utc"])
    draft.onPowerOff = "destroy"
    draft.onReboot = "restart"
    draft.onCrash = "restart"
    draft.uuid = value("uuid")?.word?.canonicalUUID
    draft.type = value("virttype")?.word ?? "kvm"
  }

  // MARK: First boot

  /// What cloud-init and Ignition do is counted, never quoted: it has passwords.
  private func readFirstBoot() {
    let keys = [
      "cmds": "commands", "scripts": "scripts", "files": "files", "keys": "SSH keys", "users": "users",
    ]
    for (key, name) in keys.sorted(by: { $0.key < $1.key }) {
      guard let list = value(key) else { continue }
      note(
        key, "the \(name) of its first boot (\(list.items.count)) are not carried: write them as cloud_init")
      list.ignore()
    }
    for key in [
      "rootpassword", "user", "cloudinit", "domain", "dns", "enableroot", "sharedkey", "privatekey",
    ] {
      guard let item = value(key) else { continue }
      note(key, "'\(key)' is of the first boot, which is not carried: write it as cloud_init")
      item.ignore()
    }
    for key in [
      "wait", "waittimeout", "waitcommand", "notify", "tags", "reservehost", "tunnel", "storemetadata",
    ] {
      value(key)?.ignore()
    }
  }

  /// Reservations of DHCP go to the networks of the plan.
  private func reserveAddresses() {
    for (network, mac, address) in addressed {
      let isDone = mac.map {
        plan.estate.reserve(address, mac: $0, name: draft.name, inNetwork: network)
      }
      if isDone != true {
        note(
          "nets",
          "the address \(address), which DHCP would keep for it, is not carried: its network has no DHCP in the plan, or the NIC has no MAC address"
        )
      }
    }
  }
}

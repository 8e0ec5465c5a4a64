import Libvirt
import SpecModel

/// A configuration of xl in libvirt's words, with the meaning that xl.cfg(5) and libvirt's own converter give it
/// (<https://libvirt.org/drvxen.html>).
struct XLMachine {
  let estate: EstateBuilder
  let file: XLFile
  var draft: DomainDraft
  var virtualization = Virtualization.pv

  init(_ estate: EstateBuilder) throws(ConversionError) {
    self.estate = estate
    file = try XLFile(estate)
    draft = DomainDraft(name: "")
  }

  var isHVM: Bool { virtualization == .hvm }

  consuming func convert() {
    var machine = self
    machine.read()
    // Xen starts what is in /etc/xen/auto.
    let isAutomatic = machine.estate.file.path.directory?.lastPathComponent == "auto"
    machine.estate.add(
      ConvertedEstate.Domain(document: machine.draft.document, autostart: isAutomatic))
  }

  private mutating func read() {
    draft.type = "xen"
    readIdentity()
    readMemory()
    readProcessors()
    readBoot()
    readFeatures()
    readClock()
    draft.onPowerOff = action("on_poweroff", "destroy")
    draft.onReboot = action("on_reboot", "restart")
    draft.onCrash = action("on_crash", "restart")
    draft.emulator = file.word("device_model_override")
    readDisks()
    readControllers()
    draft.completeControllers()
    readInterfaces()
    readPorts()
    readInputs()
    readGraphics()
    readHostDevices()
    ignoreMeaningless()
    for entry in file.entries where !entry.isRead {
      estate.note(draft.name, line: entry.line, "'\(entry.key)' is not carried")
    }
  }

  func note(_ key: String, _ text: String) { estate.note(draft.name, line: file.line(key), text) }

  // MARK: The machine

  private mutating func readIdentity() {
    if let name = file.word("name") {
      draft.name = name
    } else {
      draft.name = estate.file.path.stem
      estate.note(draft.name, line: nil, "has no name: it is the file's")
    }
    if let uuid = file.word("uuid") {
      draft.uuid = uuid.canonicalUUID
      if draft.uuid == nil { note("uuid", "'uuid' is no UUID") }
    }
    switch file.word("type") ?? file.word("builder") {
    case "hvm"?: virtualization = .hvm
    case "pvh"?: virtualization = .pvh
    case "pv"?, "linux"?, "generic"?, nil: break
    case let other?:
      note(file.has("type") ? "type" : "builder", "the type '\(other)' is not known: pv is taken")
    }
    file.ignore("builder", "type")
    draft.arch = "x86_64"
    switch virtualization {
    case .pv: (draft.osType, draft.machine) = ("linux", "xenpv")
    case .pvh: (draft.osType, draft.machine) = ("xenpvh", "xenpvh")
    case .hvm: (draft.osType, draft.machine) = ("hvm", "xenfv")
    }
  }

  private mutating func readMemory() {
    let limit: UInt64 = 1 << 40
    func mebibytes(_ key: String) -> UInt64? {
      guard let size = file.natural(key), (1...limit).contains(size) else { return nil }
      return size
    }
    let size = mebibytes("memory")
    let maximum = mebibytes("maxmem")
    if size == nil {
      estate.note(
        draft.name, line: file.line("memory"),
        "has no memory that can be read: 128 MiB is what Xen takes then")
    }
    let current = size ?? 128
    draft.memory = max(maximum ?? current, current) * 1024
    draft.currentMemory = current * 1024
  }

  private mutating func readProcessors() {
    let limit: UInt64 = 4096
    let count = file.natural("vcpus").flatMap { (1...limit).contains($0) ? Int($0) : nil } ?? 1
    let maximum = file.natural("maxvcpus").flatMap { (1...limit).contains($0) ? Int($0) : nil }
    draft.vcpus = max(count, maximum ?? count)
    draft.currentVCPUs = draft.vcpus > count ? count : nil
    readPinning()
    readNUMA()
    readCPUFeatures()
  }

  private mutating func readPinning() {
    let sets = file.texts("cpus")
    guard !sets.isEmpty else { return }
    if sets == ["all"] { return }
    guard sets.allSatisfy({ (try? CPUSet(parsing: $0)) != nil }) else {
      note("cpus", "'cpus' is not carried, since it is no list of host CPUs by number")
      return
    }
    if case .list? = file.value("cpus") {
      draft.cputune += sets.prefix(draft.vcpus).enumerated().map { vcpu, set in
        XMLElement("vcpupin", ["vcpu": "\(vcpu)", "cpuset": set])
      }
    } else {
      draft.cpuset = sets[0]
    }
  }

  private mutating func readNUMA() {
    guard case .list(let nodes)? = file.value("vnuma"), !nodes.isEmpty else { return }
    var cells: [XMLElement] = []
    for (number, node) in nodes.enumerated() {
      guard case .list(let parts) = node else { continue }
      var values: [String: String] = [:]
      for case .text(let part) in parts {
        let pair = part.split(separator: "=", maxSplits: 1)
        if pair.count == 2 { values[pair[0].trimmingSpaces] = pair[1].trimmingSpaces }
      }
      guard let size = values["size"].flatMap({ UInt64($0) }).flatMap({ Amount.times($0, 1024) }),
        let vcpus = values["vcpus"], (try? CPUSet(parsing: vcpus)) != nil
      else { continue }
      let distances = (values["vdistances"] ?? "").split(separator: ",").compactMap {
        UInt8($0.trimmingSpaces)
      }
      cells.append(
        XMLElement("cell", ["id": "\(number)", "cpus": vcpus, "memory": "\(size)", "unit": "KiB"]) {
          distances.isEmpty
            ? nil
            : XMLElement("distances") {
              distances.enumerated().map { XMLElement("sibling", ["id": "\($0)", "value": "\($1)"]) }
            }
        })
    }
    guard cells.count == nodes.count else {
      note("vnuma", "'vnuma' is not carried, since a node of it lacks its size or its CPUs")
      return
    }
    note("vnuma", "which nodes of the host the guest's lie on is not carried")
    draft.cpu = XMLElement("cpu") { XMLElement("numa") { cells } }
  }

  private mutating func readCPUFeatures() {
    var features: [XMLElement] = []
    if isHVM, let isNested = file.flag("nestedhvm") {
      if !isNested { features.append(XMLElement("feature", ["policy": "disable", "name": "vmx"])) }
      draft.cpu = draft.cpu ?? XMLElement("cpu", ["mode": "host-passthrough"])
    }
    if let text = file.word("cpuid") {
      let parts = text.split(separator: ",").map(\.trimmingSpaces)
      guard parts.first == "host" else {
        note("cpuid", "'cpuid' is not carried, since it is not in libxl's format")
        return
      }
      draft.cpu = draft.cpu ?? XMLElement("cpu", ["mode": "host-passthrough"])
      for part in parts.dropFirst() {
        let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
        let policies = ["1": "force", "0": "disable", "x": "optional", "k": "optional", "s": "optional"]
        guard pair.count == 2, let policy = policies[pair[1]] else {
          note("cpuid", "'\(part)' of 'cpuid' is not carried")
          continue
        }
        features.append(XMLElement("feature", ["policy": policy, "name": Self.feature(pair[0])]))
      }
    }
    draft.cpu?.children += features.map(XMLNode.element)
  }

  /// libvirt's name of what libxl calls otherwise.
  private static func feature(_ name: String) -> String {
    let names = [
      "cmpxchg16": "cx16", "cntxid": "cid", "dscpl": "ds_cpl", "pclmulqdq": "pclmuldq", "sse3": "pni",
      "htt": "ht",
      "psn": "pn", "clfsh": "clflush", "sysenter": "sep", "cmpxchg8": "cx8", "nodeid": "nodeid_msr",
      "altmovcr8": "cr8legacy", "lahfsahf": "lahf_lm", "cmplegacy": "cmp_legacy", "ffxsr": "fxsr_opt",
      "page1gb": "pdpe1gb", "ibrsb": "spec-ctrl",
    ]
    return names[name] ?? name
  }

  private mutating func readBoot() {
    if isHVM {
      switch file.word("bios") ?? file.word("firmware") {
      case "ovmf"?, "uefi"?: draft.firmware = "efi"
      case let path? where path.hasPrefix("/"):
        draft.boot.append(XMLElement("loader", ["type": "rom"], text: path))
      default: break
      }
      file.ignore("bios", "firmware")
      if let path = file.word("acpi_firmware") {
        draft.boot.append(XMLElement("acpi") { XMLElement("table", ["type": "slic"], text: path) })
      }
    } else {
      draft.bootloader = file.word("bootloader")
      let arguments = file.texts("bootargs") + file.texts("bootloader_args")
      draft.bootloaderArguments = arguments.isEmpty ? nil : arguments.joined(separator: " ")
    }
    for (key, element) in [("kernel", "kernel"), ("ramdisk", "initrd")] {
      if let path = file.word(key) { draft.boot.append(XMLElement(element, text: estate.resolve(path))) }
    }
    if let line = commandLine { draft.boot.append(XMLElement("cmdline", text: line)) }
    if isHVM {
      for letter in file.word("boot") ?? "c" {
        let device = ["a": "fd", "d": "cdrom", "n": "network"][letter] ?? "hd"
        draft.boot.append(XMLElement("boot", ["dev": device]))
      }
    }
  }

  /// `cmdline` takes the place of `root` and `extra`.
  private var commandLine: String? {
    let root = file.word("root")
    let extra = file.texts("extra").joined(separator: " ")
    if let line = file.word("cmdline") {
      if root != nil || !extra.isEmpty { note("cmdline", "'root' and 'extra' do not count beside 'cmdline'") }
      return line
    }
    let parts = [root.map { "root=\($0)" }, extra.isEmpty ? nil : extra].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }

  private mutating func readFeatures() {
    guard isHVM else {
      file.ignore("acpi", "apic", "pae", "hap", "viridian", "hpet")
      if file.flag("e820_host") == true {
        draft.features.append(
          XMLElement("xen") { XMLElement("e820_host", ["state": "on"]) })
      }
      return
    }
    for key in ["acpi", "apic", "pae"] where file.flag(key) ?? true { draft.features.append(XMLElement(key)) }
    if file.flag("hap") == false { draft.features.append(XMLElement("hap", ["state": "off"])) }
    if file.flag("viridian") == true { draft.features.append(XMLElement("viridian")) }
    let modes =
      ["disabled": nil, "enabled": nil, "sync_pt": "sync_pt", "share_pt": "share_pt"] as [String: String?]
    if let passthrough = file.word("passthrough") {
      if let mode = modes[passthrough] {
        let state = passthrough == "disabled" ? "off" : "on"
        draft.features.append(
          XMLElement("xen") { XMLElement("passthrough", ["state": state, "mode": mode]) })
      } else {
        note("passthrough", "'passthrough' is none of those that are known")
      }
    }
  }

  private mutating func readClock() {
    let isLocal = file.flag("localtime") ?? false
    var timers: [XMLElement] = []
    if let mode = file.word("tsc_mode") {
      let modes = [
        "always_emulate": "emulate", "native": "native", "native_paravirt": "paravirt", "1": "emulate",
        "2": "native", "3": "paravirt",
      ]
      timers.append(XMLElement("timer", ["name": "tsc", "present": "yes", "mode": modes[mode] ?? "auto"]))
    }
    guard isHVM else {
      draft.clock = XMLElement("clock", ["offset": isLocal ? "localtime" : "utc", "adjustment": "reset"]) {
        timers
      }
      file.ignore("rtc_timeoffset")
      return
    }
    if let isPresent = file.flag("hpet") {
      timers.append(XMLElement("timer", ["name": "hpet", "present": isPresent ? "yes" : "no"]))
    }
    let offset = file.natural("rtc_timeoffset") ?? 0
    draft.clock = XMLElement(
      "clock",
      ["offset": "variable", "adjustment": "\(offset)", "basis": isLocal ? "localtime" : "utc"]
    ) { timers }
  }

  private func action(_ key: String, _ otherwise: String) -> String {
    guard let text = file.word(key) else { return otherwise }
    let known = [
      "destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart",
    ]
    if known.contains(text) { return text }
    note(key, "the action '\(text)' is not known to libvirt: '\(otherwise)' is taken")
    return otherwise
  }

  /// Keys that say how Xen's own programs show and keep a machine.
  private static let meaningless: Set<String> = [
    "xen_platform_pci", "vncconsole", "vncviewer", "autoballoon", "device_model_version", "device_model",
    "usb",
    "timer_mode", "vcpu_avail", "nographic", "opengl", "acpi_s3", "acpi_s4", "altp2m", "console", "display",
    "xauthority",
  ]

  private func ignoreMeaningless() {
    for entry in file.entries where Self.meaningless.contains(entry.key) || entry.isOff {
      entry.isRead = true
    }
  }
}

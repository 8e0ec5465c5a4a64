import Libvirt
import SpecModel

/// A VMX file in libvirt's words, with the meaning that libvirt's own converter gives it
/// (<https://libvirt.org/drvesx.html#vmware-vmx-config>).
struct VMXMachine {
  let estate: EstateBuilder
  let file: VMXFile
  var draft: DomainDraft

  init(_ estate: EstateBuilder) throws(ConversionError) {
    self.estate = estate
    file = try VMXFile(estate)
    draft = DomainDraft(name: "")
  }

  consuming func convert() throws(ConversionError) {
    var machine = self
    try machine.read()
    machine.estate.add(ConvertedEstate.Domain(document: machine.draft.document))
  }

  private mutating func read() throws(ConversionError) {
    guard file.entry("config.version") != nil || file.entry("virtualHW.version") != nil else {
      throw ConversionError(
        estate.file.path, "is no VMX file: it has neither config.version nor virtualHW.version")
    }
    draft.type = "vmware"
    readIdentity()
    readProcessors()
    readMemory()
    readFirmware()
    draft.clock = XMLElement("clock", ["offset": "utc"])
    draft.onPowerOff = "destroy"
    draft.onReboot = "restart"
    draft.onCrash = "destroy"
    readDisks()
    draft.completeControllers()
    readSharedFolders()
    readInterfaces()
    readPorts()
    readGraphics()
    VMXKeys.ignoreMeaningless(in: file)
    noteUnread()
  }

  func note(_ key: String, _ text: String) { estate.note(draft.name, line: file.line(key), text) }

  // MARK: The machine

  private mutating func readIdentity() {
    if let name = file.word("displayName") {
      draft.name = Self.unescapedPercents(name)
    } else {
      draft.name = estate.file.path.stem
      estate.note(draft.name, line: nil, "has no displayName: the name is the file's")
    }
    if let uuid = file.word("uuid.bios") {
      draft.uuid = uuid.canonicalUUID
      if draft.uuid == nil { note("uuid.bios", "'uuid.bios' is no UUID") }
    }
    draft.genid = generation
    draft.summary = file.word("annotation")
  }

  /// Two signed halves.
  private var generation: String? {
    guard let high = file.entry("vm.genid").flatMap({ Int64($0.value) }),
      let low = file.entry("vm.genidX").flatMap({ Int64($0.value) })
    else { return nil }
    file.ignore(prefix: "vm.genid")
    if high == 0, low == 0 { return nil }
    let digits = [high, low].map { half in
      let text = String(UInt64(bitPattern: half), radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    return digits.joined().canonicalUUID
  }

  private mutating func readProcessors() {
    let limit: UInt64 = 4096
    if let count = file.natural("numvcpus"), (1...limit).contains(count) {
      draft.vcpus = Int(count)
    } else if let entry = file.entry("numvcpus") {
      note(entry.key, "'numvcpus' is no number of CPUs: 1 is taken")
    }
    if let cores = file.natural("cpuid.coresPerSocket"), cores > 1 {
      if cores <= limit, draft.vcpus % Int(cores) == 0 {
        draft.cpu = XMLElement("cpu") {
          DomainDraft.topology(sockets: draft.vcpus / Int(cores), cores: Int(cores), threads: 1)
        }
      } else {
        note(
          "cpuid.coresPerSocket",
          "\(draft.vcpus) CPUs are no whole number of sockets with \(cores) cores: the sockets are not carried"
        )
      }
    }
    readAffinity()
    readShares()
    let is64Bit = file.word("guestOS")?.lowercased().hasSuffix("-64") ?? false
    draft.arch = is64Bit ? "x86_64" : "i686"
  }

  private mutating func readAffinity() {
    guard let text = file.word("sched.cpu.affinity"), text.lowercased() != "all" else { return }
    let numbers = text.split(separator: ",").compactMap { UInt16($0.trimmingSpaces) }
    if numbers.isEmpty || numbers.count != text.split(separator: ",").count {
      note("sched.cpu.affinity", "'sched.cpu.affinity' is no list of CPUs")
    } else {
      let list = Set(numbers).sorted().map(String.init).joined(separator: ",")
      draft.cpuset = (try? CPUSet(parsing: list)).map { "\($0)" } ?? list
    }
  }

  /// The words are so many shares for each CPU, as vSphere has them.
  private mutating func readShares() {
    guard let text = file.word("sched.cpu.shares")?.lowercased() else { return }
    let shares =
      switch text {
      case "low": UInt64(draft.vcpus) * 500
      case "normal": UInt64(draft.vcpus) * 1000
      case "high": UInt64(draft.vcpus) * 2000
      default: UInt64(text) ?? 0
      }
    if shares > 0 {
      draft.cputune.append(XMLElement("shares", text: "\(shares)"))
    } else {
      note("sched.cpu.shares", "'sched.cpu.shares' is neither a number nor low, normal or high")
    }
  }

  private mutating func readMemory() {
    var mebibytes: UInt64 = 32
    if let size = file.natural("memsize"), size > 0, Amount.times(size, 1 << 20) != nil {
      mebibytes = size
    } else {
      estate.note(
        draft.name, line: file.line("memsize"),
        "has no memory that can be read: 32 MiB is what VMware takes then")
      _ = file.text("memsize")
    }
    draft.memory = mebibytes * 1024
    if let limit = file.entry("sched.mem.max") {
      let value = Int64(limit.value) ?? -1
      if value >= 0, UInt64(value) < mebibytes { draft.currentMemory = UInt64(value) * 1024 }
      limit.isRead = true
    }
    if let least = file.natural("sched.mem.minsize") ?? file.natural("sched.mem.min"), least > 0 {
      let kibibytes = "\(min(least, mebibytes) * 1024)"
      draft.memtune = XMLElement("memtune") {
        XMLElement("min_guarantee", ["unit": "KiB"], text: kibibytes)
      }
    }
  }

  private mutating func readFirmware() {
    switch file.word("firmware")?.lowercased() {
    case "efi":
      draft.firmware = "efi"
      if file.word("nvram") != nil {
        note("nvram", "the variables of its UEFI firmware stay with VMware: boot entries are made anew")
      }
    case "bios", nil: _ = file.text("nvram")
    case let other?: note("firmware", "the firmware '\(other)' is not known: BIOS is taken")
    }
    if file.flag("uefi.secureBoot.enabled") == true { draft.boot.append(DomainDraft.secureBoot) }
    if file.flag("smbios.reflecthost") == true { draft.boot.append(XMLElement("smbios", ["mode": "host"])) }
    if file.flag("vtpm.present") == true || file.flag("managedvm.autoAddVTPM") == true
      || file.word("managedVM.autoAddVTPM")?.lowercased() == "software"
    {
      draft.otherDevices.append(DomainDraft.tpm())
      note("vtpm.present", "its TPM begins empty: what VMware's holds is not carried")
    }
    file.ignore(prefix: "vtpm.")
  }

  // MARK: Not carried

  private func noteUnread() {
    // Values may be anything: guestinfo has passwords.
    if let entry = file.entries.first(where: { !$0.isRead && $0.key.lowercased().hasPrefix("cpuid.") }) {
      note(entry.key, "what it changes of the CPU's features (cpuid.*) is not carried")
      file.ignore(prefix: "cpuid.")
    }
    for entry in file.entries where !entry.isRead {
      estate.note(draft.name, line: entry.line, "'\(entry.key)' is not carried")
    }
  }

  /// `%2f` stands for a character that a file's name cannot have.
  private static func unescapedPercents(_ text: String) -> String {
    guard text.contains("%") else { return text }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

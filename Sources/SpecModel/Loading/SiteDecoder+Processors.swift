extension SiteDecoder {
  /// The largest number of vCPUs that QEMU has a machine for.
  private static let maximumVCPUs = 4096
  /// How many vCPUs, sockets, cores and threads there may be.
  static let vcpus = 1...maximumVCPUs
  /// What cgroups take for a weight, by libvirt's `cputune`.
  static let cpuShares = 2...262_144

  /// `cpus: 2` is short for `cpus: {count: 2, max: 2}`.
  func decodeCPUs(_ reader: MappingReader, isComplete: Bool, into settings: inout MachineSettings) {
    let range = Self.vcpus
    guard reader.node("cpus")?.mapping != nil, let cpus = reader.nested("cpus") else {
      settings.cpus = reader.int("cpus", in: range).map { VCPUs(count: $0) }
      return
    }
    defer { cpus.finish() }
    let (count, max) = (cpus.int("count", in: range), cpus.int("max", in: range))
    if isComplete { cpus.missing("count") }
    if let count, let max, max < count {
      cpus.error("'max' is \(max), less than 'count', which is \(count)", at: "max")
    }
    settings.cpuShares = cpus.int("shares", in: Self.cpuShares)
    settings.cpuLimit = cpus.value("limit", CPULimit.init(parsing:))
    settings.cpus = count.map { VCPUs(count: $0, max: max) }
    settings.cpuPinning = decodePinning(cpus, isComplete ? settings.cpus : nil)
    settings.cpuTopology = decodeTopology(cpus, isComplete ? settings.cpus : nil)
  }

  /// What is not said of sockets, cores and threads is one.
  private func decodeTopology(_ cpus: MappingReader, _ vcpus: VCPUs?) -> CPUTopology? {
    let help = "such as topology: {sockets: 1, cores: 2, threads: 2}"
    guard let topology = cpus.nonEmpty("topology", help: help) else { return nil }
    defer { topology.finish() }
    let range = Self.vcpus
    let (sockets, cores) = (topology.int("sockets", in: range), topology.int("cores", in: range))
    let threads = topology.int("threads", in: range)
    let found = CPUTopology(sockets: sockets ?? 1, cores: cores ?? 1, threads: threads ?? 1)
    let count = found.sockets * found.cores * found.threads
    if let vcpus, count != vcpus.max {
      cpus.error(
        "sockets, cores and threads make \(count) vCPUs, but the VM has \(vcpus.max)", at: "topology",
        help: "their product is 'max' of cpus, or else 'count'")
      return nil
    }
    return found
  }

  /// `pin: 0-3` is short for `pin: {0: 0-3, 1: 0-3}`, with every vCPU that there can be.
  ///
  /// - Parameter vcpus: those of the VM; nil if they are not known, as of a template.
  private func decodePinning(_ cpus: MappingReader, _ vcpus: VCPUs?) -> VCPUPinning? {
    guard cpus.node("pin")?.mapping != nil else {
      guard let set = cpuSet(cpus, "pin") else { return nil }
      return vcpus.map { VCPUPinning(all: set, count: $0.max) }
    }
    let help = "write the host's CPUs for all vCPUs, such as pin: 0-3, or by vCPU, such as pin: {0: 0-1}"
    guard let pin = cpus.nonEmpty("pin", help: help) else { return nil }
    let maximum = vcpus?.max ?? Self.maximumVCPUs
    var sets: [Int: CPUSet] = [:]
    for key in pin.keys {
      let set = cpuSet(pin, key)
      guard let number = Int(key), String(number) == key, number >= 0 else {
        diagnostics.error(
          "'\(key)' is not the number of a vCPU", at: pin.keyLocation(of: key),
          help: "vCPUs are numbered from 0")
        continue
      }
      guard number < maximum else {
        diagnostics.error(
          "there is no vCPU \(number): the VM has at most \(maximum)", at: pin.keyLocation(of: key),
          help: "vCPUs are numbered from 0")
        continue
      }
      sets[number] = set
    }
    return VCPUPinning(sets)
  }

  private func cpuSet(_ reader: MappingReader, _ key: String) -> CPUSet? {
    reader.value(key) { text throws(ValueError) in try CPUSet(parsing: text) }
  }
}

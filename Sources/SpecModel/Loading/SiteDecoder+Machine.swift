extension SiteDecoder {
  /// Decodes one VM whose profile is merged and whose references are replaced; of a template, each value is
  /// checked by itself, and nothing comes of it.
  func decodeMachine(_ instance: Instance, _ node: YAMLNode, at path: SpecPath) -> MachineSpec? {
    guard let reader = MappingReader(node, at: path, diagnostics, title: instance.title, nestedPrefix: "")
    else { return nil }
    defer { reader.finish() }
    let isComplete = !instance.isTemplate
    let placement = decodePlacement(reader, isComplete: isComplete)
    // Where virtform chooses, what the VM needs says which hosts there are to choose from.
    let host = placement.flatMap { $0.isChosen ? nil : $0.hosts.first }
    var settings = MachineSettings()
    settings.title = reader.line("title").nonEmpty
    settings.description = reader.string("description").nonEmpty
    settings.accel = reader.choice("accel")
    settings.virt = reader.choice("virt")
    decodeCPUs(reader, isComplete: isComplete, into: &settings)
    let memoryDevices = decodeMemory(reader, isComplete: isComplete, into: &settings)
    if isComplete { reader.missing("memory", help: "such as memory: 1GiB") }
    settings.machine = reader.value("machine") { text throws(ValueError) in
      try ResourceName(parsing: text).rawValue
    }
    decodeFirmware(reader, isComplete: isComplete, into: &settings)
    settings.cpu = reader.value("cpu") { text throws(ValueError) in try ResourceName(parsing: text).rawValue }
    decodeGraphics(reader, isComplete: isComplete, into: &settings)
    decodeConsole(reader, into: &settings)
    settings.tpm = decodeTPM(reader, isComplete: isComplete)
    settings.randomSource = decodeRandomSource(reader)
    settings.watchdog = decodeWatchdog(reader)
    decodeNUMA(reader, isComplete: isComplete, into: &settings)
    settings.autostart = reader.bool("autostart")
    settings.state = reader.choice("state")
    reader.unknown("running") { value in
      switch value.scalar?.bool {
      case true: "write state: running"
      case false: "write state: off"
      case nil: "write state: running or state: off"
      }
    }

    let image = reference(reader, "image", to: .images)
    let kernel = reference(reader, "kernel", to: .images)
    let initrd = reference(reader, "initrd", to: .images)
    settings.cmdline = reader.line("cmdline").nonEmpty
    for key in ["initrd", "cmdline"] where reader.has(key) && !reader.has("kernel") && isComplete {
      reader.error("'\(key)' goes with a 'kernel', and there is none", at: key)
    }
    let pool = machinePool(
      reader, on: host,
      isNeeded: isComplete
        && (image != nil || kernel != nil || reader.has("cloud_init") || reader.has("ignition")))
    if let pool { checkFiles(reader, kernel: kernel, in: pool) }
    let clone = reader.choice("clone", CloneKind.self)
    let disks = decodeDisks(reader, instance, image: image, clone: clone, host: host, pool: pool)
    let nics = decodeNICs(reader, instance, host: host)
    let shares = decodeShares(reader, isComplete: isComplete)
    let hostDevices = decodeHostDevices(reader, isComplete: isComplete)
    let boot = decodeBoot(reader, instance)
    let cloudInit = decodeCloudInit(reader, instance)
    let ignition = decodeIgnition(reader, instance)
    let xml = reader.string("xml")
    let isProtected = reader.bool("protect") ?? false
    let onChange = reader.choice("on_change", ChangePolicy.self) ?? .stage
    let onImageChange = reader.choice("on_image_change", ImageChangePolicy.self) ?? .keep
    let shutdown = decodeShutdown(reader)
    let readiness = decodeReadiness(reader, instance, settings)
    let groups = (reader.names("groups") ?? []).map(\.name).sorted()
    let labels = decodeLabels(reader)
    let ssh = decodeSSH(reader)
    let migration = decodeMigration(reader)
    // The VMs that it names are looked up when all of them are known.
    _ = reader.names("start_after")
    guard isComplete, let placement = placement.map({ restricted($0, to: needs(disks, nics, pool), reader) }),
      let host = placement.hosts.first
    else { return nil }
    return MachineSpec(
      name: instance.name, host: host, placement: placement, migration: migration, settings: settings,
      kernel: kernel, initrd: initrd, pool: pool,
      disks: disks, nics: nics, memoryDevices: memoryDevices, shares: shares, hostDevices: hostDevices,
      boot: boot, cloudInit: cloudInit, ignition: ignition, xml: xml, isProtected: isProtected,
      onChange: onChange,
      onImageChange: onImageChange, shutdown: shutdown, path: path, groups: groups, labels: labels,
      readiness: readiness,
      ssh: ssh)
  }

  /// What a host must have for a VM to run there, and the hosts that do.
  private func needs(_ disks: [DiskSpec], _ nics: [NICSpec], _ pool: ResourceName?) -> [(
    what: String, hosts: [ResourceName]
  )] {
    var usedPools: [ResourceName] = [pool].compactMap { $0 }
    var needs: [(what: String, hosts: [ResourceName])] = []
    for disk in disks {
      switch disk.source {
      case .own(_, _, _, let pool), .existing(_, let pool, _): usedPools.append(pool)
      case .cdrom(_, let pool): usedPools += [pool].compactMap { $0 }
      case .path, .hostMedium: continue
      case .shared(let name):
        guard let disk = sharedDisks[name] else { continue }
        let isShared = pools[disk.pool]?.isShared == true
        needs.append(("disk '\(name)'", isShared ? pools[disk.pool]?.hosts ?? [] : [disk.host]))
      }
    }
    for name in Set(usedPools).sorted() {
      if let pool = pools[name] { needs.append(("pool '\(name)'", pool.hosts)) }
    }
    for name in Set(nics.map(\.network)).sorted() {
      if let network = networks[name] { needs.append(("network '\(name)'", network.hosts)) }
    }
    return needs
  }

  /// The pool of the VM's own: named, or needed since the VM has files without one of their own.
  private func machinePool(_ reader: MappingReader, on host: ResourceName?, isNeeded: Bool) -> ResourceName? {
    guard isNeeded || reader.has("pool") else {
      _ = reader.node("pool")
      return nil
    }
    // What it names in error is reported, and is no reason to ask each disk for a pool.
    return pool(reader, on: host)
      ?? reader.node("pool")?.scalar?.string.flatMap { try? ResourceName(parsing: $0) }
  }

  /// `memory: 2GiB` is short for `memory: {size: 2GiB, max: 2GiB}`. Returns the devices.
  private func decodeMemory(
    _ reader: MappingReader, isComplete: Bool, into settings: inout MachineSettings
  ) -> [MemoryDevice] {
    guard reader.node("memory")?.mapping != nil, let memory = reader.nested("memory") else {
      settings.memory = reader.value("memory", Self.memorySize).map { MemoryAmount(size: $0) }
      return []
    }
    let (size, max) = (memory.value("size", Self.memorySize), memory.value("max", Self.memorySize))
    if isComplete { memory.missing("size") }
    settings.memoryLimit = memory.value("limit", Self.memorySize)
    settings.hugePages = decodeHugePages(memory)
    let devices = decodeMemoryDevices(memory)
    memory.finish()
    if let size, let max, max < size {
      memory.error("'max' is \(max), less than 'size', which is \(size)", at: "max")
    }
    settings.memory = size.map { MemoryAmount(size: $0, max: max) }
    if isComplete {
      checkMemoryLimit(memory, settings, devices)
      checkPages(memory, settings)
    }
    return devices
  }

  private func decodeMemoryDevices(_ memory: MappingReader) -> [MemoryDevice] {
    guard let devices = memory.nested("devices") else { return [] }
    let found = memory.namedEntries("devices").compactMap { name, _ in
      devices.value(name.rawValue) { text throws(ValueError) in
        let size = try Self.memorySize(text)
        // Linux takes memory in pieces of this size.
        guard size.rawValue % Self.memoryBlock.rawValue == 0 else {
          throw ValueError(
            "a memory device of \(size) cannot be plugged in", help: "use a multiple of \(Self.memoryBlock)")
        }
        return MemoryDevice(name: name.rawValue, size: size)
      }
    }
    if found.count > Self.maximumMemoryDevices {
      memory.error("a VM has up to \(Self.maximumMemoryDevices) memory devices", at: "devices")
    }
    return found.sorted { $0.name < $1.name }
  }

  private static let memoryBlock = ByteCount.mebibytes(128)
  /// The slots that a machine has for them.
  private static let maximumMemoryDevices = 16

  private func checkMemoryLimit(
    _ memory: MappingReader, _ settings: MachineSettings, _ devices: [MemoryDevice]
  ) {
    guard let max = settings.memory?.max else { return }
    guard let limit = settings.memoryLimit else {
      if !devices.isEmpty {
        memory.error(
          "memory devices need a 'limit'", at: "devices", help: "such as limit: 16GiB, the most there can be")
      }
      return
    }
    let total = devices.reduce(max.rawValue) { $0 + $1.size.rawValue }
    if total > limit.rawValue {
      memory.error(
        "'limit' is \(limit), less than 'max' and the devices, which are \(ByteCount(rawValue: total)) together",
        at: "limit")
    }
  }

  static func memorySize(_ text: String) throws(ValueError) -> ByteCount {
    let size = try ByteCount(parsing: text)
    guard size >= .mebibytes(1) else {
      throw ValueError("memory of \(size) is too little", help: "at least 1MiB")
    }
    guard size <= .gibibytes(1 << 16) else {
      throw ValueError("memory of \(size) is too much", help: "at most 64TiB")
    }
    return size.roundedUpToKibibytes
  }

  /// The disks and NICs that the firmware tries, in their order.
  private func decodeBoot(_ reader: MappingReader, _ instance: Instance) -> [ResourceName]? {
    guard let devices = reader.names("boot") else { return nil }
    if devices.isEmpty {
      reader.error("'boot' is empty", at: "boot", help: "leave it out to try the disks in their order")
    }
    if reader.has("kernel") {
      reader.error(
        "'boot' does not go with a 'kernel'", at: "boot",
        help: "the kernel is started without trying any device"
      )
    }
    // What a template lacks, the VM may have.
    guard !instance.isTemplate, !reader.isUnreadable("disks"), !reader.isUnreadable("nics") else {
      return nil
    }
    let disks = Set(reader.nestedKeys("disks") + (reader.has("image") ? [Self.rootDisk] : []))
    let nics = Set(reader.nestedKeys("nics"))
    for (name, location) in devices {
      switch (disks.contains(name.rawValue), nics.contains(name.rawValue)) {
      case (true, false), (false, true): continue
      case (true, true):
        diagnostics.error(
          "'\(name)' is a disk and a NIC of this VM", at: location, help: "give one of them another name")
      case (false, false):
        let known = disks.union(nics)
        let near = diagnostics.suggestions.nearest(to: name.rawValue, in: known).map {
          "did you mean '\($0)'?"
        }
        diagnostics.error(
          "this VM has no disk and no NIC '\(name)'", at: location,
          help: near ?? (known.isEmpty ? nil : "it has " + known.sorted().prefix(10).joined(separator: ", ")))
      }
    }
    return devices.map(\.name)
  }

  func decodeLabels(_ reader: MappingReader) -> [ResourceName: String] {
    guard let labels = reader.nested("labels") else { return [:] }
    let values = reader.namedEntries("labels").compactMap { name, _ in
      labels.line(name.rawValue).map { (name, $0) }
    }
    return Dictionary(values, uniquingKeysWith: { first, _ in first })
  }

  private func decodeShutdown(_ reader: MappingReader) -> ShutdownPolicy {
    var policy = ShutdownPolicy()
    guard let shutdown = reader.nested("shutdown") else { return policy }
    if let timeout = shutdown.value("timeout", { text throws(ValueError) in try TimeSpan(parsing: text) }) {
      policy.timeout = timeout
    }
    policy.force = shutdown.bool("force") ?? policy.force
    shutdown.finish()
    return policy
  }
}

extension String? {
  /// nil for an empty text, too: libvirt keeps none.
  fileprivate var nonEmpty: String? { self == "" ? nil : self }
}

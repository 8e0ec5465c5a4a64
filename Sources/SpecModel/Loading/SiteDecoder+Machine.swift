extension SiteDecoder {
  /// The largest number of vCPUs that QEMU has a machine for.
  private static let maximumVCPUs = 4096

  /// Decodes one VM whose profile is merged and whose references are replaced; of a template, each value is
  /// checked by itself, and nothing comes of it.
  func decodeMachine(_ instance: Instance, _ node: YAMLNode, at path: SpecPath) -> MachineSpec? {
    guard let reader = MappingReader(node, at: path, diagnostics, title: instance.title, nestedPrefix: "")
    else { return nil }
    defer { reader.finish() }
    let isComplete = !instance.isTemplate
    let host = isComplete ? self.host(reader) : reference(reader, "host", to: .hosts)
    var settings = MachineSettings()
    settings.title = reader.line("title").nonEmpty
    settings.description = reader.string("description").nonEmpty
    settings.accel = reader.choice("accel")
    settings.cpus = decodeCPUs(reader, isComplete: isComplete)
    settings.memory = decodeMemory(reader, isComplete: isComplete)
    if isComplete { reader.missing("memory", help: "such as memory: 1GiB") }
    settings.machine = reader.value("machine") { text throws(ValueError) in
      try ResourceName(parsing: text).rawValue
    }
    settings.firmware = reader.choice("firmware")
    settings.cpu = reader.value("cpu") { text throws(ValueError) in try ResourceName(parsing: text).rawValue }
    settings.graphics = reader.choice("graphics")
    settings.console = reader.bool("console")
    settings.autostart = reader.bool("autostart")
    settings.running = reader.bool("running")

    let image = reference(reader, "image", to: .images)
    let kernel = reference(reader, "kernel", to: .images)
    let initrd = reference(reader, "initrd", to: .images)
    settings.cmdline = reader.line("cmdline").nonEmpty
    for key in ["initrd", "cmdline"] where reader.has(key) && !reader.has("kernel") && isComplete {
      reader.error("'\(key)' goes with a 'kernel', and there is none", at: key)
    }
    let pool = machinePool(reader, on: host, isNeeded: isComplete && (image != nil || kernel != nil))
    let disks = decodeDisks(reader, instance, image: image, host: host, pool: pool)
    let nics = decodeNICs(reader, instance, host: host)
    let onChange = reader.choice("on_change", ChangePolicy.self) ?? .stage
    let shutdown = decodeShutdown(reader)
    guard let host, isComplete else { return nil }
    return MachineSpec(
      name: instance.name, host: host, settings: settings, kernel: kernel, initrd: initrd, pool: pool,
      disks: disks, nics: nics, onChange: onChange, shutdown: shutdown, path: path)
  }

  /// The pool of the VM's own: named, or needed since the VM has files without one of their own.
  private func machinePool(_ reader: MappingReader, on host: ResourceName?, isNeeded: Bool) -> ResourceName? {
    guard isNeeded || reader.has("pool") else {
      _ = reader.node("pool")
      return nil
    }
    return pool(reader, on: host)
  }

  /// `cpus: 2` is short for `cpus: {count: 2, max: 2}`.
  private func decodeCPUs(_ reader: MappingReader, isComplete: Bool) -> VCPUs? {
    let range = 1...Self.maximumVCPUs
    guard reader.node("cpus")?.mapping != nil, let cpus = reader.nested("cpus") else {
      return reader.int("cpus", in: range).map { VCPUs(count: $0) }
    }
    let (count, max) = (cpus.int("count", in: range), cpus.int("max", in: range))
    if isComplete { cpus.missing("count") }
    cpus.finish()
    if let count, let max, max < count {
      cpus.error("'max' is \(max), less than 'count', which is \(count)", at: "max")
    }
    return count.map { VCPUs(count: $0, max: max) }
  }

  /// `memory: 2GiB` is short for `memory: {size: 2GiB, max: 2GiB}`.
  private func decodeMemory(_ reader: MappingReader, isComplete: Bool) -> MemoryAmount? {
    let parse = { (text: String) throws(ValueError) -> ByteCount in
      let size = try ByteCount(parsing: text)
      guard size >= .mebibytes(1) else {
        throw ValueError("memory of \(size) is too little", help: "at least 1MiB")
      }
      guard size <= .gibibytes(1 << 16) else {
        throw ValueError("memory of \(size) is too much", help: "at most 64TiB")
      }
      return size.roundedUpToKibibytes
    }
    guard reader.node("memory")?.mapping != nil, let memory = reader.nested("memory") else {
      return reader.value("memory", parse).map { MemoryAmount(size: $0) }
    }
    let (size, max) = (memory.value("size", parse), memory.value("max", parse))
    if isComplete { memory.missing("size") }
    memory.finish()
    if let size, let max, max < size {
      memory.error("'max' is \(max), less than 'size', which is \(size)", at: "max")
    }
    return size.map { MemoryAmount(size: $0, max: max) }
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

  // MARK: Disks

  private static let rootDisk = "root"

  private func decodeDisks(
    _ reader: MappingReader, _ instance: Instance, image: ResourceName?, host: ResourceName?,
    pool: ResourceName?
  ) -> [DiskSpec] {
    let entries = reader.namedEntries("disks")
    var disks = entries.compactMap { name, entry -> DiskSpec? in
      reader.nested(entry.value, "disks", name.rawValue).flatMap { disk in
        defer { disk.finish() }
        let image = name.rawValue == Self.rootDisk ? image : nil
        if disk.has("disk") { return decodeSharedDisk(name, disk, image: image, host: host) }
        return decodeOwnDisk(name, disk, instance, image: image, host: host, pool: pool)
      }
    }
    if let image, !entries.contains(where: { $0.name.rawValue == Self.rootDisk }), let pool,
      let root = try? ResourceName(parsing: Self.rootDisk)
    {
      let source = DiskSpec.Source.own(size: nil, image: image, format: .qcow2, pool: pool)
      disks.insert(
        DiskSpec(name: root, source: source, bus: nil, keep: false, path: reader.path + "image"), at: 0)
    }
    return disks
  }

  private func decodeSharedDisk(
    _ name: ResourceName, _ disk: MappingReader, image: ResourceName?, host: ResourceName?
  ) -> DiskSpec? {
    let bus = disk.choice("bus", DiskBus.self)
    for key in ["size", "pool", "image", "format", "keep"] where disk.has(key) {
      disk.error("'\(key)' does not go with 'disk'", at: key, help: "a shared disk is described under disks:")
      _ = disk.node(key)
    }
    guard let shared = reference(disk, "disk", to: .disks) else { return nil }
    if let image {
      disk.error(
        "the VM's image '\(image)' would make this disk, but it is the shared disk '\(shared)'", at: "disk",
        help: "leave out the VM's 'image', or give the shared disk another name here")
    }
    if let declared = sharedDisks[shared], let host, declared.host != host {
      disk.error("disk '\(shared)' is on host '\(declared.host)', this VM on '\(host)'", at: "disk")
    }
    return DiskSpec(name: name, source: .shared(shared), bus: bus, keep: true, path: disk.path)
  }

  private func decodeOwnDisk(
    _ name: ResourceName, _ disk: MappingReader, _ instance: Instance, image inherited: ResourceName?,
    host: ResourceName?, pool vmPool: ResourceName?
  ) -> DiskSpec? {
    _ = disk.node("disk")
    let bus = disk.choice("bus", DiskBus.self)
    let keep = disk.bool("keep") ?? false
    let size = diskSize(disk)
    let image = reference(disk, "image", to: .images) ?? inherited
    let format = disk.choice("format", DiskFormat.self) ?? .qcow2
    guard !instance.isTemplate else {
      _ = reference(disk, "pool", to: .pools)
      return nil
    }
    if let image {
      checkClone(of: image, size: size, format, disk)
    } else if !disk.has("image") {
      disk.missing("size", help: "such as size: 20GiB")
    }
    guard let pool = self.pool(disk, on: host, inherited: vmPool), size != nil || image != nil else {
      return nil
    }
    return DiskSpec(
      name: name, source: .own(size: size, image: image, format: format, pool: pool), bus: bus, keep: keep,
      path: disk.path)
  }

  private func checkClone(
    of image: ResourceName, size: ByteCount?, _ format: DiskFormat, _ disk: MappingReader
  ) {
    if format == .raw {
      disk.error(
        "a clone of an image cannot be raw", at: "format",
        help: "leave out 'format': a clone is a qcow2 file that refers to its image")
    }
    if let size, let virtualSize = images[image]?.virtualSize, size < virtualSize {
      disk.error(
        "a disk of \(size) is smaller than its image '\(image)', which has \(virtualSize)", at: "size",
        help: "a smaller disk would cut off the end of the image; leave out 'size' to have the image's")
    }
  }

  // MARK: Network interfaces

  private func decodeNICs(_ reader: MappingReader, _ instance: Instance, host: ResourceName?) -> [NICSpec] {
    reader.namedEntries("nics").compactMap { name, entry in
      reader.nested(entry.value, "nics", name.rawValue).flatMap { nic in
        defer { nic.finish() }
        return decodeNIC(name, nic, keyLocation: entry.keyLocation, instance, host: host)
      }
    }
  }

  private func decodeNIC(
    _ name: ResourceName, _ nic: MappingReader, keyLocation: SourceLocation, _ instance: Instance,
    host: ResourceName?
  ) -> NICSpec? {
    let mac = nic.value("mac") { text throws(ValueError) in try MACAddress(parsing: text) }
    let model = nic.value("model") { text throws(ValueError) in try ResourceName(parsing: text).rawValue }
    let ip = nic.value("ip") { text throws(ValueError) in try Self.address(text, instance) }
    let networkLocation = nic.has("network") ? nic.location(of: "network") : keyLocation
    let stated = nic.name("network")
    // A NIC without a network is named after its own; of a template, the VM may name another.
    guard let networkName = stated ?? (nic.has("network") || instance.isTemplate ? nil : name),
      check(networkName, at: networkLocation, in: .networks, isNICName: stated == nil)
    else { return nil }
    if let network = networks[networkName] {
      if let host, !network.hosts.contains(host) {
        diagnostics.error(
          "network '\(networkName)' is not on host '\(host)'", at: networkLocation,
          help: network.hosts.isEmpty
            ? nil : "it is on " + network.hosts.prefix(10).map(\.rawValue).joined(separator: ", "))
      }
      if let ip { check(ip, on: network, nic) }
    }
    return NICSpec(name: name, network: networkName, mac: mac, ip: ip, model: model, path: nic.path)
  }

  private func check(_ ip: IPv4Address, on network: NetworkSpec, _ nic: MappingReader) {
    guard let cidr = network.cidr else {
      let reason = network.isExternal ? "is external" : "has no cidr"
      nic.error(
        "network '\(network.name)' \(reason), so it cannot reserve \(ip)", at: "ip", help: "leave out 'ip'")
      return
    }
    if !cidr.containsHost(ip) {
      nic.error("\(ip) is not an address of network '\(network.name)', which is \(cidr)", at: "ip")
    } else if ip == network.gateway {
      nic.error("\(ip) is the gateway of network '\(network.name)'", at: "ip")
    }
  }

  /// An address; with a `+` behind it the first VM of a count has it, the second the next one, and so on.
  private static func address(_ text: String, _ instance: Instance) throws(ValueError) -> IPv4Address {
    guard text.hasSuffix("+") else { return try IPv4Address(parsing: text) }
    guard let index = instance.index else {
      throw ValueError(
        "'\(text)' counts up, but this VM has no count", help: "leave out the '+', or add a count")
    }
    let first = try IPv4Address(parsing: String(text.dropLast()))
    guard let address = first.advanced(by: index - 1) else {
      throw ValueError("'\(text)' runs past the last address")
    }
    return address
  }
}

extension String? {
  /// nil for an empty text, too: libvirt keeps none.
  fileprivate var nonEmpty: String? { self == "" ? nil : self }
}

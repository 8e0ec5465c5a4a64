extension SiteDecoder {
  /// libvirt's own limit for memory and the largest number of vCPUs that QEMU has a machine for.
  private static let maximumVCPUs = 4096

  /// Decodes one VM whose profile is merged and whose references are replaced.
  ///
  /// - Parameter isComplete: false for a profile on its own, which need not have what a VM needs.
  func decodeMachine(
    _ instance: Instance, _ node: YAMLNode, at path: SpecPath, isComplete: Bool = true
  ) -> MachineSpec? {
    guard let reader = MappingReader(node, at: path, diagnostics) else { return nil }
    defer { reader.finish() }
    let host = isComplete ? self.host(reader) : reference(reader, "host", to: .hosts)
    var settings = MachineSettings()
    settings.title = reader.value("title") { text throws(ValueError) in try Self.singleLine(text) }
    settings.description = reader.string("description")
    settings.accel = reader.choice("accel")
    settings.cpus = decodeCPUs(reader)
    settings.memory = decodeMemory(reader)
    if isComplete { reader.missing("memory", help: "such as memory: 1GiB") }
    settings.machine = reader.value("machine") { text throws(ValueError) in try ResourceName(parsing: text).rawValue }
    settings.firmware = reader.choice("firmware")
    settings.cpu = reader.value("cpu") { text throws(ValueError) in try ResourceName(parsing: text).rawValue }
    settings.graphics = reader.choice("graphics")
    settings.console = reader.bool("console")
    settings.autostart = reader.bool("autostart")
    settings.running = reader.bool("running")

    let image = reference(reader, "image", to: .images)
    let kernel = reference(reader, "kernel", to: .images)
    let initrd = reference(reader, "initrd", to: .images)
    settings.cmdline = reader.value("cmdline") { text throws(ValueError) in try Self.singleLine(text) }
    for key in ["initrd", "cmdline"] where reader.has(key) && !reader.has("kernel") && isComplete {
      reader.error("'\(key)' goes with a 'kernel'", at: key)
    }
    let needsPool = reader.has("pool") || image != nil || kernel != nil
    let pool = needsPool ? self.pool(reader, on: host) : { _ = reader.node("pool"); return nil }()
    let disks = decodeDisks(reader, image: image, host: host, pool: pool)
    let nics = decodeNICs(reader, instance, host: host)
    let onChange = reader.choice("on_change", ChangePolicy.self) ?? .stage
    let shutdown = decodeShutdown(reader)
    guard let host, isComplete else { return nil }
    return MachineSpec(
      name: instance.name, host: host, settings: settings, kernel: kernel, initrd: initrd, pool: pool,
      disks: disks, nics: nics, onChange: onChange, shutdown: shutdown, path: path)
  }

  private static func singleLine(_ text: String) throws(ValueError) -> String {
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
      throw ValueError("the text has a line break or another control character")
    }
    return text
  }

  /// `cpus: 2` is short for `cpus: {count: 2, max: 2}`.
  private func decodeCPUs(_ reader: MappingReader) -> VCPUs? {
    let range = 1...Self.maximumVCPUs
    guard reader.node("cpus")?.mapping != nil, let cpus = reader.nested("cpus") else {
      return reader.int("cpus", in: range).map { VCPUs(count: $0) }
    }
    let (count, max) = (cpus.int("count", in: range), cpus.int("max", in: range))
    cpus.missing("count")
    cpus.finish()
    if let count, let max, max < count {
      cpus.error("'max' is \(max), less than 'count', which is \(count)", at: "max")
    }
    return count.map { VCPUs(count: $0, max: max) }
  }

  /// `memory: 2GiB` is short for `memory: {size: 2GiB, max: 2GiB}`.
  private func decodeMemory(_ reader: MappingReader) -> MemoryAmount? {
    let parse = { (text: String) throws(ValueError) -> ByteCount in
      let size = try ByteCount(parsing: text)
      guard size >= .mebibytes(1) else { throw ValueError("memory of \(size) is too little", help: "at least 1MiB") }
      guard size <= .gibibytes(1 << 16) else { throw ValueError("memory of \(size) is too much", help: "at most 64TiB") }
      return size.roundedUpToKibibytes
    }
    guard reader.node("memory")?.mapping != nil, let memory = reader.nested("memory") else {
      return reader.value("memory", parse).map { MemoryAmount(size: $0) }
    }
    let (size, max) = (memory.value("size", parse), memory.value("max", parse))
    memory.missing("size")
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
    _ reader: MappingReader, image: ResourceName?, host: ResourceName?, pool: ResourceName?
  ) -> [DiskSpec] {
    var disks = reader.namedEntries("disks").compactMap { name, entry -> DiskSpec? in
      let path = reader.path + "disks" + name.rawValue
      return MappingReader(entry.value, at: path, diagnostics).flatMap { disk in
        defer { disk.finish() }
        return decodeDisk(name, disk, image: name.rawValue == Self.rootDisk ? image : nil, host: host, pool: pool)
      }
    }
    if let image, !reader.keysOfNested("disks").contains(Self.rootDisk), let pool,
      let root = try? ResourceName(parsing: Self.rootDisk)
    {
      let source = DiskSpec.Source.own(size: nil, image: image, format: .qcow2, pool: pool)
      disks.insert(DiskSpec(name: root, source: source, bus: nil, keep: false, path: reader.path + "image"), at: 0)
    }
    return disks
  }

  private func decodeDisk(
    _ name: ResourceName, _ disk: MappingReader, image inherited: ResourceName?, host: ResourceName?,
    pool vmPool: ResourceName?
  ) -> DiskSpec? {
    let bus = disk.choice("bus", DiskBus.self)
    let keep = disk.bool("keep") ?? false
    if disk.has("disk") {
      for key in ["size", "pool", "image", "format", "keep"] where disk.has(key) {
        disk.error("'\(key)' is set where the disk is declared, under disks:", at: key)
        _ = disk.node(key)
      }
      guard let shared = reference(disk, "disk", to: .disks) else { return nil }
      if let declared = sharedDisks.first(where: { $0.name == shared }), let host, declared.host != host {
        disk.error("disk '\(shared)' is on host '\(declared.host)', this VM on '\(host)'", at: "disk")
      }
      return DiskSpec(name: name, source: .shared(shared), bus: bus, keep: true, path: disk.path)
    }
    _ = disk.node("disk")
    let size = diskSize(disk)
    let image = reference(disk, "image", to: .images) ?? inherited
    let format = disk.choice("format", DiskFormat.self) ?? .qcow2
    if image == nil, !disk.has("image") { disk.missing("size", help: "such as size: 20GiB") }
    if image != nil, format == .raw {
      disk.error("a clone of an image is qcow2, which refers to the image", at: "format")
    }
    guard let pool = self.pool(disk, on: host, inherited: vmPool) else { return nil }
    guard size != nil || image != nil else { return nil }
    return DiskSpec(
      name: name, source: .own(size: size, image: image, format: format, pool: pool), bus: bus, keep: keep,
      path: disk.path)
  }

  // MARK: Network interfaces

  private func decodeNICs(_ reader: MappingReader, _ instance: Instance, host: ResourceName?) -> [NICSpec] {
    reader.namedEntries("nics").compactMap { name, entry in
      let path = reader.path + "nics" + name.rawValue
      return MappingReader(entry.value, at: path, diagnostics).flatMap { nic in
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
    guard let networkName = nic.has("network") ? nic.name("network") : { _ = nic.node("network"); return name }(),
      check(networkName, at: networkLocation, in: .networks)
    else { return nil }
    if let network = networks.first(where: { $0.name == networkName }) {
      if let host, !network.hosts.contains(host) {
        diagnostics.error("network '\(networkName)' is not on host '\(host)'", at: networkLocation)
      }
      if let ip { check(ip, on: network, nic) }
    }
    return NICSpec(name: name, network: networkName, mac: mac, ip: ip, model: model, path: nic.path)
  }

  private func check(_ ip: IPv4Address, on network: NetworkSpec, _ nic: MappingReader) {
    guard let cidr = network.cidr else {
      let reason = network.isExternal ? "is external" : "has no cidr"
      nic.error("network '\(network.name)' \(reason), so it cannot reserve \(ip)", at: "ip")
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
      throw ValueError("'\(text)' counts up, but this VM has no count", help: "leave out the '+'")
    }
    let first = try IPv4Address(parsing: String(text.dropLast()))
    guard let address = first.advanced(by: index - 1) else { throw ValueError("'\(text)' runs past the last address") }
    return address
  }
}

extension MappingReader {
  /// The keys of the mapping at `key`, without checking anything.
  func keysOfNested(_ key: String) -> [String] { node(key)?.mapping?.entries.map(\.key) ?? [] }
}

import CloudInit
import FoundationEssentials
import SpecModel

/// Turns a spec's part for one host into the objects that the host should have.
struct DesiredHostBuilder {
  let site: Site
  let host: Host
  let index: HostIndex
  let identity: Identity
  let images: [ResourceName: ImageContent]
  let options: SitePlanner.Options
  let diagnostics: Diagnostics
  var desired = DesiredHost()
  /// Indices into `desired.volumes`, by address and by path.
  private(set) var volumesByAddress: [Address: Int] = [:]
  private var volumesByPath: [String: Int] = [:]

  init(
    site: Site, host: Host, index: HostIndex, images: [ResourceName: ImageContent],
    options: SitePlanner.Options, diagnostics: Diagnostics
  ) {
    self.site = site
    self.host = host
    self.index = index
    self.identity = Identity(stack: site.stack)
    self.images = images
    self.options = options
    self.diagnostics = diagnostics
  }

  var state: HostState { index.state }

  mutating func build() -> DesiredHost {
    let driver = state.capabilities.driver
    guard driver.can(.marking) else {
      report(
        "libvirt's driver for host '\(host.name)' (\(driver.title)) keeps no marks and edits no definition",
        at: host.path + "uri", help: "leave the host out; 'virtform show' and 'virtform hosts' only read it")
      return desired
    }
    for pool in site.pools where pool.hosts.contains(host.name) { add(pool) }
    for disk in site.disks where disk.host == host.name { add(disk) }
    for machine in site.machines(on: host.name) { add(machine) }
    desired.networks = site.networks.filter { $0.hosts.contains(host.name) }.compactMap(wantedNetwork)
    let used = Set(site.machines(on: host.name).flatMap { $0.nics.compactMap(\.firewall) })
    desired.firewalls = site.firewalls.filter { used.contains($0.name) }.map {
      .init(spec: $0, firewall: Firewall($0, identity))
    }
    return desired
  }

  func report(_ message: String, at path: SpecPath, help: String? = nil) {
    diagnostics.error(message, at: site.origins.location(of: path), help: help)
  }

  // MARK: Storage

  private mutating func add(_ spec: PoolSpec) {
    let actual = index.pool(named: spec.name.rawValue)
    if spec.isExternal {
      guard let actual else {
        return report(
          "host '\(host.name)' has no pool '\(spec.name)'", at: spec.path,
          help: "an external pool must be there; leave out 'external' to have it made")
      }
      guard let source = actual.source else {
        return report(
          "the external pool '\(spec.name)' on host '\(host.name)' is of a type that virtform does not know",
          at: spec.path, help: "it knows " + PoolType.allCases.map(\.rawValue).joined(separator: ", "))
      }
      guard actual.isActive else {
        return report(
          "the external pool '\(spec.name)' on host '\(host.name)' is not active", at: spec.path,
          help: "start it: \(state.virsh("pool-start \(spec.name)"))")
      }
      desired.sources[spec.name] = source
      return
    }
    guard let source = spec.source else { return }
    desired.sources[spec.name] = source
    var pool = Pool(
      name: spec.name.rawValue, uuid: identity.uuid(.pool, spec.name.rawValue), source: source,
      autostart: spec.autostart ?? true, isActive: true)
    pool.isBuilt = spec.isBuilt
    desired.pools.append(.init(spec: spec, pool: pool))
  }

  func volume(
    _ kind: Identity.VolumeKind, base: String, format: DiskFormat?, capacity: ByteCount, pool: ResourceName,
    backing: String? = nil
  ) -> Volume? {
    // A pool without a place for volumes has its own diagnostic.
    guard let source = desired.sources[pool], let root = source.root else { return nil }
    let format = format ?? source.type.defaultFormat
    let name = identity.volumeName(kind, base: base, format: format)
    var volume = Volume(
      pool: pool.rawValue, name: name, path: "\(root)/\(name)", capacity: capacity, format: format,
      backingPath: backing)
    volume.type = source.type.volumeType
    volume.isThick = source.type.isThick
    return volume
  }

  private mutating func add(_ disk: SharedDiskSpec) {
    guard isTaken(disk.format, size: disk.size, image: nil, by: disk.pool, at: disk.path),
      var volume = volume(
        .sharedDisk, base: disk.name.rawValue, format: disk.format, capacity: disk.size, pool: disk.pool)
    else { return }
    volume.isProtected = disk.isProtected
    if let path = index.sharedDisk(named: disk.name.rawValue)?.path ?? pathInVM(of: disk),
      let name = nameOfFile(at: path, like: volume, .sharedDisk)
    {
      (volume.name, volume.path) = (name, path)
    }
    _ = append(
      .init(
        address: Address(.disk, disk.name.rawValue, on: host.name), volume: volume, hasSize: true,
        path: disk.path))
  }

  /// Where a VM has the disk whose pool nobody can look into, since it is not active.
  private func pathInVM(of disk: SharedDiskSpec) -> String? {
    guard index.pool(named: disk.pool.rawValue)?.isActive == false else { return nil }
    for machine in site.machines(on: host.name) {
      for use in machine.disks where use.source == .shared(disk.name) {
        let actual = index.ownMachine(named: machine.name.rawValue)
        if let there = actual?.disks.first(where: { $0.name == use.name.rawValue }) { return there.path }
      }
    }
    return nil
  }

  /// The index of the volume in `desired.volumes`.
  mutating func append(_ volume: DesiredHost.WantedVolume) -> Int {
    let index = desired.volumes.count
    desired.volumes.append(volume)
    volumesByAddress[volume.address] = index
    if let other = volumesByPath.updateValue(index, forKey: volume.volume.path) {
      // A disk that was renamed keeps its file, so one of its former name would get the same.
      let (old, new) = (desired.volumes[other], volume)
      let isFirstRenamed = !old.volume.name.hasPrefix("\(old.address.name)-")
      let (renamed, taker) = isFirstRenamed ? (old, new) : (new, old)
      report(
        "the name of \(taker.address) is spent: \(renamed.address) was made under it and has its file",
        at: taker.path, help: "give this disk another name")
    }
    return index
  }

  func image(_ name: ResourceName, in pool: ResourceName) -> DesiredHost.WantedImage? {
    guard let spec = site.image(name), let content = images[name],
      let volume = volume(
        .image, base: "\(name)-\(content.sha256.prefix(12))", format: spec.format,
        capacity: content.virtualSize, pool: pool)
    else { return nil }
    return .init(
      name: name.rawValue, source: .file("\(spec.source)", content), volume: volume, path: spec.path)
  }

  // MARK: VMs

  private mutating func add(_ spec: MachineSpec) {
    let actual = index.ownMachine(named: spec.name.rawValue)
    let uuid = actual?.uuid ?? identity.uuid(.machine, spec.name.rawValue)
    var machine = Machine(name: spec.name.rawValue, uuid: uuid, settings: spec.settings)
    machine.settings.accel = accelerator(of: spec)
    machine.settings.state = spec.settings.state ?? .running
    machine.boot = spec.boot.map { $0.map(\.rawValue) }
    machine.shutdown = spec.shutdown == ShutdownPolicy() ? nil : spec.shutdown
    machine.isProtected = spec.isProtected
    machine.memoryDevices = spec.memoryDevices
    machine.shares = spec.shares
    machine.hostDevices = spec.hostDevices
    machine.xml = spec.xml
    // A VM that is made anew has no past.
    let applied = isReplaced(spec) ? [:] : actual?.mark?.applied ?? [:]
    var volumes: [Int] = []
    for disk in spec.disks {
      switch disk.source {
      case .existing(let volume, let pool, let format):
        machine.disks += existing(volume, in: pool, format, as: disk, actual).map { [$0] } ?? []
        continue
      case .path(let path, let format):
        var attached = Machine.Disk(
          name: disk.name.rawValue, path: path, format: format, bus: disk.bus, keep: disk.keep,
          ioTune: disk.ioTune)
        if path.hasPrefix("/dev/") { attached.access = .block }
        machine.disks.append(attached)
        continue
      case .own, .shared, .cdrom, .hostMedium: break
      }
      guard let position = wantedVolume(disk, of: spec, actual) else { continue }
      let wanted = desired.volumes[position].volume
      var attached = Machine.Disk(
        name: disk.name.rawValue, path: wanted.path, format: wanted.format, bus: disk.bus, keep: disk.keep,
        isProtected: spec.protects(disk) || isProtected(disk), ioTune: disk.ioTune)
      attached.access = access(to: wanted)
      machine.disks.append(attached)
      volumes.append(position)
    }
    var images = [bootImage(spec.kernel, "kernel", of: spec), bootImage(spec.initrd, "initrd", of: spec)]
    machine.kernel = images[0]?.volume.path
    machine.initrd = images[1]?.volume.path
    for disk in spec.disks {
      if case .hostMedium(let path) = disk.source {
        machine.drives.append(.init(name: disk.name.rawValue, media: path, bus: disk.bus))
      }
      guard case .cdrom(let name, let pool) = disk.source else { continue }
      let image = name.flatMap { name in pool.flatMap { self.image(name, in: $0) } }
      if image != nil, let pool {
        checkFile("the image of a CD-ROM drive", in: pool, at: disk.path + "cdrom")
      }
      machine.drives.append(.init(name: disk.name.rawValue, media: image?.volume.path, bus: disk.bus))
      images.append(image)
    }
    if let seed = seed(of: spec, actual) {
      machine.seedTraces = seed.traces
      let image = image(of: seed, for: spec)
      machine.drives.append(
        .init(
          name: SeedDrive.name, media: image?.volume.path,
          bus: state.capabilities.driver == .xen ? nil : .scsi))
      images.append(image)
    }
    if let ignition = spec.ignition, let image = image(of: IgnitionConfig(ignition), for: spec) {
      machine.ignition = image.volume.path
      images.append(image)
    }
    machine.nics = spec.nics.map(wantedNIC)
    let said = machine.values
    checkDevices(of: machine, spec)
    if !applied.isEmpty { Self.goBack(&machine, since: applied) }
    desired.machines.append(
      .init(
        spec: spec, machine: machine, applied: said, volumes: volumes, images: images.compactMap { $0 }))
  }

  private static func goBack(_ machine: inout Machine, since applied: [String: String]) {
    for (field, rule) in MachineField.table { goBack(rule, at: field.rawValue, &machine, since: applied) }
    for index in machine.nics.indices {
      for field in NICField.allCases {
        goBack(
          field.rule, at: field.path(of: machine.nics[index].name), &machine.nics[index], since: applied)
      }
    }
  }

  /// What the spec set before and sets no longer goes back to what a new object has.
  private static func goBack<Object>(
    _ rule: FieldRule<Object>, at path: String, _ object: inout Object, since applied: [String: String]
  ) {
    if case .back(_, let reset) = rule.unset, applied[path] != nil, rule.value(object) == nil {
      reset(&object)
    }
  }

  private func isProtected(_ disk: DiskSpec) -> Bool {
    if case .shared(let name) = disk.source { site.disk(name)?.isProtected ?? false } else { false }
  }

  private func bootImage(
    _ name: ResourceName?, _ key: String, of spec: MachineSpec
  ) -> DesiredHost.WantedImage? {
    guard let name, let pool = spec.pool else { return nil }
    checkFile("the VM's kernel", in: pool, at: spec.path + "kernel")
    if let image = site.image(name), image.format != .raw {
      report(
        "the image '\(name)' is a disk in \(image.format.rawValue), and no \(key)", at: spec.path + key,
        help: "a \(key) is a file that is read as it is: format: raw")
    }
    return image(name, in: pool)
  }

  /// The name of the file at `path` if it was made as a disk in the pool and of the format of `volume`. The name says
  /// so itself: nobody can see into a pool that is not active.
  func nameOfFile(at path: String, like volume: Volume, _ kind: Identity.VolumeKind) -> String? {
    let directory = volume.path.dropLast(volume.name.count)
    let isInPool = index.volume(at: path).map { $0.pool == volume.pool } ?? path.hasPrefix(directory)
    let name = Identity.fileName(ofPath: path)
    guard isInPool else { return nil }
    let isOfFormat = name.hasSuffix(".\(volume.format.rawValue)")
    return isOfFormat && index.tagged(named: name)?.kind == kind ? name : nil
  }

  func isReplaced(_ spec: MachineSpec) -> Bool {
    let address = Address(.vm, spec.name.rawValue, on: host.name)
    return options.replaced.contains { $0.matches(address) }
  }

  private func wantedNIC(_ nic: NICSpec) -> Machine.NIC {
    var link = site.network(nic.network).map(Machine.Link.init) ?? .network(nic.network.rawValue)
    if case .network = link { link = .network(libvirtName(ofNetwork: nic.network)) }
    if link == .user, !state.capabilities.driver.can(.userNetworks) {
      report(
        "host '\(host.name)' (\(state.capabilities.driver.title)) has no user-mode network", at: nic.path,
        help: "use a bridge or a virtual network")
    }
    var wanted = Machine.NIC(
      name: nic.name.rawValue, link: link, mac: nic.mac, model: nic.model, linkState: nic.link,
      portgroup: portgroup(of: nic), vlan: nic.vlan, qos: nic.qos,
      firewall: nic.firewall.map(identity.filterName))
    let mode = mode(ofNetwork: nic.network)
    wanted.isMovable = mode?.isMovable ?? true
    if nic.firewall != nil, mode?.isMovable == false {
      report(
        "network '\(nic.network)' on host '\(host.name)' is of Open vSwitch or macvtap, where libvirt filters nothing",
        at: nic.path + "firewall", help: "leave out 'firewall'")
    }
    return wanted
  }

  /// The accelerator that the spec insists on; nil where virtform may choose.
  private func accelerator(of spec: MachineSpec) -> Accelerator? {
    guard state.capabilities.driver == .qemu else { return nil }
    let wanted = spec.settings.accel ?? host.accel
    if wanted == .kvm, !state.capabilities.hasKVM {
      let path = spec.settings.accel == nil ? host.path + "accel" : spec.path + "accel"
      report("host '\(host.name)' has no KVM", at: path, help: "use accel: auto or accel: tcg")
    }
    return wanted == .auto ? nil : wanted
  }
}

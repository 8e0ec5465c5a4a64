import FoundationEssentials
import SpecModel

/// Turns a spec's part for one host into the objects that the host should have.
struct DesiredHostBuilder {
  let site: Site
  let host: Host
  let index: HostIndex
  let identity: Identity
  let images: [ResourceName: ImageContent]
  let diagnostics: Diagnostics
  private var desired = DesiredHost()

  init(
    site: Site, host: Host, index: HostIndex, images: [ResourceName: ImageContent], diagnostics: Diagnostics
  ) {
    self.site = site
    self.host = host
    self.index = index
    self.identity = Identity(stack: site.stack)
    self.images = images
    self.diagnostics = diagnostics
  }

  private var state: HostState { index.state }

  mutating func build() -> DesiredHost {
    for pool in site.pools where pool.hosts.contains(host.name) { add(pool) }
    for disk in site.disks where disk.host == host.name { add(disk) }
    for machine in site.machines where machine.host == host.name { add(machine) }
    for network in site.networks where network.hosts.contains(host.name) { add(network) }
    return desired
  }

  private func report(_ message: String, at path: SpecPath, help: String? = nil) {
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
      guard let directory = actual.directory else {
        return report(
          "the external pool '\(spec.name)' on host '\(host.name)' is not a directory pool", at: spec.path)
      }
      guard actual.isActive else {
        return report(
          "the external pool '\(spec.name)' on host '\(host.name)' is not active", at: spec.path,
          help: "start it: virsh pool-start \(spec.name)")
      }
      desired.directories[spec.name] = directory
      return
    }
    guard let directory = spec.directory else { return }
    desired.directories[spec.name] = directory
    let pool = Pool(
      name: spec.name.rawValue, uuid: identity.uuid(.pool, spec.name.rawValue), directory: directory,
      autostart: spec.autostart ?? true, isActive: true)
    desired.pools.append(.init(spec: spec, pool: pool))
  }

  private func volume(
    _ kind: Identity.VolumeKind, base: String, format: DiskFormat, capacity: ByteCount, pool: ResourceName,
    backing: String? = nil
  ) -> Volume? {
    // A pool without a directory has its own diagnostic.
    guard let directory = desired.directories[pool] else { return nil }
    let name = identity.volumeName(kind, base: base, format: format)
    return Volume(
      pool: pool.rawValue, name: name, path: "\(directory)/\(name)", capacity: capacity, format: format,
      backingPath: backing)
  }

  private mutating func add(_ disk: SharedDiskSpec) {
    guard
      let volume = volume(
        .sharedDisk, base: disk.name.rawValue, format: disk.format, capacity: disk.size, pool: disk.pool)
    else { return }
    desired.volumes.append(
      .init(
        address: Address(.disk, disk.name.rawValue, on: host.name), volume: volume, hasSize: true, image: nil,
        path: disk.path))
  }

  private func image(_ name: ResourceName, in pool: ResourceName) -> DesiredHost.WantedImage? {
    guard let spec = site.image(name), let content = images[name],
      let volume = volume(
        .image, base: "\(name)-\(content.sha256.prefix(12))", format: spec.format, capacity: spec.virtualSize,
        pool: pool)
    else { return nil }
    return .init(spec: spec, content: content, volume: volume)
  }

  // MARK: VMs

  private mutating func add(_ spec: MachineSpec) {
    let uuid = identity.uuid(.machine, spec.name.rawValue)
    var machine = Machine(name: spec.name.rawValue, uuid: uuid, settings: spec.settings)
    machine.settings.accel = accelerator(of: spec)
    machine.settings.running = spec.settings.running ?? true
    if let applied = index.ownMachine(named: machine.name)?.mark?.applied {
      // What the spec set before and sets no longer goes back to what a new VM has.
      if applied[MachineField.autostart.rawValue] != nil {
        machine.settings.autostart = spec.settings.autostart ?? false
      }
      if applied[MachineField.graphics.rawValue] != nil {
        machine.settings.graphics = spec.settings.graphics ?? Graphics.none
      }
    }
    var volumes: [Int] = []
    for disk in spec.disks {
      guard let position = wantedVolume(disk, of: spec) else { continue }
      let volume = desired.volumes[position].volume
      if disk.bus != nil, state.capabilities.driver == .xen {
        report(
          "host '\(host.name)' (Xen) has no disk bus to choose", at: disk.path + "bus",
          help: "leave out 'bus'")
      }
      machine.disks.append(
        .init(
          name: disk.name.rawValue, path: volume.path, format: volume.format, bus: disk.bus, keep: disk.keep))
      volumes.append(position)
    }
    let kernel = bootImage(spec.kernel, of: spec)
    let initrd = bootImage(spec.initrd, of: spec)
    machine.kernel = kernel?.volume.path
    machine.initrd = initrd?.volume.path
    machine.nics = spec.nics.map(wantedNIC)
    desired.machines.append(
      .init(spec: spec, machine: machine, volumes: volumes, bootImages: [kernel, initrd].compactMap { $0 }))
  }

  private func bootImage(_ name: ResourceName?, of spec: MachineSpec) -> DesiredHost.WantedImage? {
    guard let name, let pool = spec.pool else { return nil }
    return image(name, in: pool)
  }

  private mutating func wantedVolume(_ disk: DiskSpec, of spec: MachineSpec) -> Int? {
    switch disk.source {
    case .shared(let name):
      return desired.volumes.firstIndex { $0.address == Address(.disk, name.rawValue, on: host.name) }
    case .own(let size, let imageName, let format, let pool):
      let base = "\(spec.name).\(disk.name)"
      let image = imageName.flatMap { self.image($0, in: pool) }
      let capacity = size ?? imageName.flatMap { site.image($0)?.virtualSize } ?? ByteCount(rawValue: 0)
      guard
        let volume = volume(
          .machineDisk, base: base, format: format, capacity: capacity, pool: pool,
          backing: image?.volume.path)
      else { return nil }
      // The image counts only while the clone has to be made: afterwards the clone stays on the base it has.
      desired.volumes.append(
        .init(
          address: Address(.disk, base, on: host.name), volume: volume, hasSize: size != nil,
          image: index.isThere(volume) ? nil : image, path: disk.path))
      return desired.volumes.count - 1
    }
  }

  private func wantedNIC(_ nic: NICSpec) -> Machine.NIC {
    let link: Machine.Link = site.network(nic.network)?.mode == .user ? .user : .network(nic.network.rawValue)
    if link == .user, state.capabilities.driver == .xen {
      report(
        "host '\(host.name)' (Xen) has no user-mode network", at: nic.path,
        help: "use a bridge or a virtual network")
    }
    return Machine.NIC(name: nic.name.rawValue, link: link, mac: nic.mac, model: nic.model)
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

  // MARK: Networks

  private mutating func add(_ spec: NetworkSpec) {
    guard spec.mode != .user else { return }
    let name = spec.name.rawValue
    if spec.isExternal {
      let actual = index.network(named: name)
      if actual?.isActive != true {
        report(
          actual == nil
            ? "host '\(host.name)' has no network '\(name)'"
            : "the external network '\(name)' on host '\(host.name)' is not active", at: spec.path,
          help: actual == nil
            ? "an external network must be there; leave out 'external' to have it made"
            : "start it: virsh net-start \(name)")
      }
      return
    }
    if !state.isPrivileged {
      report(
        "host '\(host.name)' runs without root and cannot make a network of mode \(spec.mode.rawValue)",
        at: spec.path,
        help: "use mode: user, or a host whose libvirt runs as root")
    }
    var network = Network(name: name, uuid: identity.uuid(.network, name), mode: spec.mode, isActive: true)
    network.cidr = spec.cidr
    network.gateway = spec.gateway
    network.dhcp = spec.dhcp
    network.domain = spec.domain
    network.bridge = spec.bridge
    network.mtu = spec.mtu
    network.autostart = spec.autostart ?? true
    network.reservations = reservations(on: spec)
    desired.networks.append(.init(spec: spec, network: network))
  }

  private func reservations(on network: NetworkSpec) -> Set<Network.Reservation> {
    var reservations: Set<Network.Reservation> = []
    for machine in site.machines where machine.host == host.name {
      for nic in machine.nics where nic.network == network.name {
        guard let ip = nic.ip else { continue }
        let actual = index.ownMachine(named: machine.name.rawValue)
        let mac =
          nic.mac ?? actual?.nics.first { $0.name == nic.name.rawValue }?.mac
          ?? identity.mac(machine: machine.name.rawValue, nic: nic.name.rawValue)
        reservations.insert(.init(mac: mac, ip: ip, hostname: machine.name.rawValue))
      }
    }
    return reservations
  }
}

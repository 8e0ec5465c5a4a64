import FoundationEssentials
import SpecModel

/// What hosts report, with the objects that `adopt:` names as if they had the stack's mark: what a plan does to the rest of
/// them is then planned as for any other of the stack's.
///
/// A mark names devices. They are found by what they are made of: disks by their files, CD-ROM drives by their media, NICs by
/// their addresses or else by their networks. What the spec does not describe stays without a name, and is left alone.
struct Adoption {
  private let site: Site
  private let identity: Identity

  init(_ site: Site) {
    self.site = site
    identity = Identity(stack: site.stack)
  }

  func adopting(_ states: [HostState]) -> [HostState] {
    guard !site.adopted.isEmpty else { return states }
    return states.map(adopting)
  }

  private func adopting(_ state: HostState) -> HostState {
    var state = state
    let own = Set(state.machines.filter(identity.owns).compactMap { $0.mark?.name ?? $0.domainName })
    for index in state.machines.indices {
      let machine = state.machines[index]
      guard let spec = spec(of: machine, on: state.name), !own.contains(machine.domainName) else { continue }
      let names = Names(of: machine, as: spec, in: state, site, identity)
      var mark = Mark(stack: site.stack.rawValue)
      mark.name = spec.name.rawValue
      mark.adopted = machine.uuid
      state.machines[index].mark = mark
      names.name(&state.machines[index])
      state.machines[index].mark = state.machines[index].markOfDevices(mark)
      if var guest = state.guests[machine.uuid] {
        names.name(&guest)
        guest.mark = guest.markOfDevices(mark)
        state.guests[machine.uuid] = guest
      }
      state.adoptees.insert(machine.uuid)
    }
    let ownNetworks = Set(state.networks.filter(identity.owns).map(\.specName))
    for index in state.networks.indices {
      let network = state.networks[index]
      guard let name = try? ResourceName(parsing: network.name), let spec = site.network(name), spec.isObject,
        !spec.isExternal, spec.hosts.contains(state.name), site.adopts(network: name),
        isFree(network.mark, of: identity.owns(network)), !ownNetworks.contains(network.name)
      else { continue }
      var mark = Mark(stack: site.stack.rawValue)
      mark.adopted = network.uuid
      state.networks[index].mark = mark
      state.networks[index].specName = network.name
      state.adoptees.insert(network.uuid)
    }
    return state
  }

  /// The VM of the spec that `machine` is to become; nil if it is to become none, or is another stack's.
  private func spec(of machine: Machine, on host: ResourceName) -> MachineSpec? {
    guard let name = try? ResourceName(parsing: machine.domainName), site.adopts(machine: name),
      isFree(machine.mark, of: identity.owns(machine)), let spec = site.machine(name)
    else { return nil }
    return spec.placement.isChosen || spec.host == host ? spec : nil
  }

  /// True for what no stack has, or only a copy of this one's mark.
  private func isFree(_ mark: Mark?, of isOwn: Bool) -> Bool {
    !isOwn && (mark == nil || mark?.stack == site.stack.rawValue)
  }
}

/// The names that a spec gives the devices of a VM which has none.
private struct Names {
  /// By the file.
  private var disks: [String: DiskSpec] = [:]
  /// By the target; of a running guest, which may have others, by the medium.
  private var drives: [String: ResourceName] = [:]
  private var media: [String: ResourceName] = [:]
  private var nics: [MACAddress: ResourceName] = [:]
  private let spec: MachineSpec
  private let site: Site

  init(of machine: Machine, as spec: MachineSpec, in state: HostState, _ site: Site, _ identity: Identity) {
    self.spec = spec
    self.site = site
    let files = Set(machine.unnamed.disks.map(\.path))
    for disk in spec.disks {
      let paths = Self.paths(of: disk, of: spec, in: state, site, identity)
      if let path = paths.first(where: files.contains) { disks[path] = disk }
    }
    nameDrives(machine.unnamed.drives)
    nameNICs(machine.unnamed.nics, identity)
  }

  /// Where the disk may lie.
  private static func paths(
    of disk: DiskSpec, of spec: MachineSpec, in state: HostState, _ site: Site, _ identity: Identity
  ) -> [String] {
    func paths(_ name: String, in pool: ResourceName) -> [String] {
      let there = state.pools.first { $0.name == pool.rawValue }
      let volume = there?.volumes.first { $0.name == name }?.path
      let root = (there?.source ?? site.pool(pool)?.source)?.root
      return [volume, root.map { "\($0)/\(name)" }, "\(pool)/\(name)"].compactMap { $0 }
    }
    func own(_ kind: Identity.VolumeKind, _ base: String, _ pool: ResourceName) -> [String] {
      DiskFormat.allCases.flatMap { paths(identity.volumeName(kind, base: base, format: $0), in: pool) }
    }
    switch disk.source {
    case .path(let path, _): return [path]
    case .existing(let volume, let pool, _): return paths(volume, in: pool)
    case .own(_, _, _, let pool): return own(.machineDisk, "\(spec.name).\(disk.name)", pool)
    case .shared(let name): return site.disk(name).map { own(.sharedDisk, name.rawValue, $0.pool) } ?? []
    case .cdrom, .hostMedium: return []
    }
  }

  /// A drive is the one with its medium; those that are left, in their order.
  private mutating func nameDrives(_ drives: [Machine.Drive]) {
    var left = drives
    func take(_ isDrive: (Machine.Drive) -> Bool) -> Machine.Drive? {
      left.firstIndex(where: isDrive).map { left.remove(at: $0) }
    }
    var open: [ResourceName] = []
    for disk in spec.disks {
      switch disk.source {
      case .hostMedium(let path):
        if let drive = take({ $0.media == path }) { note(drive, disk.name) } else { open.append(disk.name) }
      case .cdrom: open.append(disk.name)
      case .own, .existing, .path, .shared: continue
      }
    }
    for name in open {
      if let drive = take({ _ in true }) { note(drive, name) }
    }
  }

  private mutating func note(_ drive: Machine.Drive, _ name: ResourceName) {
    if let target = drive.target { drives[target] = name }
    if let medium = drive.media { media[medium] = name }
  }

  /// A NIC is the one with its address; those that are left, by their networks, in their order.
  private mutating func nameNICs(_ nics: [Machine.NIC], _ identity: Identity) {
    var left = nics.filter { $0.mac != nil }
    func take(_ isNIC: (Machine.NIC) -> Bool) -> MACAddress? {
      left.firstIndex(where: isNIC).flatMap { left.remove(at: $0).mac }
    }
    var open: [NICSpec] = []
    for nic in spec.nics {
      let made = identity.mac(machine: spec.name.rawValue, nic: nic.name.rawValue)
      if let mac = take({ $0.mac == nic.mac || $0.mac == made }) {
        self.nics[mac] = nic.name
      } else {
        open.append(nic)
      }
    }
    for nic in open where nic.mac == nil {
      let link = site.network(nic.network).map(Machine.Link.init) ?? .network(nic.network.rawValue)
      if let mac = take({ $0.link == link }) { self.nics[mac] = nic.name }
    }
  }

  /// Gives the devices of `machine`, a definition or what its guest runs with, their names.
  func name(_ machine: inout Machine) {
    var unnamed = machine.unnamed
    unnamed.disks.removeAll { device in
      guard let spec = disks[device.path] else { return false }
      var disk = device
      (disk.name, disk.keep, disk.isProtected) = (spec.name.rawValue, spec.keep, spec.isProtected)
      machine.disks.append(disk)
      return true
    }
    unnamed.drives.removeAll { device in
      let name = device.media.flatMap { media[$0] } ?? device.target.flatMap { drives[$0] }
      guard let name, !machine.drives.contains(where: { $0.name == name.rawValue }) else { return false }
      var drive = device
      drive.name = name.rawValue
      machine.drives.append(drive)
      return true
    }
    unnamed.nics.removeAll { device in
      guard let name = device.mac.flatMap({ nics[$0] }) else { return false }
      var nic = device
      nic.name = name.rawValue
      machine.nics.append(nic)
      if case .network(let network) = nic.link, let count = machine.otherNetworks[network] {
        machine.otherNetworks[network] = count > 1 ? count - 1 : nil
      }
      return true
    }
    machine.unnamed = unnamed
    machine.boot = machine.bootOfUnnamed(disks: disks, drives: drives, nics: nics) ?? machine.boot
  }
}

extension Machine {
  /// `mark` with the devices that have names.
  fileprivate func markOfDevices(_ mark: Mark) -> Mark {
    var mark = mark
    mark.disks =
      disks.map {
        .init(
          name: $0.name, target: $0.target ?? "", file: $0.path, keep: $0.keep, isProtected: $0.isProtected)
      } + drives.map { .init(name: $0.name, target: $0.target ?? "") }
    mark.nics = nics.compactMap { nic in nic.mac.map { .init(name: nic.name, mac: "\($0)") } }
    return mark
  }

  /// The order of booting by the names that devices are given; nil where the definition has none.
  fileprivate func bootOfUnnamed(
    disks: [String: DiskSpec], drives: [String: ResourceName], nics: [MACAddress: ResourceName]
  ) -> [String]? {
    guard !unnamed.boot.isEmpty else { return nil }
    return unnamed.boot.compactMap { device -> String? in
      switch device {
      case .disk(let path): disks[path]?.name.rawValue
      case .drive(let target): drives[target]?.rawValue
      case .nic(let mac): nics[mac]?.rawValue
      }
    }
  }
}

extension Machine.Link {
  /// What a NIC on the network is plugged into, where libvirt calls it as the spec does.
  init(_ network: NetworkSpec) {
    self =
      if network.mode == .user {
        .user
      } else if network.isDirect, let bridge = network.bridge {
        .bridge(bridge)
      } else {
        .network(network.name.rawValue)
      }
  }
}

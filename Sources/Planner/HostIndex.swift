import FoundationEssentials
import SpecModel
import Synchronization

/// A host's state in a fixed order, with what is looked up in it. Objects of the stack have the names that the spec
/// gives them now.
struct HostIndex {
  let state: HostState
  private let identity: Identity
  private let renames: Renames
  // Indices into the machines of `state`, which are large.
  private let machines: [String: Int]
  private let machinesByUUID: [UUID: Int]
  /// Those of the stack by the names that libvirt has for them.
  private let ownMachinesByDomain: [String: Int]
  /// By the files that they have, by their definition or in their running guest.
  private var users: [String: [Int]] = [:]
  /// By the addresses in the definitions, and by those that running guests have now.
  private var machinesByAddress: [MACAddress: [Int]] = [:]
  private var guestsByAddress: [MACAddress: [Int]] = [:]
  private let pools: [String: Pool]
  /// The names of those with volumes that say something of others.
  private let poolsWithNotes: Set<String>
  private let networks: [String: Network]
  /// The networks of the stack by the names that the spec has for them.
  private let ownNetworks: [String: Network]
  private let ownMachines: Set<UUID>
  private var renamedDevices: [UUID: [String: String]] = [:]
  /// Those of them that the spec has moved.
  private var movedDevices: [UUID: [String: String]] = [:]
  private let volumes: [String: Volume]
  private let taggedVolumes: [String: Identity.TaggedVolume]
  private let otherTags = TagMemory()
  /// By the names that the spec has for them.
  private let sharedDisks: [String: Volume]
  /// The files of VMs' disks by the names that their hosts know for the disks: `web-1.root`.
  private var machineDisks: [String: [Volume]] = [:]
  /// The files that others are based on, as overlays of snapshots and clones are.
  private let bases: Set<String>
  /// What hosts remember of the names of disks, see `Identity.renamedDisks`, by pool.
  private let renamedDisks: [String: [Identity.TaggedVolume: Set<String>]]
  /// The images that volumes were copied from, by pool and by the volume's name without its ending.
  private let copiedImages: [String: [Substring: Set<String>]]

  init(_ state: HostState, identity: Identity, moved: [MovedSpec] = []) {
    var state = state
    let renames = Renames(moved)
    for index in state.pools.indices {
      state.pools[index].volumes.sort { $0.name.isOrderedNaturally(before: $1.name) }
    }
    renamedDisks = Dictionary(
      state.pools.map { ($0.name, identity.renamedDisks(among: $0.volumeNames)) },
      uniquingKeysWith: { first, _ in first })
    ownMachines = Set(state.machines.filter(identity.owns).map(\.uuid))
    for index in state.machines.indices where ownMachines.contains(state.machines[index].uuid) {
      let machine = state.machines[index]
      let name = machine.mark?.name ?? machine.domainName
      let remembered = Self.remembered(by: renamedDisks, of: machine, named: name, identity, state)
      let moved = renames.devices(of: machine.renaming(remembered), named: name)
      let devices = Renames.composed(remembered, moved)
      if !devices.isEmpty {
        renamedDevices[machine.uuid] = devices
        state.machines[index] = machine.renaming(devices)
      }
      if !moved.isEmpty { movedDevices[machine.uuid] = moved }
      state.machines[index].name = name
      if let guest = state.guests[machine.uuid]?.renaming(devices) {
        // Its mark may be of another time than the definition's.
        state.guests[machine.uuid] = guest.renaming(Renames.disksByFile(of: guest, to: state.machines[index]))
      }
      // Of what only the guest has, a file that is not the stack's was plugged in by a person, whatever the target.
      let defined = Set(state.machines[index].disks.map(\.name))
      state.guests[machine.uuid]?.disks.removeAll { disk in
        !defined.contains(disk.name)
          && identity.volume(named: Identity.fileName(ofPath: disk.path)) == nil
      }
    }
    Self.resolveNICs(&state)
    state.pools.sort { $0.name.isOrderedNaturally(before: $1.name) }
    state.networks.sort { $0.name.isOrderedNaturally(before: $1.name) }
    state.machines.sort { $0.name.isOrderedNaturally(before: $1.name) }
    self.state = state
    self.identity = identity
    self.renames = renames
    let numbered = state.machines.indices
    machines = Dictionary(
      numbered.map { (state.machines[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
    machinesByUUID = Dictionary(
      numbered.map { (state.machines[$0].uuid, $0) }, uniquingKeysWith: { first, _ in first })
    ownMachinesByDomain = Dictionary(
      numbered.filter { [ownMachines] in ownMachines.contains(state.machines[$0].uuid) }.map {
        (state.machines[$0].domainName, $0)
      }, uniquingKeysWith: { first, _ in first })
    pools = Dictionary(state.pools.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    poolsWithNotes = Set(
      state.pools.filter { $0.volumeNames.contains(where: VolumeNote.isNote(named:)) }.map(\.name))
    networks = Dictionary(state.networks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    ownNetworks = Dictionary(
      state.networks.filter(identity.owns).map { (renames.name(ofNetwork: $0.specName), $0) },
      uniquingKeysWith: { first, _ in first })
    let all = state.pools.flatMap(\.volumes)
    volumes = Dictionary(all.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    taggedVolumes = Dictionary(
      all.compactMap { volume in identity.volume(named: volume.name).map { (volume.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    sharedDisks = Dictionary(
      all.flatMap { [taggedVolumes, renamedDisks] volume -> [(String, Volume)] in
        guard let tagged = taggedVolumes[volume.name], tagged.kind == .sharedDisk else { return [] }
        // A run that was cut off while it renamed the disk leaves it with both names.
        let names = renamedDisks[volume.pool]?[tagged] ?? [tagged.base]
        return names.sorted().map { (renames.name(ofSharedDisk: $0), volume) }
      }, uniquingKeysWith: { first, _ in first })
    bases = state.pools.reduce(into: Set(all.compactMap(\.backingPath))) { bases, pool in
      bases.formUnion(pool.foreignBackingPaths)
    }
    copiedImages = Dictionary(
      state.pools.map { ($0.name, Identity.copiedImages(among: $0.volumeNames)) },
      uniquingKeysWith: { first, _ in first })
    for (index, machine) in state.machines.enumerated() {
      let guest = state.guests[machine.uuid]
      let files = machine.files
      for file in guest.map({ files.union($0.files) }) ?? files { users[file, default: []].append(index) }
      for mac in machine.macs { machinesByAddress[mac, default: []].append(index) }
      guard machine.isActive else { continue }
      for mac in guest?.macs ?? machine.macs { guestsByAddress[mac, default: []].append(index) }
    }
    for volume in all {
      guard let tagged = taggedVolumes[volume.name], tagged.kind == .machineDisk else { continue }
      machineDisks[specName(of: tagged, in: volume.pool), default: []].append(volume)
    }
  }

  /// The disks of `machine` that were renamed since its mark was written, as a snapshot that was reverted to brings back one of
  /// old: what lies beside their files has the last word.
  private static func remembered(
    by notes: [String: [Identity.TaggedVolume: Set<String>]], of machine: Machine, named name: String,
    _ identity: Identity, _ state: HostState
  ) -> [String: String] {
    var devices: [String: String] = [:]
    // Nearly always.
    if notes.values.allSatisfy(\.isEmpty) { return devices }
    let disks = machine.mark?.disks ?? []
    for disk in disks {
      guard let file = disk.file,
        let tagged = identity.volume(named: Identity.fileName(ofPath: file)),
        let pool = state.pools.first(where: { pool in
          notes[pool.name]?[tagged] != nil && pool.volumes.contains { $0.path == file }
        }),
        let names = notes[pool.name]?[tagged], names.count == 1, let remembered = names.first,
        remembered.hasPrefix("\(name).")
      else { continue }
      let new = String(remembered.dropFirst(name.count + 1))
      if !disks.contains(where: { $0.name == new }) { devices["disks.\(disk.name)"] = "disks.\(new)" }
    }
    return devices
  }

  /// Tells NICs what their networks say of them.
  private static func resolveNICs(_ state: inout HostState) {
    let networks = Dictionary(
      state.networks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    func network(_ nic: Machine.NIC) -> Network? {
      if case .network(let name) = nic.link { networks[name] } else { nil }
    }
    for index in state.machines.indices {
      for number in state.machines[index].nics.indices {
        var nic = state.machines[index].nics[number]
        let network = network(nic)
        nic.isMovable = network?.mode?.isMovable ?? true
        if let name = nic.portgroup?.name {
          let group = network?.portgroups[name]
          nic.portgroup?.vlan = nic.vlan == nil ? group?.vlan : nil
          nic.portgroup?.qos = nic.qos == nil ? group?.qos : nil
        }
        state.machines[index].nics[number] = nic
      }
    }
    let definitions = Dictionary(
      state.guests.isEmpty ? [] : state.machines.indices.map { (state.machines[$0].uuid, $0) },
      uniquingKeysWith: { first, _ in first })
    for (uuid, var guest) in state.guests {
      guest.unpark(as: definitions[uuid].map { state.machines[$0] })
      for number in guest.nics.indices {
        guest.nics[number].isMovable = network(guest.nics[number])?.mode?.isMovable ?? true
      }
      state.guests[uuid] = guest
    }
  }

  func machine(named name: String) -> Machine? { machines[name].map { state.machines[$0] } }
  func machine(_ uuid: UUID) -> Machine? { machinesByUUID[uuid].map { state.machines[$0] } }
  func pool(named name: String) -> Pool? { pools[name] }
  /// The network that libvirt knows by this name.
  func network(named name: String) -> Network? { networks[name] }

  /// The network of the stack that has this name in the spec, whatever libvirt calls it.
  func ownNetwork(named name: String) -> Network? { ownNetworks[name] }

  /// The network of the stack that has this name in the spec or was made under it.
  func ownNetwork(everNamed name: String) -> Network? {
    ownNetwork(named: name) ?? networks[name].flatMap { identity.owns($0) ? $0 : nil }
  }

  /// The name that the spec has for a network of the stack.
  func specName(of network: Network) -> String { renames.name(ofNetwork: network.specName) }

  /// What a plan calls the network that libvirt knows by this name.
  func specName(ofNetwork name: String) -> String {
    networks[name].flatMap { identity.owns($0) ? specName(of: $0) : nil } ?? name
  }

  /// The network of the stack that was to have this name by now, although another one has it.
  func networkInTheWay(ofMoveTo name: String) -> Network? {
    guard let old = renames.formerName(ofNetwork: name) else { return nil }
    let own = state.networks.filter(identity.owns)
    return own.contains { $0.specName == name } ? own.first { $0.specName == old } : nil
  }

  /// The VM of the stack that has this name in the spec, be it under the name that it was moved from.
  func ownMachine(named name: String) -> Machine? {
    for name in [name, renames.formerName(ofMachine: name)] {
      if let name, let index = machines[name], ownMachines.contains(state.machines[index].uuid) {
        return state.machines[index]
      }
    }
    return nil
  }

  /// The VM of the stack that libvirt has under this name.
  func ownMachine(ofDomain name: String) -> Machine? {
    ownMachinesByDomain[name].map { state.machines[$0] }
  }

  /// The VM of the stack that has this name in the spec or had it before: when it was made, or for libvirt until now.
  func ownMachine(everNamed name: String) -> Machine? {
    ownMachine(named: name)
      ?? state.machines.first { owns($0) && ($0.mark?.origin == name || $0.domainName == name) }
  }

  func owns(_ machine: Machine) -> Bool { ownMachines.contains(machine.uuid) }

  /// The VM of the stack that was to have this name by now, although another one has it.
  func machineInTheWay(ofMoveTo name: String) -> Machine? {
    guard let old = renames.formerName(ofMachine: name).flatMap(machine(named:)), owns(old),
      let there = machine(named: name), owns(there)
    else { return nil }
    return old
  }

  /// The name that the spec has for a VM of the stack.
  func specName(of machine: Machine) -> String { renames.name(ofMachine: machine.name) }

  /// The disks and NICs of `machine` that have new names in the spec: `disks.data` → `disks.store`.
  func renamedDevices(of machine: Machine) -> [String: String] { renamedDevices[machine.uuid] ?? [:] }

  /// Those of them that the spec has moved and the host does not know yet.
  func movedDevices(of machine: Machine) -> [String: String] { movedDevices[machine.uuid] ?? [:] }

  /// The moves of devices of `machine` to names that others of it still have.
  func movesInTheWay(of machine: Machine) -> [Renames.DeviceMove] {
    renames.movesInTheWay(of: machine, named: machine.name)
  }

  /// What the guest of a running VM of the stack runs with.
  func guest(of machine: Machine) -> Machine? { machine.isActive ? state.guests[machine.uuid] : nil }

  /// The files that `machine` uses at this moment.
  func liveFiles(of machine: Machine) -> Set<String> { state.liveFiles(of: machine) }

  /// The networks that `machine` is plugged into at this moment.
  func liveNetworks(of machine: Machine) -> Set<String> { state.liveNetworks(of: machine) }

  /// The volume at `path`; nil if there is none, and if its pool is not active or not read.
  func volume(at path: String) -> Volume? { volumes[path] }

  /// True if another file is based on the one at `path`, as the overlay of a snapshot is.
  func isBase(_ path: String) -> Bool { bases.contains(path) }

  /// What the volume of this name is; nil if it is none of the stack's.
  func tagged(_ volume: Volume) -> Identity.TaggedVolume? { tagged(named: volume.name) }

  func tagged(named name: String) -> Identity.TaggedVolume? {
    taggedVolumes[name] ?? otherTags.tag(of: name, identity)
  }

  func formerName(ofSharedDisk name: String) -> String? { renames.formerName(ofSharedDisk: name) }

  /// The shared disk that has this name in the spec, in whatever pool it lies.
  func sharedDisk(named name: String) -> Volume? { sharedDisks[name] }

  /// The name of the shared disk that was to have this name by now, although another one has it.
  func diskInTheWay(ofMoveTo name: String) -> String? {
    guard let old = renames.formerName(ofSharedDisk: name) else { return nil }
    let bases = Set(taggedVolumes.values.filter { $0.kind == .sharedDisk }.map(\.base))
    func base(of name: String) -> String? {
      bases.first { base in
        let names = rememberedNames(of: .init(kind: .sharedDisk, base: base))
        return (names.isEmpty ? [base] : names).contains(name)
      }
    }
    // One with both names was just being renamed when a run was cut off.
    guard let there = base(of: name), let moved = base(of: old), there != moved else { return nil }
    return old
  }

  /// The names that the host remembers for a disk, in whatever pool.
  private func rememberedNames(of disk: Identity.TaggedVolume) -> Set<String> {
    renamedDisks.values.reduce(into: []) { $0.formUnion($1[disk] ?? []) }
  }

  /// The names that the host remembers for a disk in the pool, which are others than that of its file.
  func rememberedNames(of disk: Identity.TaggedVolume, in pool: String) -> Set<String> {
    renamedDisks[pool]?[disk] ?? []
  }

  /// The name that the spec has for a volume in the pool: another one than its file's for a disk that was renamed.
  func specName(of volume: Identity.TaggedVolume, in pool: String) -> String {
    let remembered = rememberedNames(of: volume, in: pool)
    let names = remembered.isEmpty ? [volume.base] : remembered
    return (volume.kind == .sharedDisk ? Set(names.map(renames.name(ofSharedDisk:))) : names).max()
      ?? volume.base
  }

  /// What a plan calls the volume of a VM's disk: the name that its VM has for it, else the last one.
  func diskName(of volume: Volume, _ tagged: Identity.TaggedVolume) -> String {
    let user = users(of: volume.path).first(where: owns)
    let disk = user?.disks.first { $0.path == volume.path }
    if let user, let disk { return "\(specName(of: user)).\(disk.name)" }
    return specName(of: tagged, in: volume.pool)
  }

  /// The files of VMs' disks but the one at `path` that have the address of that one.
  func namesakes(of name: String, but path: String) -> [Volume] {
    volumes.values.filter { volume in
      guard volume.path != path, let tagged = tagged(volume), tagged.kind == .machineDisk else {
        return false
      }
      return diskName(of: volume, tagged) == name
    }.sorted { $0.path < $1.path }
  }

  /// The image that the volume was made from, with the start of its digest; nil if it was made from none, or if nobody
  /// remembers.
  func image(of volume: Volume) -> String? {
    guard let path = volume.backingPath else { return copiedImages(of: volume).first }
    let base = identity.volume(named: Identity.fileName(ofPath: path))
    return base?.kind == .image ? base?.base : nil
  }

  /// What the host remembers of what the volume was copied from: one image, or none.
  func copiedImages(of volume: Volume) -> [String] {
    (copiedImages[volume.pool]?[Identity.stem(of: volume.name)] ?? []).sorted()
  }

  /// True if a volume beside the image was copied from it.
  func isCopied(_ image: Volume) -> Bool {
    guard let name = identity.volume(named: image.name)?.base else { return false }
    return copiedImages[image.pool]?.values.contains { $0.contains(name) } ?? false
  }

  /// True if the volume is there as a copy that is not whole.
  func isCutOff(_ volume: Volume) -> Bool {
    has(Identity.copyingName(of: volume.name), in: volume.pool)
  }

  /// True if the volume is being copied to another host or from one, or was when that was cut off.
  func isMoving(_ volume: Volume) -> Bool {
    has(Identity.movingName(of: volume.name), in: volume.pool)
  }

  /// True if a volume beside the disk says that nothing may delete it.
  func isProtected(_ disk: Identity.TaggedVolume, in pool: String) -> Bool {
    has(identity.protectionName(of: disk.kind, disk.base), in: pool)
  }

  /// True if there is a volume of that name, which says something of another one, in the pool.
  private func has(_ note: @autoclosure () -> String, in pool: String) -> Bool {
    // Nearly always there is none at all.
    poolsWithNotes.contains(pool) && pools[pool]?.volumeNames.contains(note()) == true
  }

  /// True if a volume beside the disk says that it stays although its VM goes.
  func isKept(_ disk: Identity.TaggedVolume, in pool: String) -> Bool {
    has(identity.keepName(of: disk.kind, disk.base), in: pool)
  }

  /// True if a volume beside the disk says that a run which had consent was about to delete it.
  func isBeingDeleted(_ disk: Identity.TaggedVolume, in pool: String) -> Bool {
    has(identity.deletionName(of: disk.kind, disk.base), in: pool)
  }

  /// The VMs that have the file at `path`, by their definition or in their running guest.
  func users(of path: String) -> [Machine] { (users[path] ?? []).map { state.machines[$0] } }

  /// The running VMs but `machine` that have the file at `path` now.
  func holders(ofDisk path: String, other machine: Machine) -> [Machine] {
    users(of: path).filter { $0.uuid != machine.uuid && liveFiles(of: $0).contains(path) }
  }

  /// The address of a NIC whose spec leaves it to virtform: the one it has, else one computed from its name. A NIC that was
  /// renamed keeps its own, and one that gets its former name another.
  func address(ofNIC nic: String, of machine: String) -> MACAddress {
    let actual = ownMachine(named: machine)
    if let mac = actual?.nics.first(where: { $0.name == nic })?.mac { return mac }
    // One that a person has detached comes back as it was.
    let known = actual?.mark?.nics.first { $0.name == nic }?.mac
    if let mac = known.flatMap({ try? MACAddress(parsing: $0) }), owners(ofAddress: mac).isEmpty {
      return mac
    }
    let mac = identity.mac(machine: machine, nic: nic)
    let isTaken = actual?.nics.contains { $0.mac == mac } ?? false
    return isTaken ? identity.mac(machine: machine, nic: "\(nic)~") : mac
  }

  /// The file that a disk was made with, which a person has detached from its VM, or whose VM is gone; nil if there is
  /// none. A disk or a VM that was renamed has its former name in that of the file, or a note beside it.
  func detachedFile(ofDisk disk: String, of machine: String, in pool: String) -> String? {
    let actual = ownMachine(named: machine)
    if let file = actual?.mark?.disks.first(where: { $0.name == disk })?.file { return file }
    let (machines, disks) = (
      [machine, renames.formerName(ofMachine: machine)].compactMap { $0 },
      [disk, renames.formerName(ofDisk: disk, of: machine)].compactMap { $0 }
    )
    let bases = machines.flatMap { machine in disks.map { "\(machine).\($0)" } }
    for base in bases {
      let files = (machineDisks[base] ?? []).filter { $0.pool == pool && users[$0.path] == nil }
      if let path = files.map(\.path).min() { return path }
    }
    return nil
  }

  /// The running VMs but `machine` that have an interface with this address now.
  func holders(ofAddress mac: MACAddress?, other machine: Machine) -> [Machine] {
    mac.flatMap { guestsByAddress[$0] }?.map { state.machines[$0] }.filter { $0.uuid != machine.uuid } ?? []
  }

  /// The VMs but the one of `uuid` that have an interface with this address by their definition.
  func owners(ofAddress mac: MACAddress?, other uuid: UUID? = nil) -> [Machine] {
    mac.flatMap { machinesByAddress[$0] }?.map { state.machines[$0] }.filter { $0.uuid != uuid } ?? []
  }

  /// True if `wanted` need not be made. Nobody can see into a pool that is not active: there, what a VM of the
  /// stack uses is taken to exist.
  func isThere(_ wanted: Volume) -> Bool {
    if volumes[wanted.path] != nil { return true }
    return pool(named: wanted.pool)?.isActive == false && users(of: wanted.path).contains(where: owns)
  }
}

/// What is said by names that no volume of the stack has yet: a plan asks it several times of each that it makes.
private final class TagMemory: Sendable {
  private let tags = Mutex<[String: Identity.TaggedVolume?]>([:])

  func tag(of name: String, _ identity: Identity) -> Identity.TaggedVolume? {
    tags.withLock { tags in
      if let known = tags[name] { return known }
      let tag = identity.volume(named: name)
      tags[name] = .some(tag)
      return tag
    }
  }
}

import SpecModel

/// What has a new name in the spec.
struct Renames {
  /// New names of VMs by their old ones, and the other way round.
  private var machines: [String: String] = [:]
  private var formerMachines: [String: String] = [:]
  /// A move of a disk or a NIC: `disks.data` → `disks.store`.
  struct DeviceMove {
    let from: String
    let to: String
    let path: SpecPath
  }

  /// New paths of disks and NICs by their old ones, by the VM's new name: `disks.data` → `disks.store`.
  private var devices: [String: [String: String]] = [:]
  /// The moves that the spec has a word on: a NIC follows its network of itself.
  private var deviceMoves: [String: [DeviceMove]] = [:]
  /// New names of networks by their old ones, and the other way round.
  private var networks: [String: String] = [:]
  private var formerNetworks: [String: String] = [:]
  /// New names of shared disks by their old ones.
  private var sharedDisks: [String: String] = [:]
  private var formerSharedDisks: [String: String] = [:]

  init(_ moved: [MovedSpec]) {
    for move in moved {
      switch move.subject {
      case .machine(let from, let to):
        machines[from.rawValue] = to.rawValue
        formerMachines[to.rawValue] = from.rawValue
      case .machineDisk(let machine, let from, let to):
        add(DeviceMove(from: "disks.\(from)", to: "disks.\(to)", path: move.path), of: machine)
      case .nic(let machine, let from, let to):
        add(DeviceMove(from: "nics.\(from)", to: "nics.\(to)", path: move.path), of: machine)
      case .network(let from, let to):
        networks[from.rawValue] = to.rawValue
        formerNetworks[to.rawValue] = from.rawValue
      case .sharedDisk(let from, let to):
        sharedDisks[from.rawValue] = to.rawValue
        formerSharedDisks[to.rawValue] = from.rawValue
      }
    }
  }

  private mutating func add(_ move: DeviceMove, of machine: ResourceName) {
    devices[machine.rawValue, default: [:]][move.from] = move.to
    if "\(move.path)".hasPrefix("moved.vms.") { deviceMoves[machine.rawValue, default: []].append(move) }
  }

  func name(ofMachine name: String) -> String { machines[name] ?? name }
  func formerName(ofMachine name: String) -> String? { formerMachines[name] }

  func name(ofNetwork name: String) -> String { networks[name] ?? name }
  func formerName(ofNetwork name: String) -> String? { formerNetworks[name] }

  func formerName(ofDisk disk: String, of machine: String) -> String? {
    devices[machine]?.first { $0.value == "disks.\(disk)" }.map { String($0.key.dropFirst("disks.".count)) }
  }

  func name(ofSharedDisk name: String) -> String { sharedDisks[name] ?? name }
  func formerName(ofSharedDisk name: String) -> String? { formerSharedDisks[name] }

  /// The renames of devices that a VM of this name on its host has not seen yet.
  func devices(of machine: Machine, named name: String) -> [String: String] {
    guard let devices = devices[self.name(ofMachine: name)] else { return [:] }
    let there = Self.devices(of: machine)
    return devices.filter {
      there.contains($0.key) && !there.contains($0.value)
    }
  }

  /// The moves of devices to names that others of the VM still have.
  func movesInTheWay(of machine: Machine, named name: String) -> [DeviceMove] {
    guard let moves = deviceMoves[self.name(ofMachine: name)] else { return [] }
    let there = Self.devices(of: machine)
    return moves.filter {
      there.contains($0.from) && there.contains($0.to)
    }
  }

  /// The disks of `machine` that `wanted` has by their files under other names, which no other disk of the two has.
  static func disksByFile(of machine: Machine, to wanted: Machine) -> [String: String] {
    let (before, after) = (Set(machine.disks.map(\.name)), Set(wanted.disks.map(\.name)))
    let pairs = wanted.disks.compactMap { disk -> (String, String)? in
      guard let there = machine.disks.first(where: { $0.path == disk.path }), !after.contains(there.name),
        !before.contains(disk.name)
      else { return nil }
      return ("disks.\(there.name)", "disks.\(disk.name)")
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  /// What comes of renaming twice.
  static func composed(_ first: [String: String], _ second: [String: String]) -> [String: String] {
    if first.isEmpty && second.isEmpty { return first }
    let rest = second.filter { !first.values.contains($0.key) }
    return first.mapValues { second[$0] ?? $0 }.merging(rest) { $1 }.filter { $0.key != $0.value }
  }

  private static func devices(of machine: Machine) -> Set<String> {
    Set(
      (machine.mark?.disks ?? []).map { "disks.\($0.name)" }
        + (machine.mark?.nics ?? []).map { "nics.\($0.name)" })
  }
}

extension Machine {
  /// The same with new names for disks and NICs, by their paths: `disks.data` → `disks.store`.
  func renaming(_ devices: [String: String]) -> Machine {
    guard !devices.isEmpty else { return self }
    var machine = self
    func name(_ kind: String, _ old: String) -> String {
      devices["\(kind).\(old)"].map { String($0.dropFirst(kind.count + 1)) } ?? old
    }
    for index in disks.indices { machine.disks[index].name = name("disks", disks[index].name) }
    for index in drives.indices { machine.drives[index].name = name("disks", drives[index].name) }
    for index in nics.indices { machine.nics[index].name = name("nics", nics[index].name) }
    machine.boot = boot?.map { old in
      let disk = name("disks", old)
      return disk == old ? name("nics", old) : disk
    }
    machine.mark = mark?.renaming(devices)
    return machine
  }
}

extension Mark {
  /// The same with new names for disks and NICs, by their paths: `disks.data` → `disks.store`.
  public func renaming(_ devices: [String: String]) -> Mark {
    guard !devices.isEmpty else { return self }
    var mark = self
    func path(_ old: String) -> String {
      let parts = old.split(separator: ".", maxSplits: 2)
      guard parts.count >= 2, let new = devices["\(parts[0]).\(parts[1])"] else { return old }
      return parts.count == 3 ? "\(new).\(parts[2])" : new
    }
    func name(_ kind: String, _ old: String) -> String {
      String(path("\(kind).\(old)").dropFirst(kind.count + 1))
    }
    for index in disks.indices { mark.disks[index].name = name("disks", disks[index].name) }
    for index in nics.indices { mark.nics[index].name = name("nics", nics[index].name) }
    mark.applied = Dictionary(
      applied.map { (path($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
    mark.staged = staged.map(path)
    return mark
  }
}

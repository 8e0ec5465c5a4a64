import FoundationEssentials
import SpecModel

/// A host's state in a fixed order, with what is looked up in it.
struct HostIndex {
  let state: HostState
  private let identity: Identity
  private let machines: [String: Machine]
  private let ownMachines: Set<UUID>
  private let volumes: [String: Volume]
  private let users: [String: [Machine]]

  init(_ state: HostState, identity: Identity) {
    var state = state
    for index in state.pools.indices {
      state.pools[index].volumes.sort { $0.name.isOrderedNaturally(before: $1.name) }
    }
    state.pools.sort { $0.name.isOrderedNaturally(before: $1.name) }
    state.networks.sort { $0.name.isOrderedNaturally(before: $1.name) }
    state.machines.sort { $0.name.isOrderedNaturally(before: $1.name) }
    self.state = state
    self.identity = identity
    machines = Dictionary(state.machines.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    ownMachines = Set(state.machines.filter(identity.owns).map(\.uuid))
    volumes = Dictionary(
      state.pools.flatMap(\.volumes).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    users = state.machines.reduce(into: [:]) { users, machine in
      for file in machine.files.union(machine.liveFiles) { users[file, default: []].append(machine) }
    }
  }

  func machine(named name: String) -> Machine? { machines[name] }
  func pool(named name: String) -> Pool? { state.pools.first { $0.name == name } }
  func network(named name: String) -> Network? { state.networks.first { $0.name == name } }

  /// The VM of the stack that has this name.
  func ownMachine(named name: String) -> Machine? { machines[name].flatMap { owns($0) ? $0 : nil } }

  func owns(_ machine: Machine) -> Bool { ownMachines.contains(machine.uuid) }

  /// The volume at `path`; nil if there is none, and if its pool is not active or not read.
  func volume(at path: String) -> Volume? { volumes[path] }

  /// The VMs that have the file at `path`, by their definition or in their running guest.
  func users(of path: String) -> [Machine] { users[path] ?? [] }

  /// True if `wanted` need not be made. Nobody can see into a pool that is not active: there, what a VM of the
  /// stack uses is taken to exist.
  func isThere(_ wanted: Volume) -> Bool {
    if volumes[wanted.path] != nil { return true }
    return pool(named: wanted.pool)?.isActive == false && users(of: wanted.path).contains(where: owns)
  }
}

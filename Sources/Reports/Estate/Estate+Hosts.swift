public import Planner
public import SpecModel

extension Estate {
  /// What hosts have: all VMs of theirs, and the networks that are the stack's or that those use.
  ///
  /// - Parameter uris: how each host is reached, by its name.
  public init(_ states: [HostState], stack: ResourceName, uris: [ResourceName: String] = [:]) {
    let identity = Identity(stack: stack)
    hosts = states.sorted { $0.name < $1.name }.map { state in
      let names = Dictionary(
        state.networks.map { ($0.name, $0.specName) }, uniquingKeysWith: { first, _ in first })
      let volumes = Dictionary(
        state.pools.flatMap(\.volumes).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
      let machines = state.machines.map { machine in
        Machine(
          machine, guest: state.guests[machine.uuid], networks: names, volumes: volumes, identity)
      }
      let used = Set(machines.flatMap(\.networks))
      return Host(
        name: state.name.rawValue, uri: uris[state.name],
        networks: state.networks.filter { identity.owns($0) || used.contains($0.specName) }.map(Network.init)
          .sorted { $0.name.isOrderedNaturally(before: $1.name) },
        machines: machines.sorted { $0.name.isOrderedNaturally(before: $1.name) })
    }
  }

  /// The same with what the plan takes away, as the hosts have it still.
  public func including(leavingBy plan: Plan, from states: [HostState]) -> Estate {
    let (marks, present) = (Marks(plan), Estate(states, stack: plan.stack))
    var estate = self
    for index in estate.hosts.indices {
      guard let before = present.hosts.first(where: { $0.name == estate.hosts[index].name }),
        let name = try? ResourceName(parsing: before.name)
      else { continue }
      for machine in before.machines where !machine.isForeign {
        guard let mark = marks[.vm, machine.name, name], mark.action.takesAway else { continue }
        var machine = machine
        machine.mark = mark
        estate.hosts[index].machines.append(machine)
      }
      for network in before.networks {
        guard let mark = marks[.network, network.name, name], mark.action.takesAway else { continue }
        var network = network
        network.mark = mark
        estate.hosts[index].networks.append(network)
      }
    }
    return estate
  }
}

extension Change.Action {
  fileprivate var takesAway: Bool { self == .delete || self == .forget }
}

extension Estate.Network {
  fileprivate init(_ network: Planner.Network) {
    self.init(
      name: network.specName, mode: network.mode?.rawValue,
      blocks: [network.ipv4.cidr?.description, network.ipv6.cidr?.description].compactMap { $0 })
  }
}

extension Estate.Machine {
  /// - Parameters:
  ///   - guest: what it runs with, if it is known.
  ///   - networks: the names that the spec has for networks, by libvirt's.
  ///   - volumes: those of its host, by path.
  fileprivate init(
    _ machine: Planner.Machine, guest: Planner.Machine?, networks: [String: String],
    volumes: [String: Volume], _ identity: Identity
  ) {
    let guest = machine.isActive ? guest ?? machine : machine
    self.init(
      name: machine.mark?.name ?? machine.name, state: machine.settings.state?.rawValue,
      cpus: guest.settings.cpus?.count, memory: guest.totalMemory,
      disks: machine.disks.map { Estate.Disk($0, volumes[$0.path], identity) }
        + machine.drives.map { Estate.Disk(name: $0.name, kind: .cdrom, size: nil) },
      networks: guest.networks.map { networks[$0] ?? $0 }.sorted(), isForeign: !identity.owns(machine))
  }
}

extension Estate.Disk {
  fileprivate init(_ disk: Planner.Machine.Disk, _ volume: Volume?, _ identity: Identity) {
    let kind: Kind =
      switch volume.flatMap({ identity.volume(named: $0.name)?.kind }) {
      case .machineDisk: .own
      case .sharedDisk: .shared
      default: .existing
      }
    self.init(name: disk.name, kind: kind, size: volume?.capacity.rawValue)
  }
}

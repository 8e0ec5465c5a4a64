import Placement
import SpecModel

/// The VMs of a spec and its hosts as a placement problem.
struct SiteProblem {
  /// Which VMs may change their host.
  enum Choice {
    /// Those whose host the spec leaves open.
    case asWritten
    /// Those whose host the spec names, too: another name would do.
    case withNamedHosts
  }

  typealias Resource = PlacementResource

  let site: Site
  let states: [ResourceName: HostState]
  /// The hosts, in the order of the problem's.
  let order: [Host]
  let numbers: [ResourceName: Int]
  /// The VMs of the spec, which come first in the problem, in its order.
  private(set) var machines: [MachineSpec] = []
  var problem: PlacementProblem

  private let choice: Choice
  /// What VMs were seen to take; with it CPUs are counted in hundredths, of those that there are, and without it vCPUs.
  private let load: MeasuredLoad?
  /// The hosts that somebody wants VMs on.
  private let destinations: [ResourceName: ResourceName]
  /// Where disks lie of VMs that are nowhere.
  private let disksLeft: [ResourceName: DisksLeft]
  /// The hosts that could have the VMs whose host the spec names.
  private let hostsOfNamed: [ResourceName: [ResourceName]]

  /// - Parameters:
  ///   - machines: the VMs of the spec that hosts are looked for.
  ///   - locations: the hosts that VMs of the spec are on, or may be on.
  ///   - unreachable: hosts whose VMs nobody knows.
  ///   - drained: hosts that VMs have to leave, whatever the spec says of them.
  ///   - disksLeft: where disks lie of VMs that are nowhere.
  ///   - load: what VMs were seen to take of CPUs, which then counts instead of their vCPUs.
  init(
    _ site: Site, machines: [MachineSpec], states: [HostState], locations: [ResourceName: ResourceName],
    unreachable: Set<ResourceName>, drained: Set<ResourceName> = [],
    destinations: [ResourceName: ResourceName] = [:], disksLeft: [ResourceName: DisksLeft] = [:],
    choice: Choice = .asWritten, load: MeasuredLoad? = nil
  ) {
    self.site = site
    self.choice = choice
    self.load = load
    self.destinations = destinations
    self.disksLeft = disksLeft
    self.states = Dictionary(states.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    order = site.hosts
    numbers = Dictionary(
      site.hosts.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    problem = PlacementProblem(resources: Resource.allCases.map(\.title), hosts: [], machines: [])
    hostsOfNamed = choice == .withNamedHosts ? site.hostsOfMachinesWithNamedHost : [:]
    let foreign = addMachines(machines, locations, drained)
    problem.hosts = order.enumerated().map { number, host in
      PlacementHost(
        name: host.name.rawValue, capacity: capacity(of: host), foreignLoad: foreign[number],
        labels: Dictionary(
          host.labels.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first }),
        availability: unreachable.contains(host.name)
          ? .closed : drained.contains(host.name) || host.state == .drained ? .drained : .open)
    }
    problem.rules = rules()
  }

  /// What messages call a machine of the problem.
  func name(_ machine: Int) -> String { problem.machines[machine].name }

  /// True if somebody wants the machine on a certain host.
  func isAsked(_ machine: Int) -> Bool {
    machines.indices.contains(machine) && destinations[machines[machine].name] != nil
  }

  /// Where disks of the machine lie that is nowhere; nil if there are none.
  func disksLeft(by machine: Int) -> DisksLeft? {
    machines.indices.contains(machine) ? disksLeft[machines[machine].name] : nil
  }

  /// True if the host of the VM is open.
  private func isChosen(_ machine: MachineSpec) -> Bool {
    machine.placement.isChosen || choice == .withNamedHosts
  }

  private mutating func addMachines(
    _ wanted: [MachineSpec], _ locations: [ResourceName: ResourceName], _ drained: Set<ResourceName>
  ) -> [[UInt64]] {
    var foreign = order.map { host in states[host.name].map { foreignLoad(of: $0) } ?? [0, 0] }
    var kept: [PlacementMachine] = []
    for machine in wanted {
      let current = locations[machine.name]
      let isMoving = current.map { $0 != machine.host } ?? false
      guard let home = numbers[current ?? machine.host] else { continue }
      var demand = demand(of: machine, on: home)
      if !isChosen(machine), !isMoving {
        // Whose host the spec names is there, whatever room there is.
        for resource in Resource.allCases { foreign[home][resource.rawValue] += demand[resource.rawValue] }
        demand = demand.map { _ in 0 }
        if drained.contains(order[home].name) || order[home].state == .drained { continue }
      }
      machines.append(machine)
      kept.append(
        PlacementMachine(
          name: machine.name.rawValue, demand: demand,
          allowedHosts: Set(allowedHosts(for: machine, current).compactMap { numbers[$0] }),
          current: current == nil ? nil : home,
          isPinned: current != nil && isChosen(machine)
            && (machine.placement.isPinned || stays(machine, on: home)),
          moveCost: moveCost(of: machine),
          survives: (choice == .asWritten || machine.placement.isChosen) && site.isOnSharedStorage(machine)))
    }
    problem.machines = kept
    return foreign
  }

  /// True if the VM cannot be moved, as far as one can tell. A plan says so of a VM that has to move; who looks for few hosts
  /// leaves it where it is.
  private func stays(_ machine: MachineSpec, on home: Int) -> Bool {
    guard choice == .withNamedHosts else { return false }
    let state = states[order[home].name]
    let found = state?.machine(named: machine.name, of: site.stack)
    let isRunning = found?.isActive ?? (machine.settings.state != .off)
    if isRunning, !machine.hostDevices.isEmpty || !machine.shares.isEmpty { return true }
    guard let state, let found else { return false }
    let hasSnapshots = state.snapshots[found.uuid] != nil || !found.carriedSnapshots.isEmpty
    return !state.capabilities.driver.can(.moving) || found.hasSavedState
      || state.checkpointed.contains(found.uuid) || hasSnapshots && !site.isOnSharedStorage(machine)
      || found.disks.contains { $0.overlay != nil }
  }

  /// What the host has; nil if neither it nor the spec says so.
  func size(of host: Host) -> (cpus: Int, memory: ByteCount)? {
    states[host.name]?.capabilities.size ?? host.size.map { ($0.cpus, $0.memory) }
  }

  private static let plenty: UInt64 = 1 << 60

  /// What VMs may take of a host.
  func capacity(of host: Host) -> [UInt64] {
    guard let size = size(of: host) else { return [Self.plenty, Self.plenty] }
    func left(_ all: UInt64, _ reserve: UInt64) -> UInt64 { all > reserve ? all - reserve : 0 }
    let cpus = left(UInt64(size.cpus), UInt64(host.reserve.cpus))
    return [
      host.overcommit.memory.of(left(size.memory.rawValue, host.reserve.memory.rawValue)),
      // What is in use is in use: of CPUs that are measured there are no more than there are.
      load == nil ? host.overcommit.cpus.of(cpus) : cpus * cpuUnit,
    ]
  }

  /// Running VMs that are none of the stack's.
  func others(on state: HostState) -> [Machine] {
    let identity = Identity(stack: site.stack)
    return state.machines.filter { $0.isActive && !identity.owns($0) }
  }

  /// What they take, and Xen's dom0, of which a processor is no more than of a Linux that runs guests beside its own work.
  private func foreignLoad(of state: HostState) -> [UInt64] {
    others(on: state).map(demand).reduce([state.dom0Memory.rawValue, 0]) { [$0[0] + $1[0], $0[1] + $1[1]] }
  }

  /// What a running VM of others takes.
  func demand(of machine: Machine) -> [UInt64] {
    let cpus = UInt64(machine.settings.cpus?.count ?? 1) * cpuUnit
    return [machine.totalMemory ?? 0, load?.demand(of: machine.uuid) ?? cpus]
  }

  /// What stands for one CPU, or one vCPU.
  var cpuUnit: UInt64 { load == nil ? 1 : 100 }

  private func demand(of machine: MachineSpec, on home: Int) -> [UInt64] {
    if machine.settings.state == .off { return [0, 0] }
    let memory = machine.settings.memory?.size.rawValue ?? 0
    let found = load == nil ? nil : states[order[home].name]?.machine(named: machine.name, of: site.stack)
    return [
      machine.memoryDevices.reduce(memory) { $0 + $1.size.rawValue },
      found.flatMap { load?.demand(of: $0.uuid) } ?? UInt64(machine.settings.cpus?.count ?? 1) * cpuUnit,
    ]
  }

  /// The hosts that could run the VM: of those that the spec allows, the ones of its kind.
  private func allowedHosts(for machine: MachineSpec, _ current: ResourceName?) -> [ResourceName] {
    guard isChosen(machine) else { return [machine.host] }
    if let wanted = destinations[machine.name], machine.placement.hosts.contains(wanted) { return [wanted] }
    if let left = disksLeft[machine.name], current == nil { return [left.host] }
    return hosts(hostsOfNamed[machine.name] ?? machine.placement.hosts, thatRun: machine, current)
  }

  private func hosts(
    _ names: [ResourceName], thatRun machine: MachineSpec, _ current: ResourceName?
  ) -> [ResourceName] {
    let home = current.flatMap { states[$0] }
    let ofItsKind = names.filter { name in
      guard let state = states[name] else { return true }
      if let home, home.capabilities.driver != state.capabilities.driver { return false }
      let accel = machine.settings.accel ?? site.host(name)?.accel
      return accel != .kvm || state.capabilities.driver != .qemu || state.capabilities.hasKVM
    }
    // Of a VM that suits none, the plan says at its lines what they lack.
    let suited = ofItsKind.filter { states[$0].map { gives(machine, on: $0.capabilities) } ?? true }
    return suited.isEmpty ? ofItsKind : suited
  }

  /// The problem for the way to `hosts`, of which there is one for each machine: while it makes way for others, a VM may be on
  /// any host that has what it needs.
  func problemOnTheWay(to hosts: [Int]) -> PlacementProblem {
    let moving = machines.indices.filter { index in
      problem.machines[index].current.map { $0 != hosts[index] } ?? false
    }
    let named = moving.contains { !machines[$0].placement.isChosen } ? site.hostsOfMachinesWithNamedHost : [:]
    var changed = problem
    for index in moving where !machines[index].placement.isPinned {
      let machine = machines[index]
      guard let current = problem.machines[index].current,
        let names = machine.placement.isChosen ? machine.placement.hosts : named[machine.name]
      else { continue }
      let running = self.hosts(names, thatRun: machine, order[current].name)
      changed.machines[index].allowedHosts?.formUnion(running.compactMap { numbers[$0] })
    }
    return changed
  }

  /// The bytes that a move of the VM copies, as far as the spec tells.
  private func moveCost(of machine: MachineSpec) -> UInt64 {
    machine.disks.reduce(machine.settings.memory?.size.rawValue ?? 0) { sum, disk in
      guard case .own(let size, _, _, let pool) = disk.source, site.pool(pool)?.isShared != true else {
        return sum
      }
      return sum + (size?.rawValue ?? 0)
    }
  }

  private func rules() -> [PlacementRule] {
    let indices = Dictionary(
      machines.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    var rules: [PlacementRule] = []
    let groups = Dictionary(grouping: machines.indices.filter { machines[$0].placement.spread != nil }) {
      machines[$0].group ?? machines[$0].name
    }
    for (group, members) in groups.sorted(by: { $0.key < $1.key }) where members.count > 1 {
      guard let spread = machines[members[0]].placement.spread else { continue }
      rules.append(
        .spread(
          "spread of '\(group)'", members, over: spread.label.map { .label($0.rawValue) } ?? .host,
          max: spread.maximum))
    }
    for (index, machine) in machines.enumerated() {
      // Who is where nobody can look keeps nobody from being elsewhere.
      let company = machine.placement.keepWith.compactMap { indices[$0] }.filter { !isAway($0) }
      if !company.isEmpty, !isAway(index) {
        rules.append(.keepTogether("keep_with of '\(machine.name)'", [index] + company))
      }
      for other in machine.placement.avoid.compactMap({ indices[$0] }) {
        // Both may say it.
        let isSaidTwice = machines[other].placement.avoid.contains(machine.name) && other < index
        if !isSaidTwice {
          rules.append(.avoid("avoid: '\(machine.name)' and '\(machines[other].name)'", [index, other]))
        }
      }
    }
    return rules
  }

  /// True if the machine may be on a host that does not answer.
  private func isAway(_ machine: Int) -> Bool {
    problem.machines[machine].current.map { problem.hosts[$0].availability == .closed } ?? false
  }
}

/// Disks of a VM that is nowhere.
struct DisksLeft {
  let host: ResourceName
  /// The first of them.
  let disk: ResourceName
  let count: Int
}

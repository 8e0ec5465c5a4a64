import Placement
import SpecModel

/// Chooses hosts for the VMs of a spec: the mapping between a site with its hosts and a placement problem.
struct SitePlacement {
  /// Why a VM goes where it does, for people.
  private(set) var reasons: [ResourceName: String] = [:]
  /// The host of each VM that has one.
  private(set) var hosts: [ResourceName: ResourceName] = [:]
  /// Moves and starts by the VMs that have to have left or arrived before.
  private(set) var waits: [ResourceName: Set<ResourceName>] = [:]
  /// VMs that move only once others have, in a later run.
  private(set) var postponed: Set<ResourceName> = []

  private let site: Site
  private let states: [ResourceName: HostState]
  private let order: [Host]
  private let numbers: [ResourceName: Int]
  private var machines: [MachineSpec] = []
  private var problem: PlacementProblem

  /// What is shared out, in the order of the problem's resources.
  enum Resource: Int, CaseIterable {
    case memory, cpus

    var title: String { self == .memory ? "memory" : "vCPUs" }

    func text(_ amount: UInt64) -> String {
      self == .memory
        ? "\(ByteCount(rawValue: amount))" : "\(amount) \(amount == 1 ? "vCPU" : "vCPUs")"
    }
  }

  /// The hosts that somebody wants VMs on.
  private let destinations: [ResourceName: ResourceName]

  /// - Parameters:
  ///   - locations: the hosts that VMs of the spec are on, or may be on.
  ///   - unreachable: hosts whose VMs nobody knows.
  ///   - drained: hosts that VMs have to leave, whatever the spec says of them.
  init(
    _ site: Site, states: [HostState], locations: [ResourceName: ResourceName],
    unreachable: Set<ResourceName>, drained: Set<ResourceName>,
    destinations: [ResourceName: ResourceName] = [:]
  ) {
    self.site = site
    self.destinations = destinations
    self.states = Dictionary(states.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    order = site.hosts
    numbers = Dictionary(
      site.hosts.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    problem = PlacementProblem(resources: Resource.allCases.map(\.title), hosts: [], machines: [])
    hosts = Dictionary(
      site.machines.map { ($0.name, $0.host) }, uniquingKeysWith: { first, _ in first })
    let isNeeded = site.machines.contains { machine in
      machine.placement.isChosen || !machine.placement.avoid.isEmpty || !machine.placement.keepWith.isEmpty
        || machine.placement.spread != nil || locations[machine.name].map { $0 != machine.host } == true
    }
    guard isNeeded else { return }
    makeProblem(locations, unreachable, drained)
  }

  // MARK: The problem

  private mutating func makeProblem(
    _ locations: [ResourceName: ResourceName], _ unreachable: Set<ResourceName>, _ drained: Set<ResourceName>
  ) {
    var foreign = order.map { host in states[host.name].map { foreignLoad(of: $0) } ?? [0, 0] }
    var kept: [PlacementMachine] = []
    for machine in site.machines {
      let current = locations[machine.name]
      let isMoving = current.map { $0 != machine.host } ?? false
      guard let home = numbers[current ?? machine.host] else { continue }
      var demand = Self.demand(of: machine)
      if !machine.placement.isChosen, !isMoving {
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
          isPinned: machine.placement.isPinned && current != nil && machine.placement.isChosen,
          moveCost: moveCost(of: machine), survives: isOnSharedStorage(machine)))
    }
    problem.machines = kept
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

  private static let plenty: UInt64 = 1 << 60

  /// What VMs may take of a host.
  private func capacity(of host: Host) -> [UInt64] {
    guard let size = states[host.name]?.capabilities.size else { return [Self.plenty, Self.plenty] }
    func left(_ all: UInt64, _ reserve: UInt64) -> UInt64 { all > reserve ? all - reserve : 0 }
    return [
      host.overcommit.memory.of(left(size.memory.rawValue, host.reserve.memory.rawValue)),
      host.overcommit.cpus.of(left(UInt64(size.cpus), UInt64(host.reserve.cpus))),
    ]
  }

  /// What running VMs take that are none of the stack's.
  private func foreignLoad(of state: HostState) -> [UInt64] {
    let identity = Identity(stack: site.stack)
    let others = state.machines.filter { $0.isActive && !identity.owns($0) }
    return [
      others.reduce(0) { $0 + ($1.totalMemory ?? 0) },
      others.reduce(0) { $0 + UInt64($1.settings.cpus?.count ?? 1) },
    ]
  }

  private static func demand(of machine: MachineSpec) -> [UInt64] {
    if machine.settings.state == .off { return [0, 0] }
    let memory = machine.settings.memory?.size.rawValue ?? 0
    return [
      machine.memoryDevices.reduce(memory) { $0 + $1.size.rawValue },
      UInt64(machine.settings.cpus?.count ?? 1),
    ]
  }

  /// The hosts that could run the VM: of those that the spec allows, the ones of its kind.
  private func allowedHosts(for machine: MachineSpec, _ current: ResourceName?) -> [ResourceName] {
    guard machine.placement.isChosen else { return [machine.host] }
    if let wanted = destinations[machine.name], machine.placement.hosts.contains(wanted) { return [wanted] }
    let home = current.flatMap { states[$0] }
    return machine.placement.hosts.filter { name in
      guard let state = states[name] else { return true }
      if let home, home.capabilities.driver != state.capabilities.driver { return false }
      let accel = machine.settings.accel ?? site.host(name)?.accel
      return accel != .kvm || state.capabilities.driver != .qemu || state.capabilities.hasKVM
    }
  }

  /// True if every host that may have the VM sees its disks.
  private func isOnSharedStorage(_ machine: MachineSpec) -> Bool {
    machine.disks.allSatisfy { disk in
      switch disk.source {
      case .own(_, _, _, let pool), .existing(_, let pool): site.pool(pool)?.isShared == true
      case .shared(let name): site.disk(name).flatMap { site.pool($0.pool) }?.isShared == true
      case .cdrom: true
      }
    }
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
      let company = machine.placement.keepWith.compactMap { indices[$0] }
      if !company.isEmpty {
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

  // MARK: The answer

  /// Chooses; returns what is in the way, if there is no place for all.
  mutating func solve(survives failures: Int) -> Infeasibility? {
    guard !problem.machines.isEmpty else { return nil }
    switch problem.converged(PlacementOptions(survivedFailures: failures)) {
    case .infeasible(let why): return why
    case .placed(let assignment):
      for (index, host) in assignment.hosts.enumerated() { hosts[machines[index].name] = order[host].name }
      for decision in assignment.decisions {
        reasons[machines[decision.machine].name] = reason(for: decision)
      }
      arrange(problem.order(to: assignment.hosts))
      return nil
    }
  }

  /// The failures of hosts that VMs could not survive where they are placed.
  func gaps(after failures: Int) -> [String] {
    guard failures > 0, !problem.machines.isEmpty else { return [] }
    let places = machines.map { machine in hosts[machine.name].flatMap { numbers[$0] } ?? 0 }
    return problem.gaps(after: failures, hosts: places).map { gap in
      let failed = gap.failed.map { "'\(order[$0].name)'" }.joined(separator: " and ")
      let names = gap.machines.prefix(5).map { "'\(machines[$0].name)'" }.joined(separator: ", ")
      let rest = gap.machines.count > 5 ? " and \(gap.machines.count - 5) others" : ""
      let cause = gap.resource.flatMap(Resource.init(rawValue:)).map { " (\($0.title))" } ?? ""
      return "if \(failed) fails, there is no place for \(names)\(rest)\(cause)"
    }
  }

  private mutating func arrange(_ order: MoveOrder) {
    let (moves, left): ([OrderedMove], Set<Int>) =
      switch order {
      case .sequence(let moves): (moves, [])
      case .deadlock(let moves, let machines, _): (moves, Set(machines))
      }
    // A detour is all that a VM does in one run; what waits for its second move waits for the next run.
    var seen: Set<Int> = []
    var late = Set(moves.indices.filter { !seen.insert(moves[$0].machine).inserted })
    for (index, move) in moves.enumerated() where !late.isDisjoint(with: move.waitsFor) { late.insert(index) }
    for (index, move) in moves.enumerated() {
      let name = machines[move.machine].name
      if late.contains(index) {
        postpone(move.machine, name)
        continue
      }
      if move.isDetour { hosts[name] = self.order[move.to].name }
      waits[name] = Set(move.waitsFor.map { machines[moves[$0].machine].name }).subtracting([name])
    }
    for machine in left { postpone(machine, machines[machine].name) }
  }

  private mutating func postpone(_ machine: Int, _ name: ResourceName) {
    // What is on a detour stays there for now.
    guard let current = problem.machines[machine].current, waits[name] == nil else { return }
    hosts[name] = order[current].name
    postponed.insert(name)
  }

  // MARK: For people

  private func reason(for decision: PlacementDecision) -> String {
    let home = decision.from.map { "'\(order[$0].name)'" } ?? ""
    switch decision.reason {
    case .new(let alternatives):
      return alternatives == 0
        ? "the only host that takes it" : "chosen among \(alternatives + 1) hosts that take it"
    case .hostDrained: return "host \(home) is drained"
    case .overCapacity(let resource, let load, let capacity):
      let kind = Resource(rawValue: resource) ?? .memory
      return "VMs on host \(home) need \(kind.text(load)), and it has \(kind.text(capacity)) for them"
    case .rule(let rule): return problem.rules[rule].name
    case .notAllowed where destinations[machines[decision.machine].name] != nil: return "as asked"
    case .notAllowed: return "the spec does not have it on host \(home) any more"
    case .makesRoom(let machine): return "makes room for VM '\(machines[machine].name)'"
    case .consolidation: return "host \(home) is emptied"
    }
  }

  /// What is in the way, as diagnostics: the VM, why no host takes it, and what would help.
  func report(_ why: Infeasibility, _ report: (_ message: String, _ path: SpecPath?, _ help: String?) -> Void)
  {
    let help = relaxation(why.relaxations)
    let proof = why.isProven ? "there is no place" : "no place was found"
    let cause: String
    switch why.cause {
    case .totalCapacity(let resource, let demand, let capacity):
      let kind = Resource(rawValue: resource) ?? .memory
      cause =
        "all VMs need \(kind.text(demand)), and the hosts that take VMs have \(kind.text(capacity)) for them"
    case .spread(let rule, let count, let places):
      cause = "\(problem.rules[rule].name) asks for \(count) places, and there are \(places)"
    case .contradiction(let rules):
      cause = "these contradict each other: " + rules.map { problem.rules[$0].name }.joined(separator: "; ")
    case .noHost: cause = "no host takes it"
    case .combination: cause = "each has a host that would take it, but not all at once"
    }
    guard let first = why.machines.first else { return report("\(proof) for all VMs: \(cause)", nil, help) }
    let names = why.machines.map { "'\(machines[$0.machine].name)'" }
    let subject =
      names.count == 1
      ? "VM \(names[0])"
      : "VMs " + names.prefix(5).joined(separator: ", ")
        + (names.count > 5 ? " and \(names.count - 5) others" : "")
    let obstacles = first.obstacles.enumerated().map { host, obstacle in
      "\(order[host].name): \(text(obstacle))"
    }
    let shown = obstacles.prefix(8).joined(separator: "; ") + (obstacles.count > 8 ? " …" : "")
    report(
      "\(proof) for \(subject): \(cause)" + (shown.isEmpty ? "" : " (\(shown))"),
      machines[first.machine].path + "host", help)
  }

  private func text(_ obstacle: Infeasibility.Obstacle) -> String {
    switch obstacle {
    case .drained: "is drained"
    case .closed: "cannot be reached"
    case .notAllowed: "is not among those that the spec allows and that can run it"
    case .pinned(let host): "it is pinned to '\(order[host].name)'"
    case .capacity(let resource, let missing):
      "lacks \((Resource(rawValue: resource) ?? .memory).text(missing))"
        + (resource == Resource.memory.rawValue ? " of memory" : "")
    case .rule(let rule): problem.rules[rule].name
    case .lacksLabel(let rule): "lacks the label of \(problem.rules[rule].name)"
    case .displaces: "takes it only if another VM has no place"
    }
  }

  private func relaxation(_ relaxations: [Infeasibility.Relaxation]) -> String? {
    let texts = relaxations.prefix(3).map { relaxation -> String in
      switch relaxation {
      case .capacity(let host, let resource, let amount, _):
        let kind = Resource(rawValue: resource) ?? .memory
        return
          "\(kind.text(amount)) more on host '\(order[host].name)' (\(kind == .memory ? "reserve or overcommit.memory" : "overcommit.cpus"))"
      case .spread(let rule, let max): return "\(problem.rules[rule].name): {max: \(max)}"
      case .withoutRule(let rule): return "leaving out \(problem.rules[rule].name)"
      case .allow(let machine, let host):
        return "allowing VM '\(machines[machine].name)' on host '\(order[host].name)'"
      case .unpin(let machine): return "pinned: false for VM '\(machines[machine].name)'"
      case .open(let host): return "host '\(order[host].name)' taking VMs"
      case .anotherHost(let host): return "one more host like '\(order[host].name)'"
      }
    }
    if texts.count == 1 { return "it would be enough to have \(texts[0])" }
    return texts.isEmpty ? nil : "any of these would be enough: " + texts.joined(separator: "; ")
  }
}

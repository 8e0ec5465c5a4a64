import Placement
import SpecModel

/// Chooses hosts for the VMs of a spec.
struct SitePlacement {
  /// Why a VM goes where it does, for people.
  private(set) var reasons: [ResourceName: String] = [:]
  /// The host of each VM that has one.
  private(set) var hosts: [ResourceName: ResourceName] = [:]
  /// Moves and starts by the VMs that have to have left or arrived before.
  private(set) var waits: [ResourceName: Set<ResourceName>] = [:]
  /// VMs that move only once others have, in a later run.
  private(set) var postponed: Set<ResourceName> = []

  private let model: SiteProblem

  /// - Parameters:
  ///   - locations: the hosts that VMs of the spec are on, or may be on.
  ///   - unreachable: hosts whose VMs nobody knows.
  ///   - drained: hosts that VMs have to leave, whatever the spec says of them.
  init(
    _ site: Site, states: [HostState], locations: [ResourceName: ResourceName],
    unreachable: Set<ResourceName>, drained: Set<ResourceName>,
    destinations: [ResourceName: ResourceName] = [:]
  ) {
    hosts = Dictionary(
      site.machines.map { ($0.name, $0.host) }, uniquingKeysWith: { first, _ in first })
    let isNeeded = site.machines.contains { machine in
      machine.placement.isChosen || !machine.placement.avoid.isEmpty || !machine.placement.keepWith.isEmpty
        || machine.placement.spread != nil || locations[machine.name].map { $0 != machine.host } == true
    }
    model = SiteProblem(
      site, machines: isNeeded ? site.machines : [], states: states, locations: locations,
      unreachable: unreachable, drained: drained, destinations: destinations)
  }

  // MARK: The answer

  private var problem: PlacementProblem { model.problem }
  private var machines: [MachineSpec] { model.machines }
  private var order: [Host] { model.order }

  /// Chooses; returns what is in the way, if there is no place for all.
  mutating func solve(survives failures: Int) -> Infeasibility? {
    guard !problem.machines.isEmpty else { return nil }
    switch problem.converged(PlacementOptions(survivedFailures: failures)) {
    case .infeasible(let why): return why
    case .placed(let assignment):
      for (index, host) in assignment.hosts.enumerated() { hosts[machines[index].name] = order[host].name }
      for decision in assignment.decisions {
        reasons[machines[decision.machine].name] = model.reason(for: decision)
      }
      arrange(problem.order(to: assignment.hosts))
      return nil
    }
  }

  /// The failures of hosts that VMs could not survive where they are placed.
  func gaps(after failures: Int) -> [String] {
    guard failures > 0, !problem.machines.isEmpty else { return [] }
    let places = machines.map { machine in hosts[machine.name].flatMap { model.numbers[$0] } ?? 0 }
    return model.gaps(after: failures, hosts: places)
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

  /// What is in the way, as diagnostics.
  func report(_ why: Infeasibility, _ report: (_ message: String, _ path: SpecPath?, _ help: String?) -> Void)
  {
    model.report(why, report)
  }
}

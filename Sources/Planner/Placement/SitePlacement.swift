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
  /// VMs that go to a host where they are not wanted, so that others can move, and on from there in a later run.
  private(set) var detours: Set<ResourceName> = []
  /// What is in the way of what is wanted.
  private(set) var obstacle: Obstacle?

  enum Obstacle {
    /// There is no place for all.
    case noPlace(Infeasibility)
    /// VMs wait for each other's room. Once `stopping` is stopped, all others can move; nil where one is not enough.
    case deadlock([ResourceName], stopping: ResourceName?)
  }

  private let model: SiteProblem

  /// - Parameters:
  ///   - locations: the hosts that VMs of the spec are on, or may be on.
  ///   - unreachable: hosts whose VMs nobody knows.
  ///   - drained: hosts that VMs have to leave, whatever the spec says of them.
  ///   - disksLeft: where disks lie of VMs that are nowhere.
  init(
    _ site: Site, states: [HostState], locations: [ResourceName: ResourceName],
    unreachable: Set<ResourceName>, drained: Set<ResourceName>,
    destinations: [ResourceName: ResourceName] = [:], disksLeft: [ResourceName: DisksLeft] = [:]
  ) {
    hosts = Dictionary(
      site.machines.map { ($0.name, $0.host) }, uniquingKeysWith: { first, _ in first })
    let isNeeded = site.machines.contains { machine in
      machine.placement.isChosen || !machine.placement.avoid.isEmpty || !machine.placement.keepWith.isEmpty
        || machine.placement.spread != nil || locations[machine.name].map { $0 != machine.host } == true
    }
    model = SiteProblem(
      site, machines: isNeeded ? site.machines : [], states: states, locations: locations,
      unreachable: unreachable, drained: drained, destinations: destinations, disksLeft: disksLeft)
  }

  // MARK: The answer

  private var problem: PlacementProblem { model.problem }
  private var machines: [MachineSpec] { model.machines }
  private var order: [Host] { model.order }

  /// Chooses.
  mutating func solve(survives failures: Int) {
    guard !problem.machines.isEmpty else { return }
    switch problem.converged(PlacementOptions(survivedFailures: failures)) {
    case .infeasible(let why): obstacle = .noPlace(why)
    case .placed(let assignment):
      for (index, host) in assignment.hosts.enumerated() { hosts[machines[index].name] = order[host].name }
      for decision in assignment.decisions {
        reasons[machines[decision.machine].name] = model.reason(for: decision)
      }
      arrange(model.problemOnTheWay(to: assignment.hosts).order(to: assignment.hosts))
    }
  }

  /// The failures of hosts that VMs could not survive where they are placed.
  func gaps(after failures: Int) -> [SiteGap] {
    guard failures > 0, !problem.machines.isEmpty else { return [] }
    let places = machines.map { machine in hosts[machine.name].flatMap { model.numbers[$0] } ?? 0 }
    return model.gaps(after: failures, hosts: places)
  }

  private mutating func arrange(_ order: MoveOrder) {
    let (moves, left): ([OrderedMove], [Int])
    switch order {
    case .sequence(let all): (moves, left) = (all, [])
    case .deadlock(let first, let machines, let stopping):
      (moves, left) = (first, machines)
      obstacle = .deadlock(
        machines.map { self.machines[$0].name }, stopping: stopping.map { self.machines[$0].name })
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
      if move.isDetour {
        reasons[name] =
          "makes way: it goes on to host '\(hosts[name] ?? self.order[move.to].name)' in the next run"
        hosts[name] = self.order[move.to].name
        detours.insert(name)
      }
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

  /// What is in the way, as a diagnostic.
  func report(
    _ obstacle: Obstacle, _ report: (_ message: String, _ path: SpecPath?, _ help: String?) -> Void
  ) {
    switch obstacle {
    case .noPlace(let why): model.report(why, report)
    case .deadlock(let names, let stopping):
      let first = machines.first { $0.name == names.first }
      report(
        "\(model.list(names.map(\.rawValue))) wait for each other and cannot move: each needs room that another of them has, and no other host has room for one meanwhile",
        first.map { $0.path + "host" },
        stopping.map {
          "once VM '\($0)' is stopped (state: off), the others can move; or give another host room for it"
        } ?? "stop one of them (state: off), or give another host room for it")
    }
  }
}

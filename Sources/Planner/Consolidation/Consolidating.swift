import Placement
import SpecModel

/// Asks for few hosts, and reads the answer.
struct Consolidating {
  private let site: Site
  private let options: SiteConsolidation.Options
  private var model: SiteProblem
  /// VMs of others that may move: of each the host and what it has there, in the order of the problem behind the spec's own.
  private var adopted: [(host: HostState, machine: Machine)] = []

  init(
    _ site: Site, hosts: [HostState], unreachable: Set<ResourceName>, options: SiteConsolidation.Options
  ) {
    self.site = site
    self.options = options
    let states = options.basis == .spec ? [] : hosts.sorted { $0.name < $1.name }
    let closed = unreachable.union(site.hosts.filter { $0.state == .down }.map(\.name))
    model = SiteProblem(
      site, machines: site.machines, states: states,
      locations: Self.locations(of: site, states, closed, options.basis), unreachable: closed,
      choice: .withNamedHosts, load: options.load)
    if options.movesOthers { adoptOthers(on: states) }
  }

  private static func locations(
    of site: Site, _ states: [HostState], _ closed: Set<ResourceName>, _ basis: SiteConsolidation.Basis
  ) -> [ResourceName: ResourceName] {
    var locations = site.locations(in: states)
    for machine in site.machines where locations[machine.name] == nil {
      if machine.placement.isChosen {
        // It may be where nobody can look.
        locations[machine.name] = machine.placement.hosts.first(where: closed.contains)
      } else if basis == .spec || closed.contains(machine.host) {
        locations[machine.name] = machine.host
      }
    }
    return locations
  }

  private mutating func adoptOthers(on states: [HostState]) {
    var names = Set(model.problem.machines.map(\.name))
    for state in states {
      guard let home = model.numbers[state.name] else { continue }
      for machine in model.others(on: state) {
        var name = machine.name
        while !names.insert(name).inserted { name += " on \(state.name)" }
        let demand = model.demand(of: machine)
        for (resource, amount) in demand.enumerated() {
          model.problem.hosts[home].foreignLoad[resource] -= amount
        }
        let alike = model.order.indices.filter { index in
          model.states[model.order[index].name].map {
            $0.capabilities.driver == state.capabilities.driver
          } ?? false
        }
        model.problem.machines.append(
          PlacementMachine(
            name: name, demand: demand, allowedHosts: Set(alike), current: home,
            isPinned: !machine.hostDevices.isEmpty || !machine.shares.isEmpty, moveCost: demand[0]))
        adopted.append((state, machine))
      }
    }
  }

  // MARK: The answer

  func propose() throws(SitePlanner.Failure) -> SiteConsolidation {
    let diagnostics = Diagnostics()
    for (host, place) in zip(model.order, model.problem.hosts)
    where place.availability != .closed && model.size(of: host) == nil {
      diagnostics.error(
        options.basis == .spec
          ? "the spec does not say what host '\(host.name)' has"
          : "host '\(host.name)' does not say what it has, nor does the spec",
        at: site.origins.location(of: host.path), help: "such as size: {cpus: 32, memory: 256GiB}")
    }
    if diagnostics.hasErrors {
      throw SitePlanner.Failure(diagnostics: diagnostics.sorted, isRefusal: false)
    }
    switch model.problem.consolidated(headroom: options.headroom.shares) {
    case .consolidated(let found): return answer(found)
    case .infeasible(let why):
      model.report(why) { message, path, help in
        let less = options.headroom == Headroom() ? nil : "try with less headroom"
        diagnostics.error(
          message, at: path.flatMap { site.origins.location(of: $0) }, help: help ?? less)
      }
      throw SitePlanner.Failure(diagnostics: diagnostics.sorted, isRefusal: true)
    }
  }

  private func answer(_ found: Consolidation) -> SiteConsolidation {
    let (moves, stuck, stopping) = moves(found)
    func names(_ hosts: [Int]) -> [ResourceName] { hosts.map { model.order[$0].name }.sorted() }
    return SiteConsolidation(
      stack: site.stack, options: options, machineCount: model.problem.machines.count,
      otherCount: options.movesOthers
        ? 0 : model.states.values.reduce(0) { $0 + model.others(on: $1).count },
      hostsBefore: names(found.hostsBefore), hostsAfter: names(found.hostsAfter),
      lowerBound: found.lowerBound, usage: usage(found), moves: moves, stuck: stuck, stopping: stopping,
      room: room(found), measurements: measurements,
      gaps: site.survivedFailures > 0
        ? model.gaps(after: site.survivedFailures, hosts: found.assignment.hosts).map(\.text) : [],
      placement: Dictionary(
        zip(model.machines, found.assignment.hosts).map { ($0.name, model.order[$1].name) },
        uniquingKeysWith: { first, _ in first }))
  }

  private func usage(_ found: Consolidation) -> [SiteConsolidation.HostUse] {
    var before = model.problem.hosts.map(\.foreignLoad)
    var after = before
    var (countsBefore, countsAfter) = (before.map { _ in 0 }, before.map { _ in 0 })
    for (machine, host) in zip(model.problem.machines, found.assignment.hosts) {
      for (resource, amount) in machine.demand.enumerated() {
        if let current = machine.current { before[current][resource] += amount }
        after[host][resource] += amount
      }
      if let current = machine.current { countsBefore[current] += 1 }
      countsAfter[host] += 1
    }
    let used = Set(found.hostsBefore).union(found.hostsAfter)
    let binding = Dictionary(
      found.usage.map { ($0.host, $0.bindingResource) }, uniquingKeysWith: { first, _ in first })
    return used.sorted { model.order[$0].name < model.order[$1].name }.map { host in
      let state = model.states[model.order[host].name]
      let others = options.movesOthers ? 0 : state.map { model.others(on: $0).count } ?? 0
      let isKnown = model.size(of: model.order[host]) != nil
      let capacity = model.problem.hosts[host].capacity
      return SiteConsolidation.HostUse(
        name: model.order[host].name, machinesBefore: countsBefore[host] + others,
        machinesAfter: countsAfter[host] + others,
        uses: capacity.indices.map {
          SiteConsolidation.Use(
            capacity: isKnown ? capacity[$0] : nil, before: before[host][$0], after: after[host][$0])
        },
        fullest: isKnown ? binding[host].flatMap(PlacementResource.init(rawValue:)) : nil,
        isEmptied: !found.hostsAfter.contains(host))
    }
  }

  private func room(_ found: Consolidation) -> SiteConsolidation.Room? {
    guard let size = options.reference ?? median else { return nil }
    let demand = [size.memory.rawValue, size.cpus * model.cpuUnit]
    var problem = model.problem
    for host in problem.hosts.indices where !found.hostsAfter.contains(host) {
      problem.hosts[host].availability = .drained
    }
    let all = problem.remaining(for: demand, hosts: found.assignment.hosts)
    for host in problem.hosts.indices {
      for (resource, share) in options.headroom.shares.enumerated() {
        problem.hosts[host].capacity[resource] = UInt64(
          Double(problem.hosts[host].capacity[resource]) * (1 - share))
      }
    }
    return SiteConsolidation.Room(
      size: size, isMedian: options.reference == nil,
      count: problem.remaining(for: demand, hosts: found.assignment.hosts),
      countWithoutHeadroom: all)
  }

  /// The median of each resource among the VMs that take something; nil if there are none.
  private var median: MachineSize? {
    let running = model.problem.machines.indices.filter { index in
      model.problem.machines[index].demand.contains { $0 > 0 }
    }
    func middle(_ amount: (Int) -> UInt64) -> UInt64 {
      running.map(amount).sorted()[(running.count - 1) / 2]
    }
    guard !running.isEmpty else { return nil }
    let memory = PlacementResource.memory.rawValue
    return MachineSize(
      cpus: middle { UInt64(vCPUs($0)) },
      memory: ByteCount(rawValue: middle { model.problem.machines[$0].demand[memory] }))
  }

  private func vCPUs(_ index: Int) -> Int {
    let settings =
      model.machines.indices.contains(index)
      ? model.machines[index].settings : adopted[index - model.machines.count].machine.settings
    return settings.cpus?.count ?? 1
  }

  private var measurements: [SiteConsolidation.Measurement] {
    guard let load = options.load else { return [] }
    return model.problem.machines.enumerated().compactMap { index, machine in
      let found =
        model.machines.indices.contains(index)
        ? machine.current.flatMap { model.states[model.order[$0].name] }?.machine(
          named: model.machines[index].name, of: site.stack)
        : adopted[index - model.machines.count].machine
      return found.flatMap { load.peaks[$0.uuid] }.map { peak in
        SiteConsolidation.Measurement(
          name: machine.name, vCPUs: vCPUs(index),
          memory: machine.demand[PlacementResource.memory.rawValue], peak: peak)
      }
    }.sorted { $0.name < $1.name }
  }
}

// MARK: - Moves

extension Consolidating {
  private func moves(_ found: Consolidation) -> ([SiteConsolidation.Move], [String], String?) {
    let (moves, stuck, stopping): ([OrderedMove], [Int], Int?) =
      switch found.moves {
      case .sequence(let moves): (moves, [], nil)
      case .deadlock(let moves, let machines, let stopping): (moves, machines, stopping)
      }
    let decisions = Dictionary(
      found.assignment.decisions.map { ($0.machine, $0) }, uniquingKeysWith: { first, _ in first })
    let kept = Set(found.hostsAfter)
    return (
      moves.map { move in
        let reason =
          move.isDetour
          ? "makes way for a while"
          : decisions[move.machine].map { self.reason(for: $0, kept) } ?? ""
        return self.move(
          move, reason, waitsFor: move.waitsFor.map { model.name(moves[$0].machine) })
      },
      stuck.map(model.name), stopping.map(model.name)
    )
  }

  private func reason(for decision: PlacementDecision, _ kept: Set<Int>) -> String {
    if case .consolidation = decision.reason, let from = decision.from, kept.contains(from) {
      return "makes room on host '\(model.order[from].name)'"
    }
    return model.reason(for: decision)
  }

  private func move(_ move: OrderedMove, _ reason: String, waitsFor: [String]) -> SiteConsolidation.Move {
    let from = move.from.map { model.order[$0].name }
    let to = model.order[move.to].name
    let isRunning = isRunning(move.machine, on: from)
    let memory = model.problem.machines[move.machine].demand[PlacementResource.memory.rawValue]
    return SiteConsolidation.Move(
      name: model.name(move.machine), from: from, to: to,
      effect: from == nil ? .new : isRunning ? .live : .off, memory: from != nil && isRunning ? memory : 0,
      disks: from.map { copiedDisks(move.machine, from: $0, to: to) } ?? 0, reason: reason,
      waitsFor: waitsFor, isDetour: move.isDetour)
  }

  private func isRunning(_ index: Int, on host: ResourceName?) -> Bool {
    guard model.machines.indices.contains(index) else { return true }
    let spec = model.machines[index]
    let found = host.flatMap { model.states[$0] }?.machine(named: spec.name, of: site.stack)
    return found?.isActive ?? (spec.settings.state != .off)
  }

  /// Bytes of disks that do not lie where both hosts see them.
  private func copiedDisks(_ index: Int, from: ResourceName, to: ResourceName) -> UInt64 {
    func isShared(_ pool: String) -> Bool {
      site.pools.contains {
        $0.name.rawValue == pool && $0.isShared && $0.hosts.contains(from) && $0.hosts.contains(to)
      }
    }
    guard model.machines.indices.contains(index) else {
      let (state, machine) = adopted[index - model.machines.count]
      return state.pools.filter { !isShared($0.name) }.flatMap(\.volumes).filter { volume in
        machine.disks.contains { $0.path == volume.path } || machine.files.contains(volume.path)
      }.reduce(0) { $0 + $1.capacity.rawValue }
    }
    return model.machines[index].disks.reduce(0) { sum, disk in
      switch disk.source {
      case .own(let size, let image, _, let pool) where !isShared(pool.rawValue):
        let clone = image.flatMap { site.image($0)?.virtualSize }
        return sum + ((size ?? clone)?.rawValue ?? 0)
      case .existing(let volume, let pool, _) where !isShared(pool.rawValue):
        let pool = model.states[from]?.pools.first { $0.name == pool.rawValue }
        return sum + (pool?.volumes.first { $0.name == volume }?.capacity.rawValue ?? 0)
      case .own, .existing, .path, .shared, .cdrom, .hostMedium: return sum
      }
    }
  }
}

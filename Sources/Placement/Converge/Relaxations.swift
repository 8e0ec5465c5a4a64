/// Looks for changes of a problem that allow a placement, and tries each.
struct Relaxations {
  private let finder: InfeasibilityFinder
  private let problem: PlacementProblem
  /// Those of which it is known what is in their way on which host.
  private let machines: [Infeasibility.Unplaced]
  /// Problems that may still be tried.
  private let attempts: Int

  init(_ finder: InfeasibilityFinder, _ machines: [Infeasibility.Unplaced]) {
    self.finder = finder
    self.machines = machines.filter { !$0.obstacles.isEmpty }
    problem = finder.model.problem
    attempts = max(8, min(80, 40_000 / max(1, problem.machines.count)))
  }

  func find() -> [Infeasibility.Relaxation] {
    // One of each kind and resource is enough, and the first is the smallest.
    let kinds = [capacities(), spreads(), otherRules(), allowances(), pins(), drained(), hosts()].flatMap {
      $0
    }
    var found: [Infeasibility.Relaxation] = []
    var left = attempts
    for candidates in kinds {
      for candidate in candidates.prefix(6) where left > 0 {
        left -= 1
        guard finder.isFeasible(relaxed(candidate)) else { continue }
        found.append(candidate)
        break
      }
    }
    return found
  }

  private var hostsByName: [Int] { finder.model.hostOrder }

  /// Per resource, the hosts on which least of it is missing first.
  private func capacities() -> [[Infeasibility.Relaxation]] {
    problem.resources.indices.map { resource in
      var options: [(share: Double, relaxation: Infeasibility.Relaxation)] = []
      for host in hostsByName where problem.hosts[host].availability == .open {
        var missing: UInt64 = 0
        for machine in machines {
          guard case .capacity(resource, let amount) = machine.obstacles[host] else { continue }
          // Beyond the first, each takes all of its demand.
          let more = missing == 0 ? amount : problem.machines[machine.machine].demand[resource]
          missing = missing.saturatingAdding(more)
        }
        guard missing > 0 else { continue }
        let capacity = problem.hosts[host].capacity[resource]
        options.append(
          (
            Double(missing) / Double(max(1, capacity)),
            .capacity(
              host: host, resource: resource, amount: missing, capacity: capacity.saturatingAdding(missing))
          ))
      }
      return options.enumerated().sorted { ($0.element.share, $0.offset) < ($1.element.share, $1.offset) }
        .map(\.element.relaxation)
    }
  }

  /// Rules that are in the way of the machines or have them.
  private var involvedRules: [Int] {
    let named = Set(machines.map(\.machine))
    let obstructing = machines.flatMap(\.obstacles).compactMap { obstacle -> Int? in
      switch obstacle {
      case .rule(let rule), .lacksLabel(let rule): rule
      default: nil
      }
    }
    return finder.model.ruleOrder.filter { rule in
      obstructing.contains(rule) || problem.rules[rule].machines.contains { named.contains($0) }
    }
  }

  private func spreads() -> [[Infeasibility.Relaxation]] {
    involvedRules.prefix(4).compactMap { rule in
      guard case .spread(_, let max) = problem.rules[rule].kind else { return nil }
      let count = Set(problem.rules[rule].machines).count
      guard count > max else { return nil }
      return (max + 1...count).map { .spread(rule: rule, max: $0) }
    }
  }

  private func otherRules() -> [[Infeasibility.Relaxation]] {
    let others = involvedRules.filter { rule in
      if case .spread(.host, _) = problem.rules[rule].kind { return false }
      return true
    }
    return others.prefix(4).map { [.withoutRule($0)] }
  }

  private func allowances() -> [[Infeasibility.Relaxation]] {
    machines.prefix(2).map { machine in
      hostsByName.filter { machine.obstacles[$0] == .notAllowed }.map {
        .allow(machine: machine.machine, host: $0)
      }
    }
  }

  private func pins() -> [[Infeasibility.Relaxation]] {
    let pinned = finder.model.machineOrder.filter {
      problem.machines[$0].isPinned && problem.machines[$0].current != nil
    }
    let named = Set(machines.map(\.machine))
    return [pinned.filter { named.contains($0) } + pinned.filter { !named.contains($0) }].map { order in
      order.map { .unpin(machine: $0) }
    }
  }

  private func drained() -> [[Infeasibility.Relaxation]] {
    [hostsByName.filter { problem.hosts[$0].availability == .drained }.map { .open(host: $0) }]
  }

  /// Hosts that differ from each other, the smallest first.
  private func hosts() -> [[Infeasibility.Relaxation]] {
    var distinct: [Int] = []
    for host in hostsByName where problem.hosts[host].availability == .open {
      let isKnown = distinct.contains {
        problem.hosts[$0].capacity == problem.hosts[host].capacity
          && problem.hosts[$0].labels == problem.hosts[host].labels
      }
      if !isKnown { distinct.append(host) }
    }
    let order = distinct.enumerated().sorted {
      let (left, right) = (problem.hosts[$0.element].capacity, problem.hosts[$1.element].capacity)
      return left == right ? $0.offset < $1.offset : left.lexicographicallyPrecedes(right)
    }
    return [order.map { .anotherHost(like: $0.element) }]
  }

  /// The problem with the change.
  func relaxed(_ relaxation: Infeasibility.Relaxation) -> PlacementProblem { problem.relaxed(relaxation) }
}

extension PlacementProblem {
  /// The problem with the change. Another host comes last.
  func relaxed(_ relaxation: Infeasibility.Relaxation) -> PlacementProblem {
    var problem = self
    switch relaxation {
    case .capacity(let host, let resource, _, let capacity):
      problem.hosts[host].capacity[resource] = capacity
    case .spread(let rule, let max):
      if case .spread(let domain, _) = rules[rule].kind {
        problem.rules[rule].kind = .spread(over: domain, max: max)
      }
    case .withoutRule(let rule):
      problem.rules[rule].machines = []
    case .allow(let machine, let host):
      problem.machines[machine].allowedHosts?.insert(host)
    case .unpin(let machine):
      problem.machines[machine].isPinned = false
    case .open(let host):
      problem.hosts[host].availability = .open
    case .anotherHost(let like):
      var host = hosts[like]
      while hosts.contains(where: { $0.name == host.name }) { host.name += "'" }
      host.foreignLoad = host.capacity.map { _ in 0 }
      problem.hosts.append(host)
      for machine in machines.indices where machines[machine].allowedHosts?.contains(like) ?? false {
        problem.machines[machine].allowedHosts?.insert(hosts.count)
      }
    }
    return problem
  }
}

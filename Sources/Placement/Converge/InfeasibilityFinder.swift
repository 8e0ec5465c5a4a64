/// Says why there is no placement, and what would allow one.
struct InfeasibilityFinder {
  let model: Model
  let partial: Occupancy
  let unplaced: [Int]
  let isProven: Bool
  let options: PlacementOptions

  /// Whether a changed problem has a placement, as far as a quick search tells.
  func isFeasible(_ problem: PlacementProblem) -> Bool {
    var quick = options
    quick.searchBudget = min(options.searchBudget, 100_000)
    if case .found = Convergence(Model(problem), quick).run() { return true }
    return false
  }

  /// So many machines are looked at in detail.
  private static let most = 20

  func find() -> Infeasibility {
    let left = unplaced.flatMap { model.units[$0].members }.sorted()
    let machines = left.enumerated().map { position, machine in
      Infeasibility.Unplaced(
        machine: model.machineOrder[machine],
        obstacles: position < Self.most ? model.hostIndex.map { obstacle(machine, on: $0) } : [])
    }
    let counted = Bounds(model: model).contradiction()
    return Infeasibility(
      isProven: isProven || counted != nil, cause: cause(counted), machines: machines,
      relaxations: Relaxations(self, machines).find())
  }

  private func cause(_ counted: Infeasibility.Cause?) -> Infeasibility.Cause {
    let contradictory = unplaced.filter { model.units[$0].contradiction != nil }
    if let unit = contradictory.first, let rule = model.units[unit].contradiction {
      return .contradiction(rules: ([rule] + model.units[unit].bonds).map { model.ruleOrder[$0] })
    }
    if let counted { return counted }
    var fixed = Occupancy(model)
    for unit in model.units.indices {
      if let host = model.units[unit].fixedHost { fixed.put(unit, on: host) }
    }
    let isAlone = unplaced.contains { unit in
      if fixed.host[unit] >= 0 { return true }
      return !model.candidates(of: unit).contains { fixed.fits(unit, on: $0) }
    }
    return isAlone ? .noHost : .combination
  }

  /// What is in the machine's way on a host of the model, with all others where the search has left them.
  private func obstacle(_ machine: Int, on host: Int) -> Infeasibility.Obstacle {
    let unit = model.unitOfMachine[machine]
    for member in model.units[unit].members {
      let known = model.machine(member)
      guard let current = known.current, model.hostIndex[current] != host else { continue }
      if known.isPinned || model.problem.hosts[current].availability == .closed {
        return .pinned(to: current)
      }
    }
    switch model.host(host).availability {
    case .drained: return .drained
    case .closed: return .closed
    case .open: break
    }
    for member in model.units[unit].members {
      if let allowed = model.machine(member).allowedHosts, !allowed.contains(model.hostOrder[host]) {
        return .notAllowed
      }
    }
    if let rule = lackedLabel(unit, on: host) { return .lacksLabel(rule: rule) }
    if let rule = model.units[unit].contradiction { return .rule(model.ruleOrder[rule]) }
    var occupancy = partial
    if occupancy.host[unit] >= 0 { occupancy.take(unit) }
    if let group = occupancy.brokenGroup(unit, on: host) {
      return .rule(model.ruleOrder[model.groups[group].rule])
    }
    return shortage(unit, on: host, occupancy) ?? .displaces
  }

  private func lackedLabel(_ unit: Int, on host: Int) -> Int? {
    let members = Set(model.units[unit].members.map { model.machineOrder[$0] })
    return model.ruleOrder.first { index in
      let rule = model.problem.rules[index]
      guard case .spread(.label(let label), _) = rule.kind, model.host(host).labels[label] == nil else {
        return false
      }
      return rule.machines.contains { members.contains($0) }
    }
  }

  /// The resource of which most is missing, by the host's capacity.
  private func shortage(_ unit: Int, on host: Int, _ occupancy: Occupancy) -> Infeasibility.Obstacle? {
    let problem = model.problem
    let index = model.hostOrder[host]
    var worst: (share: Double, resource: Int, missing: UInt64)?
    for resource in 0..<model.resourceCount {
      var load = problem.hosts[index].foreignLoad[resource]
      let here = occupancy.residents[host] + [unit]
      guard model.units[unit].demand[resource] > 0 else { continue }
      for member in here.flatMap({ model.units[$0].members }) {
        load = load.saturatingAdding(model.machine(member).demand[resource])
      }
      let capacity = problem.hosts[index].capacity[resource]
      guard load > capacity else { continue }
      let share = Double(load - capacity) / Double(max(1, capacity))
      if share > worst?.share ?? -1 { worst = (share, resource, load - capacity) }
    }
    return worst.map { .capacity(resource: $0.resource, missing: $0.missing) }
  }
}

extension UInt64 {
  func saturatingAdding(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

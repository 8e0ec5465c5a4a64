/// What can be proved of a problem by counting.
struct Bounds {
  let model: Model

  /// Why there can be no placement: machines need more than there is, or a rule has too many for its domains.
  func contradiction() -> Infeasibility.Cause? {
    for resource in 0..<model.resourceCount {
      if let cause = shortage(of: resource) { return cause }
    }
    for group in model.groups.indices {
      if let cause = crowd(in: group) { return cause }
    }
    return nil
  }

  private func shortage(of resource: Int) -> Infeasibility.Cause? {
    let problem = model.problem
    var needed = 0
    for unit in model.units where !(unit.fixedHost.map { model.isClosed[$0] } ?? false) {
      needed += unit.demand[resource]
    }
    var free = 0
    for host in 0..<model.hostCount where model.isOpen[host] && free < needed {
      let index = host * model.resourceCount + resource
      free += max(0, model.capacity[index] - model.foreignLoad[index])
    }
    guard free < needed else { return nil }
    // In the caller's own amounts, which are not scaled.
    var (demand, capacity) = (UInt64(0), UInt64(0))
    for machine in problem.machines
    where machine.current.map({ problem.hosts[$0].availability != .closed }) ?? true {
      demand = demand.saturatingAdding(machine.demand[resource])
    }
    for host in problem.hosts
    where host.availability == .open && host.capacity[resource] > host.foreignLoad[resource] {
      capacity = capacity.saturatingAdding(host.capacity[resource] - host.foreignLoad[resource])
    }
    return .totalCapacity(resource: resource, demand: demand, capacity: capacity)
  }

  private func crowd(in index: Int) -> Infeasibility.Cause? {
    let group = model.groups[index]
    var domains: Set<Int> = []
    var machines = 0
    for unit in group.units {
      if let host = model.units[unit].fixedHost, model.isClosed[host] { continue }
      machines += model.units[unit].groups.first { $0.group == index }?.count ?? 0
      for host in model.candidates(of: unit) { domains.insert(model.domain(of: host, in: index)) }
    }
    let places = domains.count * max(0, group.max)
    guard machines > places else { return nil }
    return .spread(rule: model.ruleOrder[group.rule], machines: machines, places: places)
  }
}

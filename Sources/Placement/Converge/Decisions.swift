/// Why machines go where they go.
struct Decisions {
  let model: Model
  let before: Occupancy
  let after: Occupancy

  /// - Parameter hosts: The host of each unit.
  init(_ model: Model, hosts: [Int]) {
    self.model = model
    var before = Occupancy(model)
    for unit in model.units.indices {
      if let home = model.home(of: unit) { before.put(unit, on: home) }
    }
    self.before = before
    var after = Occupancy(model)
    for unit in hosts.indices { after.put(unit, on: hosts[unit]) }
    self.after = after
  }

  /// In the order of the names of the machines.
  func all(isConsolidation: Bool = false) -> [PlacementDecision] {
    var decisions: [PlacementDecision] = []
    for machine in model.machineOrder.indices {
      let unit = model.unitOfMachine[machine]
      let to = model.hostOrder[after.host[unit]]
      let from = model.machine(machine).current
      guard from != to else { continue }
      let reason: PlacementDecision.Reason =
        if let from {
          reason(machine, unit, from: model.hostIndex[from])
            ?? (isConsolidation ? .consolidation : displacement(unit, machine))
        } else {
          .new(alternatives: alternatives(for: unit))
        }
      decisions.append(
        PlacementDecision(machine: model.machineOrder[machine], from: from, to: to, reason: reason))
    }
    return decisions
  }

  private func alternatives(for unit: Int) -> Int {
    let chosen = after.host[unit]
    var count = 0
    for host in model.candidates(of: unit) where host != chosen && after.hasRoom(unit, on: host) {
      let isKept = model.units[unit].groups.allSatisfy { group, members in
        let domain = model.domain(of: host, in: group)
        let leaving = domain == model.domain(of: chosen, in: group) ? members : 0
        return domain >= 0
          && after.count(of: group, in: domain) - leaving + members <= model.groups[group].max
      }
      if isKept { count += 1 }
    }
    return count
  }

  /// What is wrong with the machine's former host.
  private func reason(_ machine: Int, _ unit: Int, from host: Int) -> PlacementDecision.Reason? {
    if model.host(host).availability == .drained { return .hostDrained }
    if let allowed = model.machine(machine).allowedHosts, !allowed.contains(model.hostOrder[host]) {
      return .notAllowed
    }
    if let group = model.units[unit].groups.first(where: { model.domain(of: host, in: $0.group) < 0 })?.group
    {
      return .rule(model.ruleOrder[model.groups[group].rule])
    }
    if model.home(of: unit) == nil || !model.isCandidate(unit, host) {
      if let bond = model.units[unit].bonds.first { return .rule(model.ruleOrder[bond]) }
    }
    // A rule or capacity is to blame only if what stays would still break it with the unit back at home.
    for (group, _) in model.units[unit].groups {
      let domain = model.domain(of: host, in: group)
      if before.count(of: group, in: domain) > model.groups[group].max {
        return .rule(model.ruleOrder[model.groups[group].rule])
      }
    }
    let position = model.hostOrder[host]
    for resource in 0..<model.resourceCount
    where before.excess(of: resource, on: host) > 0 && model.units[unit].demand[resource] > 0 {
      return .overCapacity(
        resource: resource, load: load(on: position, resource),
        capacity: model.problem.hosts[position].capacity[resource])
    }
    return nil
  }

  /// What machines that are on the host now take of the resource, with foreign load.
  private func load(on host: Int, _ resource: Int) -> UInt64 {
    var load = model.problem.hosts[host].foreignLoad[resource]
    for machine in model.problem.machines where machine.current == host {
      let (sum, overflow) = load.addingReportingOverflow(machine.demand[resource])
      load = overflow ? .max : sum
    }
    return load
  }

  /// The unit was in nobody's way before: who came in its place.
  private func displacement(_ unit: Int, _ machine: Int) -> PlacementDecision.Reason {
    let host = model.machine(machine).current.map { model.hostIndex[$0] } ?? 0
    let arrivals = after.residents[host].filter { before.host[$0] != host }.sorted { left, right in
      (-model.size(of: left), left) < (-model.size(of: right), right)
    }
    let blocked = arrivals.first { arrival in
      model.units[arrival].groups.contains { group in
        model.units[unit].groups.contains { $0.group == group.group }
      }
    }
    if let arrival = blocked ?? arrivals.first {
      return .makesRoom(for: model.machineOrder[model.units[arrival].members[0]])
    }
    for (group, _) in model.units[unit].groups {
      let domain = model.domain(of: host, in: group)
      let arrival = model.groups[group].units.first {
        $0 != unit && after.host[$0] != before.host[$0]
          && model.domain(of: after.host[$0], in: group) == domain
      }
      if let arrival { return .makesRoom(for: model.machineOrder[model.units[arrival].members[0]]) }
    }
    return .makesRoom(for: model.machineOrder[machine])
  }
}

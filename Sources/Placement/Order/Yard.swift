/// Where single machines are while they move, in the order of the model. A machine counts where it arrives from the start of its
/// move, and where it came from until the end.
struct Yard {
  /// A rule that is kept in between, too.
  struct Limit {
    /// Its index in the problem.
    var rule: Int
    var max: Int
    var domains: Model.LabelDomains?
    var machines: [Int]

    func domain(of host: Int) -> Int { domains.map { $0.ofHost[host] } ?? host }
  }

  let model: Model
  let demand: [[Int]]
  let limits: [Limit]
  let limitsOfMachine: [[Int]]
  /// By machine; -1 for none.
  private(set) var host: [Int]
  private(set) var load: [Int]

  init(_ model: Model) {
    self.model = model
    let resources = model.resourceCount
    demand = model.machineOrder.indices.map { machine in
      (0..<resources).map { model.scale.demand(model.machine(machine).demand[$0], $0) }
    }
    var limits: [Limit] = []
    var limitsOfMachine: [[Int]] = model.machineOrder.map { _ in [] }
    for group in model.groups {
      let index = model.ruleOrder[group.rule]
      let machines = Set(model.problem.rules[index].machines.map { model.machineIndex[$0] }).sorted()
      for machine in machines { limitsOfMachine[machine].append(limits.count) }
      limits.append(Limit(rule: index, max: group.max, domains: group.domains, machines: machines))
    }
    self.limits = limits
    self.limitsOfMachine = limitsOfMachine
    host = model.machineOrder.map { _ in -1 }
    load = model.foreignLoad
    for machine in host.indices {
      if let current = model.machine(machine).current { arrive(machine, on: model.hostIndex[current]) }
    }
  }

  private mutating func arrive(_ machine: Int, on target: Int) {
    host[machine] = target
    for resource in demand[machine].indices {
      load[target * model.resourceCount + resource] += demand[machine][resource]
    }
  }

  /// The machine is stopped, or a host that it leaves is free of it.
  mutating func leave(_ machine: Int) {
    guard host[machine] >= 0 else { return }
    for resource in demand[machine].indices {
      load[host[machine] * model.resourceCount + resource] -= demand[machine][resource]
    }
    host[machine] = -1
  }

  mutating func move(_ machine: Int, to target: Int) {
    leave(machine)
    arrive(machine, on: target)
  }

  /// Whether the host takes the machine besides all that are there.
  func hasRoom(_ machine: Int, on host: Int) -> Bool {
    for resource in demand[machine].indices where demand[machine][resource] > 0 {
      let index = host * model.resourceCount + resource
      if load[index] + demand[machine][resource] > model.capacity[index] { return false }
    }
    return true
  }

  /// A rule that has too many machines in the domain of the host while the machine is there.
  func brokenLimit(_ machine: Int, on target: Int) -> Int? {
    limitsOfMachine[machine].first { index in
      let limit = limits[index]
      let domain = limit.domain(of: target)
      let count = limit.machines.count {
        $0 != machine && host[$0] >= 0 && limit.domain(of: host[$0]) == domain
      }
      return count + 1 > limit.max
    }
  }

  func fits(_ machine: Int, on host: Int) -> Bool {
    hasRoom(machine, on: host) && brokenLimit(machine, on: host) == nil
  }

  /// Whether the machine may be on the host, by itself.
  func isAllowed(_ machine: Int, on host: Int) -> Bool {
    model.isOpen[host] && model.machine(machine).allowedHosts?.contains(model.hostOrder[host]) ?? true
      && limitsOfMachine[machine].allSatisfy { limits[$0].domain(of: host) >= 0 }
  }

  func peak(_ machine: Int, on host: Int) -> Double {
    demand[machine].indices.reduce(0.0) { peak, resource in
      let index = host * model.resourceCount + resource
      return max(peak, Double(load[index] + demand[machine][resource]) * model.inverse[index])
    }
  }
}

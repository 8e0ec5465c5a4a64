import Placement

/// Verifies answers, with code of its own: from the statement of the problem alone.
struct Checker {
  let problem: PlacementProblem

  /// What is wrong with a placement; empty where nothing is.
  func faults(of hosts: [Int]) -> [String] {
    guard hosts.count == problem.machines.count else {
      return ["\(hosts.count) hosts for \(problem.machines.count)"]
    }
    return hosts.indices.flatMap { hostFaults(of: $0, on: hosts[$0]) } + capacityFaults(hosts)
      + problem.rules.flatMap { faults(of: $0, hosts) }
  }

  /// The machine is on a host that does not answer, and stays whatever holds elsewhere.
  private func isStuck(_ machine: Int) -> Bool {
    problem.machines[machine].current.map { problem.hosts[$0].availability == .closed } ?? false
  }

  private func hostFaults(of index: Int, on host: Int) -> [String] {
    let machine = problem.machines[index]
    if isStuck(index) || (machine.isPinned && machine.current != nil), host != machine.current {
      return ["\(machine.name) was moved"]
    }
    if isStuck(index) { return [] }
    if problem.hosts[host].availability != .open { return ["\(machine.name) is on a host that takes none"] }
    if let allowed = machine.allowedHosts, !allowed.contains(host) {
      return ["\(machine.name) may not be there"]
    }
    return []
  }

  private func capacityFaults(_ hosts: [Int]) -> [String] {
    var faults: [String] = []
    for (index, host) in problem.hosts.enumerated() where host.availability != .closed {
      for resource in problem.resources.indices {
        let demands = hosts.indices.filter { hosts[$0] == index }.map {
          problem.machines[$0].demand[resource]
        }
        let used = demands.reduce(0, +)
        if used > 0 && used + host.foreignLoad[resource] > host.capacity[resource] {
          faults.append("\(host.name) has too little \(problem.resources[resource])")
        }
      }
    }
    return faults
  }

  private func faults(of rule: PlacementRule, _ hosts: [Int]) -> [String] {
    let machines = Set(rule.machines)
    func crowded(_ max: Int, by domain: (Int) -> String?) -> Bool {
      Dictionary(grouping: machines) { domain(hosts[$0]) }.contains { key, members in
        guard members.contains(where: { !isStuck($0) }) else { return false }
        return key == nil || members.count > max
      }
    }
    let isBroken =
      switch rule.kind {
      case .keepTogether: Set(machines.map { hosts[$0] }).count > 1 && !machines.allSatisfy { isStuck($0) }
      case .avoid: crowded(1) { problem.hosts[$0].name }
      case .spread(.host, let max): crowded(max) { problem.hosts[$0].name }
      case .spread(.label(let label), let max): crowded(max) { problem.hosts[$0].labels[label] }
      }
    return isBroken ? ["\(rule.name) is broken"] : []
  }

  /// Moves and bytes from where machines are now, as far as there are hosts for them.
  func cost(of hosts: [Int]) -> (moves: Int, bytes: UInt64) {
    var cost = (moves: 0, bytes: UInt64(0))
    for (machine, host) in zip(problem.machines, hosts)
    where machine.current != nil && machine.current != host {
      cost.moves += 1
      cost.bytes += machine.moveCost
    }
    return cost
  }

  /// The cheapest placement of all there are. For few machines on few hosts.
  func cheapest() -> (moves: Int, bytes: UInt64)? {
    let candidates = problem.machines.indices.map { machine in
      problem.hosts.indices.filter { hostFaults(of: machine, on: $0).isEmpty }
    }
    var best: (moves: Int, bytes: UInt64)?
    var hosts: [Int] = []
    var free = problem.hosts.map { host in
      zip(host.capacity, host.foreignLoad).map { host.availability == .closed ? .max / 2 : Int($0) - Int($1) }
    }
    func extend(_ cost: (moves: Int, bytes: UInt64)) {
      if let best, cost >= best { return }
      let index = hosts.count
      guard index < problem.machines.count else {
        if problem.rules.allSatisfy({ faults(of: $0, hosts).isEmpty }) { best = cost }
        return
      }
      let machine = problem.machines[index]
      let demand = machine.demand.map { Int($0) }
      for host in candidates[index] where zip(free[host], demand).allSatisfy({ $1 == 0 || $0 >= $1 }) {
        let isMove = machine.current != nil && machine.current != host
        hosts.append(host)
        for resource in demand.indices { free[host][resource] -= demand[resource] }
        extend(isMove ? (cost.moves + 1, cost.bytes + machine.moveCost) : cost)
        for resource in demand.indices { free[host][resource] += demand[resource] }
        hosts.removeLast()
      }
    }
    extend((0, 0))
    return best
  }

  /// The fewest hosts with machines or foreign load of all placements, then the fewest bytes. For few machines on few hosts.
  func fewestHosts() -> (hosts: Int, bytes: UInt64)? {
    var best: (hosts: Int, bytes: UInt64)?
    var hosts: [Int] = []
    func extend() {
      if let best, (used(hosts).count, cost(of: hosts).bytes) >= best { return }
      guard hosts.count < problem.machines.count else {
        let result = (hosts: used(hosts).count, bytes: cost(of: hosts).bytes)
        if best.map({ result < $0 }) ?? true, faults(of: hosts).isEmpty { best = result }
        return
      }
      for host in problem.hosts.indices where hostFaults(of: hosts.count, on: host).isEmpty {
        hosts.append(host)
        extend()
        hosts.removeLast()
      }
    }
    extend()
    return best
  }

  /// Hosts with machines or foreign load.
  func used(_ hosts: [Int]) -> Set<Int> {
    Set(hosts).union(problem.hosts.indices.filter { problem.hosts[$0].foreignLoad.contains { $0 > 0 } })
  }
}

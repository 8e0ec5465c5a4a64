/// Makes units of machines and groups of rules.
struct UnitBuilder {
  private struct CandidateKey: Hashable {
    var allowed: Set<Int>?
    var labels: [String]
    var fixed: Int?
  }

  let problem: PlacementProblem
  let machineOrder: [Int]
  let machineIndex: [Int]
  let hostOrder: [Int]
  let hostIndex: [Int]
  let ruleOrder: [Int]
  let scale: Scale
  let countsBytes: Bool

  private(set) var units: [Model.Unit] = []
  private(set) var unitOfMachine: [Int] = []
  private(set) var groups: [Model.Group] = []
  private(set) var candidateSets: [Model.CandidateSet] = []
  private(set) var countsSize = 0

  private var candidateSetOfKey: [CandidateKey: Int] = [:]
  private var labelDomains: [String: Model.LabelDomains] = [:]
  private var labelsOfUnit: [Set<String>] = []

  init(
    problem: PlacementProblem, machineOrder: [Int], machineIndex: [Int], hostOrder: [Int], hostIndex: [Int],
    ruleOrder: [Int], scale: Scale, countsBytes: Bool
  ) {
    self.problem = problem
    self.machineOrder = machineOrder
    self.machineIndex = machineIndex
    self.hostOrder = hostOrder
    self.hostIndex = hostIndex
    self.ruleOrder = ruleOrder
    self.scale = scale
    self.countsBytes = countsBytes
  }

  mutating func build() {
    joinMachines()
    addGroups()
    for unit in units.indices {
      units[unit].candidates = candidateSet(of: unit)
    }
  }

  private func machine(_ index: Int) -> PlacementMachine { problem.machines[machineOrder[index]] }
  private func host(_ index: Int) -> PlacementHost { problem.hosts[hostOrder[index]] }
  private func rule(_ index: Int) -> PlacementRule { problem.rules[ruleOrder[index]] }

  private mutating func joinMachines() {
    var parent = Array(machineOrder.indices)
    func root(_ index: Int) -> Int {
      var index = index
      while parent[index] != index {
        parent[index] = parent[parent[index]]
        index = parent[index]
      }
      return index
    }
    var bonds: [Int: [Int]] = [:]
    for index in ruleOrder.indices where rule(index).kind == .keepTogether {
      let machines = rule(index).machines.map { machineIndex[$0] }
      guard let first = machines.first else { continue }
      for other in machines.dropFirst() {
        let (a, b) = (root(first), root(other))
        if a != b { parent[max(a, b)] = min(a, b) }
      }
      bonds[first, default: []].append(index)
    }
    unitOfMachine = Array(repeating: -1, count: machineOrder.count)
    for index in machineOrder.indices {
      let first = root(index)
      if first == index {
        unitOfMachine[index] = units.count
        units.append(unit(of: []))
      } else {
        unitOfMachine[index] = unitOfMachine[first]
      }
      units[unitOfMachine[index]].members.append(index)
      units[unitOfMachine[index]].bonds += bonds[index] ?? []
    }
    for index in units.indices {
      let bonds = units[index].bonds.sorted()
      units[index] = unit(of: units[index].members)
      units[index].bonds = bonds
    }
    labelsOfUnit = Array(repeating: [], count: units.count)
  }

  private func unit(of members: [Int]) -> Model.Unit {
    var demand = Array(repeating: 0, count: problem.resources.count)
    var homes: [Int: Cost] = [:]
    for member in members {
      let machine = machine(member)
      for resource in demand.indices { demand[resource] += scale.demand(machine.demand[resource], resource) }
      if let current = machine.current {
        let bytes = scale.bytes(machine.moveCost)
        let cost = countsBytes ? Cost(moves: bytes, bytes: 1) : Cost(moves: 1, bytes: bytes)
        homes[hostIndex[current], default: Cost()] = homes[hostIndex[current], default: Cost()] + cost
      }
    }
    return Model.Unit(
      members: members, demand: demand, candidates: -1,
      homes: homes.sorted { $0.key < $1.key }.map { Model.Home(host: $0.key, cost: $0.value) },
      fullCost: homes.values.reduce(Cost(), +), groups: [], fixedHost: nil, bonds: [], contradiction: nil)
  }

  private mutating func addGroups() {
    for index in ruleOrder.indices {
      let (domain, max): (PlacementRule.Domain, Int)
      switch rule(index).kind {
      case .spread(let over, let count): (domain, max) = (over, count)
      case .avoid: (domain, max) = (.host, 1)
      case .keepTogether: continue
      }
      var counts: [Int: Int] = [:]
      for machine in Set(rule(index).machines) {
        counts[unitOfMachine[machineIndex[machine]], default: 0] += 1
      }
      let members = counts.keys.sorted()
      for unit in members {
        if case .label(let label) = domain { labelsOfUnit[unit].insert(label) }
        if counts[unit, default: 0] > max { units[unit].contradiction = units[unit].contradiction ?? index }
      }
      guard counts.values.reduce(0, +) > max else { continue }
      for unit in members { units[unit].groups.append((groups.count, counts[unit, default: 0])) }
      var group = Model.Group(rule: index, max: max, domains: nil, units: members, offset: nil)
      if case .label(let label) = domain { group.domains = domains(of: label) }
      if members.count > 8 {
        group.offset = countsSize
        countsSize += group.domains?.hosts.count ?? hostOrder.count
      }
      groups.append(group)
    }
  }

  private mutating func domains(of label: String) -> Model.LabelDomains {
    if let known = labelDomains[label] { return known }
    let values = Set(hostOrder.indices.compactMap { host($0).labels[label] }).sorted()
    let indices = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
    var domains = Model.LabelDomains(ofHost: [], hosts: values.map { _ in [] })
    for index in hostOrder.indices {
      let domain = host(index).labels[label].flatMap { indices[$0] } ?? -1
      domains.ofHost.append(domain)
      if domain >= 0 { domains.hosts[domain].append(index) }
    }
    labelDomains[label] = domains
    return domains
  }

  /// What hosts, pins and allowed hosts leave of the hosts.
  private mutating func candidateSet(of unit: Int) -> Int {
    let members = units[unit].members.map { machine($0) }
    func isStuck(_ machine: PlacementMachine) -> Bool {
      machine.current.map { problem.hosts[$0].availability == .closed } ?? false
    }
    let fixed = Set(members.compactMap { isStuck($0) || $0.isPinned ? $0.current : nil })
    var key = CandidateKey(allowed: nil, labels: labelsOfUnit[unit].sorted(), fixed: nil)
    for machine in members {
      guard let allowed = machine.allowedHosts, !isStuck(machine) else { continue }
      key.allowed = key.allowed?.intersection(allowed) ?? allowed
    }
    if fixed.count == 1, let host = fixed.first {
      units[unit].fixedHost = hostIndex[host]
      key.fixed = host
      if members.allSatisfy({ isStuck($0) }) {
        units[unit].contradiction = nil
        return candidateSet(CandidateKey(allowed: nil, labels: [], fixed: host), includesClosed: true)
      }
    }
    if fixed.count > 1 || units[unit].contradiction != nil {
      key = CandidateKey(allowed: [], labels: [], fixed: nil)
    }
    return candidateSet(key, includesClosed: false)
  }

  private mutating func candidateSet(_ key: CandidateKey, includesClosed: Bool) -> Int {
    if !includesClosed, let known = candidateSetOfKey[key] { return known }
    var set = Model.CandidateSet(hosts: [], contains: Array(repeating: false, count: hostOrder.count))
    for (index, original) in hostOrder.enumerated() {
      let host = problem.hosts[original]
      guard host.availability == .open || (includesClosed && host.availability == .closed),
        key.allowed?.contains(original) ?? true, key.fixed.map({ $0 == original }) ?? true,
        key.labels.allSatisfy({ host.labels[$0] != nil })
      else { continue }
      set.hosts.append(index)
      set.contains[index] = true
    }
    candidateSets.append(set)
    if !includesClosed { candidateSetOfKey[key] = candidateSets.count - 1 }
    return candidateSets.count - 1
  }
}

/// A problem as the searches see it: hosts, machines and rules in the order of their names, machines that stay together as one
/// unit, amounts as signed numbers whose sums do not overflow.
final class Model: Sendable {
  /// Machines with one host: one machine, or all that rules keep together.
  struct Unit {
    /// Sorted indices of machines.
    var members: [Int]
    var demand: [Int]
    /// Index into `candidateSets`.
    var candidates: Int
    /// The hosts where members are, sorted, and what of the unit is there.
    var homes: [Home]
    /// What a place that no member is at costs.
    var fullCost: Cost
    /// Groups and how many members are in each.
    var groups: [(group: Int, count: Int)]
    /// The only host that it can be on, since it is pinned there or its host is closed.
    var fixedHost: Int?
    /// Rules that keep members together, as indices of the model.
    var bonds: [Int]
    /// A rule of which the unit has more members than may be in one place.
    var contradiction: Int?
  }

  struct Home {
    var host: Int
    var cost: Cost
  }

  /// Machines of which at most `max` are in a domain.
  struct Group {
    var rule: Int
    var max: Int
    /// Nil: each host is a domain.
    var domains: LabelDomains?
    var units: [Int]
    /// Where its counts begin; nil: they are few, and counted when asked for.
    var offset: Int?
  }

  struct LabelDomains: Sendable {
    /// The domain of each host; -1 where the label is missing.
    var ofHost: [Int]
    var hosts: [[Int]]
  }

  struct CandidateSet {
    /// Sorted.
    var hosts: [Int]
    var contains: [Bool]
  }

  let problem: PlacementProblem
  /// Indices of the problem by those of the model.
  let machineOrder: [Int]
  let hostOrder: [Int]
  let ruleOrder: [Int]
  /// Indices of the model by those of the problem.
  let hostIndex: [Int]
  let machineIndex: [Int]

  let resourceCount: Int
  let hostCount: Int
  /// By host and resource.
  let capacity: [Int]
  let foreignLoad: [Int]
  /// Utilisation by one unit of a resource, by host and resource.
  let inverse: [Double]
  let isOpen: [Bool]
  let isClosed: [Bool]
  let units: [Unit]
  let unitOfMachine: [Int]
  let groups: [Group]
  let candidateSets: [CandidateSet]
  let countsSize: Int
  let scale: Scale
  private let sizes: [Double]

  func machine(_ index: Int) -> PlacementMachine { problem.machines[machineOrder[index]] }
  func host(_ index: Int) -> PlacementHost { problem.hosts[hostOrder[index]] }
  func rule(_ index: Int) -> PlacementRule { problem.rules[ruleOrder[index]] }

  /// - Parameter countsBytes: Bytes count before moves.
  init(_ problem: PlacementProblem, countsBytes: Bool = false) {
    self.problem = problem
    let machineOrder = problem.machines.indices.sorted {
      problem.machines[$0].name < problem.machines[$1].name
    }
    let hostOrder = problem.hosts.indices.sorted { problem.hosts[$0].name < problem.hosts[$1].name }
    let machineIndex = Self.inverted(machineOrder)
    let hostIndex = Self.inverted(hostOrder)
    let ruleOrder = Self.ruleOrder(of: problem, machineIndex)
    self.machineOrder = machineOrder
    self.hostOrder = hostOrder
    self.machineIndex = machineIndex
    self.hostIndex = hostIndex
    self.ruleOrder = ruleOrder

    let resources = problem.resources.count
    let hosts = hostOrder.map { problem.hosts[$0] }
    let scale = Scale(problem)
    self.scale = scale
    resourceCount = resources
    hostCount = hosts.count
    var capacity: [Int] = []
    var foreign: [Int] = []
    var inverse: [Double] = []
    for host in hosts {
      for resource in 0..<resources {
        let usable = scale.capacity(host.capacity[resource], resource)
        capacity.append(usable)
        foreign.append(scale.demand(host.foreignLoad[resource], resource))
        inverse.append(usable > 0 ? 1 / Double(usable) : 0)
      }
    }
    self.capacity = capacity
    self.foreignLoad = foreign
    self.inverse = inverse
    isOpen = hosts.map { $0.availability == .open }
    isClosed = hosts.map { $0.availability == .closed }

    var builder = UnitBuilder(
      problem: problem, machineOrder: machineOrder, machineIndex: machineIndex, hostOrder: hostOrder,
      hostIndex: hostIndex, ruleOrder: ruleOrder, scale: scale, countsBytes: countsBytes)
    builder.build()
    units = builder.units
    unitOfMachine = builder.unitOfMachine
    groups = builder.groups
    candidateSets = builder.candidateSets
    countsSize = builder.countsSize

    var mean = Array(repeating: 0.0, count: resources)
    for (index, amount) in capacity.enumerated() {
      mean[index % resources] += Double(amount) / Double(hosts.count)
    }
    sizes = builder.units.map { unit in
      zip(unit.demand, mean).reduce(0) { max($0, $1.1 > 0 ? Double($1.0) / $1.1 : 0) }
    }
  }

  private static func inverted(_ order: [Int]) -> [Int] {
    var inverted = order
    for (position, index) in order.enumerated() { inverted[index] = position }
    return inverted
  }

  /// Rules have no unique names, so all of their content decides.
  private static func ruleOrder(of problem: PlacementProblem, _ machineIndex: [Int]) -> [Int] {
    let keys = problem.rules.map { rule in
      let kind =
        switch rule.kind {
        case .spread(.host, let max): "0 \(max)"
        case .spread(.label(let label), let max): "1 \(label) \(max)"
        case .keepTogether: "2"
        case .avoid: "3"
        }
      return (rule.name, kind, rule.machines.map { machineIndex[$0] }.sorted())
    }
    return problem.rules.indices.sorted { left, right in
      let (a, b) = (keys[left], keys[right])
      if a.0 != b.0 { return a.0 < b.0 }
      if a.1 != b.1 { return a.1 < b.1 }
      return a.2.lexicographicallyPrecedes(b.2)
    }
  }

  /// A unit can be on this host as far as hosts and allowed hosts go.
  func isCandidate(_ unit: Int, _ host: Int) -> Bool {
    candidateSets[units[unit].candidates].contains[host]
  }

  /// The hosts that a unit can be on as far as hosts and allowed hosts go.
  func candidates(of unit: Int) -> [Int] {
    candidateSets[units[unit].candidates].hosts
  }

  func cost(of unit: Int, on host: Int) -> Cost {
    for home in units[unit].homes where home.host == host { return units[unit].fullCost - home.cost }
    return units[unit].fullCost
  }

  /// The host where all members are that are anywhere.
  func home(of unit: Int) -> Int? {
    let homes = units[unit].homes
    return homes.count == 1 ? homes[0].host : nil
  }

  func domain(of host: Int, in group: Int) -> Int {
    groups[group].domains.map { $0.ofHost[host] } ?? host
  }
}

extension Model {
  /// The share of an average host that the unit takes of the resource of which it takes most.
  func size(of unit: Int) -> Double { sizes[unit] }
}

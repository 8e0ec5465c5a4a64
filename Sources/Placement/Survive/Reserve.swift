/// Places machines that have to go somewhere anyway such that failures of hosts are survived.
struct Reserve {
  private let model: Model
  private let options: PlacementOptions

  init(_ model: Model, _ options: PlacementOptions) {
    self.model = model
    self.options = options
  }

  /// The placement, or one of the same cost after which fewer machines would be without a place.
  /// - Parameter hosts: The host of each unit.
  func improved(_ hosts: [Int]) -> [Int] {
    var best = (hosts: hosts, homeless: homeless(hosts))
    guard best.homeless > 0 else { return hosts }
    let free = hosts.indices.filter { unit in
      !model.units[unit].members.isEmpty
        && model.cost(of: unit, on: hosts[unit]) == model.units[unit].fullCost
        && model.candidates(of: unit).count > 1 && model.home(of: unit) != hosts[unit]
    }.sorted { (model.size(of: $0), $1) > (model.size(of: $1), $0) }
    var attempts = max(8, 100_000 / max(1, hosts.count + model.hostCount * 10))
    var hasImproved = true
    while hasImproved && best.homeless > 0 {
      hasImproved = false
      for unit in free {
        for (host, other) in alternatives(for: unit, best.hosts) where attempts > 0 && best.homeless > 0 {
          var trial = best.hosts
          trial[unit] = host
          if let other { trial[other] = best.hosts[unit] }
          attempts -= 1
          let homeless = homeless(trial)
          guard homeless < best.homeless else { continue }
          best = (trial, homeless)
          hasImproved = true
          break
        }
      }
    }
    return best.hosts
  }

  private func homeless(_ hosts: [Int]) -> Int {
    let wanted = model.machineIndex.map { model.hostOrder[hosts[model.unitOfMachine[$0]]] }
    return FailureCheck(model.problem, hosts: wanted, budget: 2_000).gaps(options.survivedFailures)
      .reduce(0) { $0 + $1.machines.count }
  }

  /// Hosts that cost as much, and another such unit that takes its place where that is needed, the emptiest first.
  private func alternatives(for unit: Int, _ hosts: [Int]) -> [(host: Int, other: Int?)] {
    var occupancy = Occupancy(model)
    for other in hosts.indices where other != unit { occupancy.put(other, on: hosts[other]) }
    let full = model.units[unit].fullCost
    let candidates = model.candidates(of: unit).filter {
      $0 != hosts[unit] && model.cost(of: unit, on: $0) == full
    }
    var ways: [(peak: Double, host: Int, other: Int?)] = []
    for host in candidates {
      if occupancy.fits(unit, on: host) {
        ways.append((occupancy.peak(unit, on: host), host, nil))
        continue
      }
      for other in occupancy.residents[host].sorted() where model.home(of: other) != host {
        guard model.isCandidate(other, hosts[unit]),
          model.cost(of: other, on: host) == model.units[other].fullCost,
          model.cost(of: other, on: hosts[unit]) == model.units[other].fullCost
        else { continue }
        occupancy.take(other)
        if occupancy.fits(unit, on: host) {
          occupancy.put(unit, on: host)
          if occupancy.fits(other, on: hosts[unit]) { ways.append((2, host, other)) }
          occupancy.take(unit)
        }
        occupancy.put(other, on: host)
      }
    }
    return ways.sorted { ($0.peak, $0.host, $0.other ?? -1) < ($1.peak, $1.host, $1.other ?? -1) }
      .map { ($0.host, $0.other) }
  }
}

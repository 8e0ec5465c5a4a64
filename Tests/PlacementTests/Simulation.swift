import Placement

/// Carries moves out in any order that they allow, each taking any time, and looks at what hosts have to bear.
struct Simulation {
  let problem: PlacementProblem
  let wanted: [Int]
  let moves: [OrderedMove]

  /// What goes wrong in one run; empty where nothing does.
  func faults(_ dice: inout Dice) -> [String] {
    var faults: [String] = []
    var places = problem.machines.map { machine in machine.current.map { [$0] } ?? [] }
    var (started, done) = (Set<Int>(), Set<Int>())
    let broken = Set(moves.compactMap(\.breaksMeanwhile))
    while done.count < moves.count {
      let ready = moves.indices.filter {
        !started.contains($0) && moves[$0].waitsFor.allSatisfy { done.contains($0) }
      }
      let running = started.subtracting(done).sorted()
      if let index = ready.randomElement(using: &dice), running.isEmpty || dice.chance(0.6) {
        let move = moves[index]
        if let from = move.from, places[move.machine] != [from] {
          faults.append("move \(index) starts elsewhere")
        }
        places[move.machine].append(move.to)
        started.insert(index)
        faults += overload(of: move, places)
        faults += breaches(by: move, places, but: broken)
      } else if let index = running.randomElement(using: &dice) {
        places[moves[index].machine] = [moves[index].to]
        done.insert(index)
      } else {
        return faults + ["moves wait for each other"]
      }
    }
    if places != wanted.map({ [$0] }) { faults.append("not all have arrived") }
    return faults
  }

  private func overload(of move: OrderedMove, _ places: [[Int]]) -> [String] {
    problem.resources.indices.compactMap { resource in
      guard problem.machines[move.machine].demand[resource] > 0 else { return nil }
      var load = problem.hosts[move.to].foreignLoad[resource]
      for machine in places.indices where places[machine].contains(move.to) {
        load += problem.machines[machine].demand[resource]
      }
      return load > problem.hosts[move.to].capacity[resource]
        ? "\(problem.hosts[move.to].name) is too full" : nil
    }
  }

  private func breaches(by move: OrderedMove, _ places: [[Int]], but broken: Set<Int>) -> [String] {
    problem.rules.indices.compactMap { index in
      let rule = problem.rules[index]
      guard rule.machines.contains(move.machine), !broken.contains(index) else { return nil }
      func domain(_ host: Int) -> String? {
        if case .spread(.label(let label), _) = rule.kind { return problem.hosts[host].labels[label] }
        return problem.hosts[host].name
      }
      let limit: Int
      switch rule.kind {
      case .keepTogether: return nil
      case .avoid: limit = 1
      case .spread(_, let max): limit = max
      }
      let here = Set(rule.machines).filter { places[$0].contains { domain($0) == domain(move.to) } }
      let cameFrom = move.from.map(domain)
      return here.count > limit && cameFrom != domain(move.to) ? "\(rule.name) is broken" : nil
    }
  }

  /// Whether single machines that are to move can get where they are wanted, one after the other, over any hosts.
  func isSolvable() -> Bool {
    let movers = wanted.indices.filter {
      problem.machines[$0].current != nil && problem.machines[$0].current != wanted[$0]
    }
    let others = wanted.indices.filter { problem.machines[$0].current != nil && !movers.contains($0) }
    let start = movers.map { problem.machines[$0].current ?? 0 }
    let end = movers.map { wanted[$0] }
    var (seen, queue) = (Set([start]), [start])
    while let state = queue.popLast() {
      if state == end { return true }
      for (position, machine) in movers.enumerated() {
        for host in problem.hosts.indices
        where host != state[position] && problem.hosts[host].availability == .open
          && problem.machines[machine].allowedHosts?.contains(host) ?? true
        {
          var next = state
          next[position] = host
          guard !seen.contains(next) else { continue }
          let fits = problem.resources.indices.allSatisfy { resource in
            guard problem.machines[machine].demand[resource] > 0 else { return true }
            var load = problem.hosts[host].foreignLoad[resource]
            for (index, other) in movers.enumerated() where next[index] == host {
              load += problem.machines[other].demand[resource]
            }
            for other in others where problem.machines[other].current == host {
              load += problem.machines[other].demand[resource]
            }
            return load <= problem.hosts[host].capacity[resource]
          }
          guard fits else { continue }
          seen.insert(next)
          queue.append(next)
        }
      }
    }
    return false
  }
}

import Placement
import SpecModel

/// What the choice of hosts says to people.
extension SiteProblem {
  /// An amount of the problem's.
  ///
  /// - Parameter roundsUp: whether it is said to be rather more than less.
  func text(_ amount: UInt64, of resource: Resource, roundsUp: Bool = false) -> String {
    guard resource == .cpus, cpuUnit > 1 else { return resource.text(amount, roundsUp: roundsUp) }
    return "\(SiteConsolidation.cpus(amount)) CPUs"
  }

  /// `VM 'a'`, `VMs 'a', 'b' and 3 others`
  func list(_ names: [String]) -> String {
    guard names.count > 1 else { return "VM " + names.map { "'\($0)'" }.joined() }
    return "VMs " + names.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
      + (names.count > 5 ? " and \(names.count - 5) others" : "")
  }

  /// The failures of hosts that VMs on `hosts`, one for each machine, could not survive.
  func gaps(after failures: Int, hosts: [Int]) -> [SiteGap] {
    problem.gaps(after: failures, hosts: hosts).map { gap in
      SiteGap(
        hosts: gap.failed.map { order[$0].name }, machines: gap.machines.map(name),
        resource: gap.resource.flatMap(Resource.init(rawValue:)))
    }
  }

  func reason(for decision: PlacementDecision) -> String {
    let home = decision.from.map { "'\(order[$0].name)'" } ?? ""
    switch decision.reason {
    case .new where disksLeft(by: decision.machine) != nil: return "its disks are there"
    case .new(let alternatives):
      return alternatives == 0
        ? "the only host that takes it" : "chosen among \(alternatives + 1) hosts that take it"
    case .hostDrained: return "host \(home) is drained"
    case .overCapacity(let resource, let load, let capacity):
      let kind = Resource(rawValue: resource) ?? .memory
      return
        "VMs on host \(home) need \(text(load, of: kind, roundsUp: true)), and it has \(text(capacity, of: kind)) for them"
    case .rule(let rule): return problem.rules[rule].name
    case .notAllowed where isAsked(decision.machine): return "as asked"
    case .notAllowed: return "the spec does not have it on host \(home) any more"
    case .makesRoom(let machine): return "makes room for VM '\(name(machine))'"
    case .consolidation: return "host \(home) is emptied"
    }
  }

  /// What is in the way, as diagnostics: the VM, why no host takes it, and what would help.
  func report(_ why: Infeasibility, _ report: (_ message: String, _ path: SpecPath?, _ help: String?) -> Void)
  {
    let help = relaxation(why.relaxations)
    let proof = why.isProven ? "there is no place" : "no place was found"
    let cause: String
    switch why.cause {
    case .totalCapacity(let resource, let demand, let capacity):
      let kind = Resource(rawValue: resource) ?? .memory
      cause =
        "all VMs need \(text(demand, of: kind, roundsUp: true)), and the hosts that take VMs have \(text(capacity, of: kind)) for them"
    case .spread(let rule, let count, let places):
      cause =
        "\(problem.rules[rule].name) asks for \(count) places, and there \(places == 1 ? "is" : "are") \(places)"
    case .contradiction(let rules):
      cause = "these contradict each other: " + rules.map { problem.rules[$0].name }.joined(separator: "; ")
    case .noHost: cause = "no host takes \(why.machines.count > 1 ? "them" : "it")"
    case .combination: cause = "each has a host that would take it, but not all at once"
    }
    guard let first = why.machines.first else { return report("\(proof) for all VMs: \(cause)", nil, help) }
    let subject = list(why.machines.map { name($0.machine) })
    let obstacles = first.obstacles.enumerated().map { host, obstacle in
      "\(order[host].name): \(text(obstacle, of: first.machine, on: host))"
    }
    let shown = obstacles.prefix(8).joined(separator: "; ") + (obstacles.count > 8 ? " …" : "")
    report(
      "\(proof) for \(subject): \(cause)" + (shown.isEmpty ? "" : " (\(shown))"),
      machines.indices.contains(first.machine) ? machines[first.machine].path + "host" : nil, help)
  }

  private func text(_ obstacle: Infeasibility.Obstacle, of machine: Int, on host: Int) -> String {
    switch obstacle {
    case .drained: return "is drained"
    case .closed: return absence(of: host)
    case .notAllowed:
      if isAsked(machine) { return "is not the host that it was asked to be on" }
      if let left = disksLeft(by: machine) {
        return "its disk '\(left.disk)' lies on host '\(left.host)'"
      }
      return "is not among those that the spec allows and that can run it"
    case .pinned(let other):
      let isOther = problem.machines[machine].current != other
      let subject = isOther ? "a VM that is kept with it" : "it"
      return problem.hosts[other].availability == .closed
        ? "\(subject) may be on host '\(order[other].name)', which \(absence(of: other))"
        : "\(subject) is pinned to '\(order[other].name)'"
    case .capacity(let resource, let missing):
      return "lacks \(text(missing, of: Resource(rawValue: resource) ?? .memory, roundsUp: true))"
        + (resource == Resource.memory.rawValue ? " of memory" : "")
    case .rule(let rule): return problem.rules[rule].name
    case .lacksLabel(let rule): return "lacks the label of \(problem.rules[rule].name)"
    case .displaces: return "takes it only if another VM has no place"
    }
  }

  /// Why nothing comes to a host that is closed.
  private func absence(of host: Int) -> String {
    order[host].state == .down ? "is down, as the spec says" : "does not answer"
  }

  private func relaxation(_ relaxations: [Infeasibility.Relaxation]) -> String? {
    let texts = relaxations.prefix(3).map { relaxation -> String in
      switch relaxation {
      case .capacity(let host, let resource, let amount, _):
        let kind = Resource(rawValue: resource) ?? .memory
        return
          "\(text(amount, of: kind, roundsUp: true)) more on host '\(order[host].name)' (\(kind == .memory ? "reserve or overcommit.memory" : "overcommit.cpus"))"
      case .spread(let rule, let max): return "\(problem.rules[rule].name): {max: \(max)}"
      case .withoutRule(let rule): return "the spec without \(problem.rules[rule].name)"
      case .allow(let machine, let host) where isAsked(machine):
        return "host '\(order[host].name)' for VM '\(name(machine))' instead"
      case .allow(let machine, let host) where disksLeft(by: machine) != nil:
        return "host: \(order[host].name) for VM '\(name(machine))', with new disks"
      case .allow(let machine, let host):
        return "VM '\(name(machine))' on host '\(order[host].name)', if the spec allowed it there"
      case .unpin(let machine): return "pinned: false for VM '\(name(machine))'"
      case .open(let host): return "VMs on host '\(order[host].name)' again, not drained"
      case .anotherHost(let host): return "one more host like '\(order[host].name)'"
      }
    }
    return texts.isEmpty
      ? nil
      : (texts.count == 1 ? "this would be enough: " : "any of these would be enough: ")
        + texts.joined(separator: "; ")
  }
}

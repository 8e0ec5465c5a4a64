import Placement
import SpecModel

/// What the choice of hosts says to people.
extension SiteProblem {
  /// An amount of the problem's.
  func text(_ amount: UInt64, of resource: Resource) -> String {
    guard resource == .cpus, cpuUnit > 1 else { return resource.text(amount) }
    return "\(SiteConsolidation.cpus(amount)) CPUs"
  }

  /// The failures of hosts that VMs on `hosts`, one for each machine, could not survive.
  func gaps(after failures: Int, hosts: [Int]) -> [String] {
    problem.gaps(after: failures, hosts: hosts).map { gap in
      let failed = gap.failed.map { "'\(order[$0].name)'" }.joined(separator: " and ")
      let names = gap.machines.prefix(5).map { "'\(name($0))'" }.joined(separator: ", ")
      let rest = gap.machines.count > 5 ? " and \(gap.machines.count - 5) others" : ""
      let cause = gap.resource.flatMap(Resource.init(rawValue:)).map { " (\($0.title))" } ?? ""
      return "if \(failed) fails, there is no place for \(names)\(rest)\(cause)"
    }
  }

  func reason(for decision: PlacementDecision) -> String {
    let home = decision.from.map { "'\(order[$0].name)'" } ?? ""
    switch decision.reason {
    case .new(let alternatives):
      return alternatives == 0
        ? "the only host that takes it" : "chosen among \(alternatives + 1) hosts that take it"
    case .hostDrained: return "host \(home) is drained"
    case .overCapacity(let resource, let load, let capacity):
      let kind = Resource(rawValue: resource) ?? .memory
      return
        "VMs on host \(home) need \(text(load, of: kind)), and it has \(text(capacity, of: kind)) for them"
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
        "all VMs need \(text(demand, of: kind)), and the hosts that take VMs have \(text(capacity, of: kind)) for them"
    case .spread(let rule, let count, let places):
      cause = "\(problem.rules[rule].name) asks for \(count) places, and there are \(places)"
    case .contradiction(let rules):
      cause = "these contradict each other: " + rules.map { problem.rules[$0].name }.joined(separator: "; ")
    case .noHost: cause = "no host takes it"
    case .combination: cause = "each has a host that would take it, but not all at once"
    }
    guard let first = why.machines.first else { return report("\(proof) for all VMs: \(cause)", nil, help) }
    let names = why.machines.map { "'\(name($0.machine))'" }
    let subject =
      names.count == 1
      ? "VM \(names[0])"
      : "VMs " + names.prefix(5).joined(separator: ", ")
        + (names.count > 5 ? " and \(names.count - 5) others" : "")
    let obstacles = first.obstacles.enumerated().map { host, obstacle in
      "\(order[host].name): \(text(obstacle))"
    }
    let shown = obstacles.prefix(8).joined(separator: "; ") + (obstacles.count > 8 ? " …" : "")
    report(
      "\(proof) for \(subject): \(cause)" + (shown.isEmpty ? "" : " (\(shown))"),
      machines.indices.contains(first.machine) ? machines[first.machine].path + "host" : nil, help)
  }

  private func text(_ obstacle: Infeasibility.Obstacle) -> String {
    switch obstacle {
    case .drained: "is drained"
    case .closed: "cannot be reached"
    case .notAllowed: "is not among those that the spec allows and that can run it"
    case .pinned(let host): "it is pinned to '\(order[host].name)'"
    case .capacity(let resource, let missing):
      "lacks \(text(missing, of: Resource(rawValue: resource) ?? .memory))"
        + (resource == Resource.memory.rawValue ? " of memory" : "")
    case .rule(let rule): problem.rules[rule].name
    case .lacksLabel(let rule): "lacks the label of \(problem.rules[rule].name)"
    case .displaces: "takes it only if another VM has no place"
    }
  }

  private func relaxation(_ relaxations: [Infeasibility.Relaxation]) -> String? {
    let texts = relaxations.prefix(3).map { relaxation -> String in
      switch relaxation {
      case .capacity(let host, let resource, let amount, _):
        let kind = Resource(rawValue: resource) ?? .memory
        return
          "\(text(amount, of: kind)) more on host '\(order[host].name)' (\(kind == .memory ? "reserve or overcommit.memory" : "overcommit.cpus"))"
      case .spread(let rule, let max): return "\(problem.rules[rule].name): {max: \(max)}"
      case .withoutRule(let rule): return "leaving out \(problem.rules[rule].name)"
      case .allow(let machine, let host):
        return "allowing VM '\(name(machine))' on host '\(order[host].name)'"
      case .unpin(let machine): return "pinned: false for VM '\(name(machine))'"
      case .open(let host): return "host '\(order[host].name)' taking VMs"
      case .anotherHost(let host): return "one more host like '\(order[host].name)'"
      }
    }
    if texts.count == 1 { return "it would be enough to have \(texts[0])" }
    return texts.isEmpty ? nil : "any of these would be enough: " + texts.joined(separator: "; ")
  }
}

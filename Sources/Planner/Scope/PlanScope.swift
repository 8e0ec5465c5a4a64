/// Which part of a plan is wanted.
public struct PlanScope: Hashable, Sendable {
  /// Only these objects, and what they need. Empty: all.
  public var targets: [AddressPattern]
  /// Not these, and nothing that needs them.
  public var excluded: [AddressPattern]

  public static let all = PlanScope(targets: [], excluded: [])

  public init(targets: [AddressPattern], excluded: [AddressPattern]) {
    self.targets = targets
    self.excluded = excluded
  }

  var isAll: Bool { targets.isEmpty && excluded.isEmpty }

  /// The patterns as they were given, for people.
  var words: [String] { targets.map { "--target \($0)" } + excluded.map { "--exclude \($0)" } }
}

extension Plan {
  /// The part of the plan that `scope` names. An object is in it with all its steps or not at all.
  ///
  /// - Parameter needs: what belongs to an object, beside what its steps wait for.
  func restricted(to scope: PlanScope, needs: [Address: Set<Address>] = [:]) -> Plan {
    guard !scope.isAll else { return self }
    return restricted(to: scope, words: scope.words, needs: needs)
  }

  /// The moves of the VMs that are `asked` for, and what those need. Other moves are told of.
  func restrictedToMoves(of asked: Set<Address>, words: [String], needs: [Address: Set<Address>]) -> Plan {
    let moves = Set(changes.filter { $0.action == .move }.map(\.address))
    let wanted = moves.intersection(asked)
    guard wanted.count < changes.count else { return self }
    let targets = wanted.map { AddressPattern($0.kind, $0.name) }
    let plan =
      targets.isEmpty
      ? keeping([], words: words)
      : restricted(to: PlanScope(targets: targets, excluded: []), words: words, needs: needs)
    let left = moves.subtracting(plan.changes.map(\.address)).sorted()
    return plan.noting(
      left.map { Note($0, "moves here with the next apply: this run makes the moves that it was asked for") })
  }

  private func restricted(to scope: PlanScope, words: [String], needs: [Address: Set<Address>]) -> Plan {
    let dependencies = dependenciesByAddress
    let all = Set(steps.map(\.address))
    var kept = all
    if !scope.targets.isEmpty {
      let isTarget = { (address: Address) in scope.targets.contains { $0.matches(address) } }
      kept = kept.filter(isTarget)
      for (address, needed) in needs where isTarget(address) { kept.formUnion(needed.intersection(all)) }
      var added = Array(kept)
      while let address = added.popLast() {
        for needed in dependencies[address] ?? [] where kept.insert(needed).inserted { added.append(needed) }
      }
    }
    kept = kept.filter { address in !scope.excluded.contains { $0.matches(address) } }
    // What needs something that is left out is left out, and then what needs that.
    var missing = dependencies.keys.filter { !kept.contains($0) }
    let dependents = Self.inverted(dependencies)
    while let address = missing.popLast() {
      for dependent in dependents[address] ?? [] where kept.remove(dependent) != nil {
        missing.append(dependent)
      }
    }
    return keeping(kept, words: words)
  }

  /// For each object those whose steps come before its own. A VM that stops after another one does not need it to stop.
  private var dependenciesByAddress: [Address: Set<Address>] {
    steps.reduce(into: [:]) { result, step in
      let needed = step.dependsOn.map { steps[$0] }.filter {
        step.operation.stopped == nil || $0.operation.stopped == nil
      }
      let before = needed.map(\.address).filter { $0 != step.address }
      result[step.address, default: []].formUnion(before)
    }
  }

  private static func inverted(_ dependencies: [Address: Set<Address>]) -> [Address: [Address]] {
    dependencies.reduce(into: [:]) { result, entry in
      for needed in entry.value { result[needed, default: []].append(entry.key) }
    }
  }

  private func keeping(_ kept: Set<Address>, words: [String]) -> Plan {
    var numbers: [Int: Int] = [:]
    var steps: [Step] = []
    for step in self.steps where kept.contains(step.address) {
      numbers[step.id] = steps.count
      steps.append(step.renumbered(steps.count) { numbers[$0] })
    }
    let changes = changes.filter { kept.contains($0.address) }
    var plan = Plan(
      stack: stack, goal: goal, changes: changes, steps: steps, notes: notes,
      partial: Partial(words: words, omitted: self.changes.count - changes.count))
    (plan.unknown, plan.placement, plan.gaps) = (unknown, placement, gaps)
    return plan
  }
}

extension Plan {
  /// The same plan with more to tell.
  fileprivate func noting(_ more: [Note]) -> Plan {
    var plan = Plan(
      stack: stack, goal: goal, changes: changes, steps: steps, notes: notes + more, partial: partial)
    (plan.unknown, plan.placement, plan.gaps) = (unknown, placement, gaps)
    return plan
  }
}

extension Step {
  fileprivate func renumbered(_ id: Int, _ number: (Int) -> Int?) -> Step {
    Step(
      id: id, address: address, operation: operation, dependsOn: dependsOn.compactMap(number), effect: effect,
      path: path)
  }
}

import SpecModel

/// The step that brings a VM from another host.
struct MoveStep {
  let name: ResourceName
  let from: ResourceName
  let to: ResourceName
  let step: Int
}

/// What comes before and after moves: dependencies between the steps that the plan has anyway.
///
/// All that changes of a VM on its new host comes after its move, but for what the move itself needs. On its old host nothing
/// that it may use is taken away before.
struct MoveDependencies {
  /// Further steps that a step depends on, by its id.
  private(set) var dependencies: [Int: Set<Int>] = [:]

  /// - Parameter waits: VMs whose moves and starts wait for the moves of others, since there is no room before.
  init(
    _ moves: [MoveStep], waits: [ResourceName: Set<ResourceName>], _ power: PowerSteps, _ steps: [Step]
  ) {
    guard !moves.isEmpty else { return }
    let needed = Self.ancestors(of: moves.map(\.step), steps)
    let arrivals = Dictionary(grouping: moves, by: \.to)
    let departures = Dictionary(grouping: moves, by: \.from).mapValues { $0.map(\.step) }
    for step in steps where !needed.contains(step.id) {
      for move in arrivals[step.address.host] ?? [] {
        let name = step.address.name
        let isOfVM =
          step.address.kind == .vm && name == move.name.rawValue
          || step.address.kind == .disk && name.hasPrefix("\(move.name).")
        if isOfVM { dependencies[step.id, default: []].insert(move.step) }
      }
      if step.operation.takesAway, let departures = departures[step.address.host] {
        dependencies[step.id, default: []].formUnion(departures)
      }
    }
    let byName = Dictionary(moves.map { ($0.name, $0.step) }, uniquingKeysWith: { first, _ in first })
    for (name, others) in waits {
      guard let step = byName[name] ?? power.start[name] else { continue }
      let before = others.compactMap { byName[$0] }.filter { $0 != step }
      if !before.isEmpty { dependencies[step, default: []].formUnion(before) }
    }
  }

  private static func ancestors(of ids: [Int], _ steps: [Step]) -> Set<Int> {
    var found = Set(ids)
    var open = ids
    while let id = open.popLast() {
      for before in steps[id].dependsOn where found.insert(before).inserted { open.append(before) }
    }
    return found
  }
}

extension Operation {
  /// True if something may be used no more.
  fileprivate var takesAway: Bool {
    switch self {
    case .removePool, .deleteVolume, .removeNetwork, .removeFirewall: true
    // A network may lose the address that it keeps for a VM.
    case .updateNetwork: true
    case .noteVolume(_, let name, false): Identity.isHostNote(name)
    default: false
    }
  }
}

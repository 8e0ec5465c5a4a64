/// Finds out which earlier moves each has to wait for.
///
/// In the order of the steps all fit. A step that runs before an earlier one takes nothing from it: room is counted with all
/// earlier arrivals, and what it waits for are departures that give that much room. So whatever runs at once fits, too.
struct MoveDependencies {
  private struct Departure {
    var step: Int
    var machine: Int
  }

  private let start: Yard
  private let steps: [MoveOrdering.Step]
  private let model: Model

  init(_ start: Yard, _ steps: [MoveOrdering.Step]) {
    self.start = start
    self.steps = steps
    model = start.model
  }

  func moves() -> [OrderedMove] {
    /// What is on a host at the start, and all that has arrived since, whether it has left again or not.
    var load = start.load
    var departures: [[Departure]] = Array(repeating: [], count: model.hostCount)
    var lastStep: [Int: Int] = [:]
    var visits: [Int: LimitVisits] = [:]
    var moves: [OrderedMove] = []
    for (index, step) in steps.enumerated() {
      var waits: Set<Int> = []
      if let former = lastStep[step.machine] { waits.insert(former) }
      for resource in start.demand[step.machine].indices where start.demand[step.machine][resource] > 0 {
        let position = step.to * model.resourceCount + resource
        load[position] += start.demand[step.machine][resource]
        var needed = load[position] - model.capacity[position]
        for departure in departures[step.to] where needed > 0 {
          let freed = start.demand[departure.machine][resource]
          guard freed > 0 else { continue }
          needed -= freed
          waits.insert(departure.step)
        }
      }
      for limit in start.limitsOfMachine[step.machine] {
        visits[limit, default: LimitVisits(start, limit)].add(
          step, index, max: start.limits[limit].max, &waits)
      }
      if step.from >= 0 { departures[step.from].append(Departure(step: index, machine: step.machine)) }
      lastStep[step.machine] = index
      moves.append(
        OrderedMove(
          machine: model.machineOrder[step.machine], from: step.from < 0 ? nil : model.hostOrder[step.from],
          to: model.hostOrder[step.to], waitsFor: waits.sorted(), isDetour: step.isDetour,
          breaksMeanwhile: step.brokenLimit.map { start.limits[$0].rule }))
    }
    return moves
  }
}

/// Who of a rule is in which domain: at the start and later, whether it has left again or not.
private struct LimitVisits {
  private let limit: Yard.Limit
  private var counts: [Int: Int] = [:]
  private var departures: [Int: [Int]] = [:]

  init(_ start: Yard, _ limit: Int) {
    self.limit = start.limits[limit]
    for machine in self.limit.machines where start.host[machine] >= 0 {
      counts[self.limit.domain(of: start.host[machine]), default: 0] += 1
    }
  }

  mutating func add(_ step: MoveOrdering.Step, _ index: Int, max: Int, _ waits: inout Set<Int>) {
    let target = limit.domain(of: step.to)
    if step.from >= 0, limit.domain(of: step.from) == target { return }
    counts[target, default: 0] += 1
    // Once it is broken in this order, waiting mends nothing.
    let needed = counts[target, default: 0] - max
    if needed > 0 { waits.formUnion((departures[target] ?? []).prefix(needed)) }
    if step.from >= 0 { departures[limit.domain(of: step.from), default: []].append(index) }
  }
}

/// Brings moves into an order in which each has room when it begins.
struct MoveOrdering {
  struct Step {
    var machine: Int
    /// -1: it is new.
    var from: Int
    var to: Int
    var isDetour = false
    var brokenLimit: Int?
  }

  let model: Model
  /// The wanted host of each machine.
  let wanted: [Int]
  private let start: Yard
  private var yard: Yard
  private(set) var steps: [Step] = []
  /// Machines that still have to move, by the host that they go to.
  private var arrivals: [[Int]]
  private var pendingCount = 0
  private var hasDetoured: Set<Int> = []

  /// - Parameter hosts: The wanted host of each machine, both as indices of the problem.
  init(_ model: Model, to hosts: [Int]) {
    self.model = model
    wanted = model.machineOrder.map { model.hostIndex[hosts[$0]] }
    start = Yard(model)
    yard = start
    arrivals = Array(repeating: [], count: model.hostCount)
    for machine in wanted.indices where yard.host[machine] >= 0 && yard.host[machine] != wanted[machine] {
      arrivals[wanted[machine]].append(machine)
      pendingCount += 1
    }
  }

  mutating func run() -> MoveOrder {
    advance()
    if pendingCount > 0, let ways = MoveSearch(start, wanted).direct() { replay(ways) }
    while pendingCount > 0 {
      if !detour() {
        if let ways = MoveSearch(start, wanted).overDetours(keepsRules: true) {
          replay(ways)
          break
        }
        if !breakRule() {
          guard let ways = MoveSearch(start, wanted).overDetours(keepsRules: false) else { return deadlock() }
          replay(ways)
          break
        }
      }
      advance()
    }
    startNew()
    return .sequence(MoveDependencies(start, steps).moves())
  }

  /// Does these moves instead of those so far.
  private mutating func replay(_ ways: [MoveSearch.Way]) {
    (steps, yard, hasDetoured) = ([], start, [])
    for way in ways {
      commit(way.machine, to: way.host, brokenLimit: yard.brokenLimit(way.machine, on: way.host))
    }
    (arrivals, pendingCount) = (arrivals.map { _ in [] }, 0)
  }

  private var pending: [Int] { arrivals.flatMap { $0 }.sorted() }

  private mutating func commit(_ machine: Int, to host: Int, brokenLimit: Int? = nil) {
    let isDetour = host != wanted[machine]
    steps.append(
      Step(machine: machine, from: yard.host[machine], to: host, isDetour: isDetour, brokenLimit: brokenLimit)
    )
    yard.move(machine, to: host)
    guard !isDetour else {
      hasDetoured.insert(machine)
      return
    }
    if let position = arrivals[host].firstIndex(of: machine) {
      arrivals[host].remove(at: position)
      pendingCount -= 1
    }
  }

  /// Moves what can be moved. What goes to a host that has room for all who come is in nobody's way and goes first; else who
  /// leaves the host that most wait for.
  private mutating func advance() {
    var open = Array(arrivals.indices)
    while true {
      while let host = open.popLast() {
        guard !arrivals[host].isEmpty, takesAll(host) else { continue }
        for machine in arrivals[host] where yard.brokenLimit(machine, on: host) == nil {
          open.append(yard.host[machine])
          commit(machine, to: host)
        }
      }
      let ready = pending.filter { yard.fits($0, on: wanted[$0]) }
      guard
        let next = ready.max(by: { left, right in
          (arrivals[yard.host[left]].count, right) < (arrivals[yard.host[right]].count, left)
        })
      else { return }
      open = [yard.host[next], wanted[next]]
      commit(next, to: wanted[next])
    }
  }

  private func takesAll(_ host: Int) -> Bool {
    (0..<model.resourceCount).allSatisfy { resource in
      let coming = arrivals[host].reduce(0) { $0 + yard.demand[$1][resource] }
      let index = host * model.resourceCount + resource
      return coming == 0 || yard.load[index] + coming <= model.capacity[index]
    }
  }

  /// Moves machines out of a full host to others for a while, such that one that waits can come. The fewest bytes count.
  private mutating func detour() -> Bool {
    var best: (bytes: UInt64, ways: [MoveSearch.Way])?
    for machine in pending {
      guard let ways = makingRoom(for: machine) else { continue }
      let bytes = ways.reduce(UInt64(0)) { $0.saturatingAdding(model.machine($1.machine).moveCost) }
      if best.map({ bytes < $0.bytes }) ?? true { best = (bytes, ways) }
    }
    guard let best else { return false }
    for way in best.ways { commit(way.machine, to: way.host) }
    return true
  }

  private func makingRoom(for machine: Int) -> [MoveSearch.Way]? {
    let target = wanted[machine]
    var trial = yard
    var ways: [MoveSearch.Way] = []
    let leaving = pending.filter { yard.host[$0] == target && !hasDetoured.contains($0) && $0 != machine }
      .sorted {
        (model.machine($0).moveCost, $0) < (model.machine($1).moveCost, $1)
      }
    for other in leaving where !trial.fits(machine, on: target) {
      guard let host = refuge(for: other, in: trial, sparing: machine) else { continue }
      trial.move(other, to: host)
      ways.append(MoveSearch.Way(machine: other, host: host))
    }
    guard trial.fits(machine, on: target), !ways.isEmpty else { return nil }
    // Who need not have left stays.
    for (position, way) in ways.enumerated().reversed() where ways.count > 1 {
      var without = yard
      for (index, kept) in ways.enumerated() where index != position {
        without.move(kept.machine, to: kept.host)
      }
      guard without.fits(machine, on: target) else { continue }
      ways.removeAll { $0.machine == way.machine }
    }
    return ways
  }

  /// A host that takes the machine for a while: one that nobody waits for, if there is one.
  private func refuge(for machine: Int, in yard: Yard, sparing waiting: Int) -> Int? {
    var best: (key: (Int, Double, Int), host: Int)?
    for host in 0..<model.hostCount
    where host != yard.host[machine] && host != wanted[machine] && host != wanted[waiting] {
      guard yard.isAllowed(machine, on: host), yard.fits(machine, on: host) else { continue }
      let key = (arrivals[host].count, yard.peak(machine, on: host), host)
      if best.map({ key < $0.key }) ?? true { best = (key, host) }
    }
    return best?.host
  }

  /// Moves one that has room though a rule is broken for a while.
  private mutating func breakRule() -> Bool {
    for machine in pending where yard.hasRoom(machine, on: wanted[machine]) {
      guard let limit = yard.brokenLimit(machine, on: wanted[machine]) else { continue }
      commit(machine, to: wanted[machine], brokenLimit: limit)
      return true
    }
    return false
  }

  private mutating func startNew() {
    for machine in wanted.indices where start.host[machine] < 0 { commit(machine, to: wanted[machine]) }
  }

  private func deadlock() -> MoveOrder {
    let stuck = pending
    let moves = MoveDependencies(start, steps).moves()
    let order = stuck.sorted { (model.machine($0).moveCost, $0) < (model.machine($1).moveCost, $1) }
    let stopping = order.prefix(50).first { canGoOn(without: $0) }
    return .deadlock(
      moves: moves, machines: stuck.map { model.machineOrder[$0] },
      stopping: stopping.map { model.machineOrder[$0] })
  }

  /// Whether all others arrive once the machine is stopped.
  private func canGoOn(without machine: Int) -> Bool {
    var trial = self
    trial.yard.leave(machine)
    trial.arrivals[wanted[machine]].removeAll { $0 == machine }
    trial.pendingCount -= 1
    trial.advance()
    while trial.pendingCount > 0 {
      guard trial.detour() || trial.breakRule() else { return false }
      trial.advance()
    }
    return trial.yard.hasRoom(machine, on: wanted[machine])
  }
}

import SpecModel

/// The steps that bring VMs up and down, by the names that the spec has for the VMs.
struct PowerSteps {
  /// The step that starts the guest.
  var start: [ResourceName: Int] = [:]
  /// The step after which the guest is up: ready, where the spec says when that is.
  var up: [ResourceName: Int] = [:]
  /// The step that stops the guest.
  var stop: [ResourceName: Int] = [:]
}

/// What `start_after` adds to a plan: dependencies between the steps that the plan has anyway, on whatever host.
///
/// A VM starts once those that it names are up, and stops before them. A VM between the two that neither starts nor stops
/// in the plan hands the order on.
struct StartOrder {
  /// Further steps that a step depends on, by its id.
  private(set) var dependencies: [Int: Set<Int>] = [:]
  private let steps: [Step]

  /// - Parameter others: what steps depend on besides.
  init(
    _ machines: [MachineSpec], _ power: PowerSteps, _ steps: [Step], _ others: [Int: Set<Int>] = [:]
  ) {
    self.steps = steps
    dependencies = others
    let earlier = Dictionary(
      machines.filter { !$0.startAfter.isEmpty }.map { ($0.name, $0.startAfter) },
      uniquingKeysWith: { first, _ in first })
    guard !earlier.isEmpty else { return }
    for name in earlier.keys.sorted() {
      if let start = power.start[name] {
        dependencies[start, default: []].formUnion(Self.nearest(to: name, in: earlier, with: power.up))
      }
      guard let stop = power.stop[name] else { continue }
      for other in Self.nearest(to: name, in: earlier, with: power.stop).sorted() {
        // A guest that has to be off before the other one can be stopped stays first.
        if !depends(stop, on: other) { dependencies[other, default: []].insert(stop) }
      }
    }
    dependencies = dependencies.filter { !$0.value.isEmpty }
  }

  /// The steps of those VMs that come before `name`, directly or by way of VMs that have none.
  private static func nearest(
    to name: ResourceName, in earlier: [ResourceName: [ResourceName]], with steps: [ResourceName: Int]
  ) -> Set<Int> {
    var found: Set<Int> = []
    var seen: Set<ResourceName> = [name]
    var open = earlier[name] ?? []
    while let other = open.popLast() {
      guard seen.insert(other).inserted else { continue }
      if let step = steps[other] { found.insert(step) } else { open += earlier[other] ?? [] }
    }
    return found
  }

  private func depends(_ step: Int, on other: Int) -> Bool {
    var seen: Set<Int> = [step]
    var open = [step]
    while let id = open.popLast() {
      if id == other { return true }
      for needed in steps[id].dependsOn + (dependencies[id].map(Array.init) ?? [])
      where seen.insert(needed).inserted {
        open.append(needed)
      }
    }
    return false
  }
}

extension Step {
  /// `steps` with further dependencies, in an order that respects all of them and otherwise stays as it was.
  static func ordered(_ steps: [Step], with dependencies: [Int: Set<Int>]) -> [Step] {
    let needed = steps.map { step in Set(step.dependsOn).union(dependencies[step.id] ?? []).sorted() }
    var order: [Int] = []
    var isOpen = [Bool](repeating: false, count: steps.count)
    for first in steps.indices where !isOpen[first] {
      // Depth first, without recursion: chains may be long.
      var path = [(id: first, next: 0)]
      isOpen[first] = true
      while let (id, next) = path.last {
        if next < needed[id].count {
          path[path.count - 1].next += 1
          let before = needed[id][next]
          if !isOpen[before] {
            isOpen[before] = true
            path.append((before, 0))
          }
        } else {
          order.append(id)
          path.removeLast()
        }
      }
    }
    var numbers = [Int](repeating: 0, count: steps.count)
    for (number, id) in order.enumerated() { numbers[id] = number }
    return order.enumerated().map { number, id in
      let step = steps[id]
      return Step(
        id: number, address: step.address, operation: step.operation,
        dependsOn: needed[id].map { numbers[$0] }.sorted(), effect: step.effect, path: step.path)
    }
  }
}

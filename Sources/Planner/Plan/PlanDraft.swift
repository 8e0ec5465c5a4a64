import SpecModel

/// A plan while it is being made.
struct PlanDraft {
  let stack: ResourceName
  let goal: SitePlanner.Goal
  private(set) var changes: [Change] = []
  private var changesByAddress: [Address: [Int]] = [:]
  private(set) var steps: [Step] = []
  private(set) var notes: [Plan.Note] = []
  private var stepsByAddress: [Address: [Int]] = [:]
  /// The steps that bring VMs up and down, for the order across all hosts.
  var power = PowerSteps()
  /// How many diagnostics say what could be done and is not: a consent is missing, or space.
  var refusals = 0
  /// The VMs that move, and the steps that bring them.
  private(set) var moves: [MoveStep] = []
  /// The steps that bring images into pools which several hosts see, by path.
  var sharedUploads: [String: Int] = [:]
  /// What an object is to have from others, though none of its own steps waits for theirs.
  var needs: [Address: Set<Address>] = [:]

  init(stack: ResourceName, goal: SitePlanner.Goal) {
    self.stack = stack
    self.goal = goal
  }

  /// A VM that moves, and what else becomes of it, are one change.
  mutating func add(_ change: Change) {
    let index = changesByAddress[change.address]?.first { index in
      let action = changes[index].action
      return action == .move || action == .update && change.action == .update
    }
    guard let index else {
      changesByAddress[change.address, default: []].append(changes.count)
      changes.append(change)
      return
    }
    let there = changes[index]
    changes[index] = Change(
      there.address, there.action, fields: there.fields + change.fields,
      effect: max(there.effect, change.effect), reason: there.reason ?? change.reason,
      path: there.path ?? change.path)
  }

  mutating func addMove(of name: ResourceName, from: ResourceName, to: ResourceName, step: Int) {
    moves.append(MoveStep(name: name, from: from, to: to, step: step))
  }

  mutating func note(_ address: Address, _ text: String) { notes.append(.init(address, text)) }

  /// Adds a step and returns its id, for others to depend on.
  @discardableResult
  mutating func add(
    _ operation: Operation, for address: Address, after dependencies: [Int] = [], effect: Effect = .none,
    path: SpecPath?
  ) -> Int {
    let id = steps.count
    steps.append(
      Step(
        id: id, address: address, operation: operation,
        dependsOn: dependencies.count < 2 ? dependencies : Array(Set(dependencies)).sorted(),
        effect: effect,
        path: path))
    stepsByAddress[address, default: []].append(id)
    return id
  }

  /// The ids of the steps of one object, in the order they were added.
  func steps(of address: Address) -> [Int] { stepsByAddress[address] ?? [] }

  /// - Parameter waits: VMs whose moves and starts wait for the moves of others.
  /// The plan, in which VMs start and stop in the order that `machines` ask for.
  func finished(for machines: [MachineSpec], waits: [ResourceName: Set<ResourceName>] = [:]) -> Plan {
    let order = StartOrder(
      machines, power, steps, MoveDependencies(moves, waits: waits, power, steps).dependencies)
    return Plan(
      stack: stack, goal: goal, changes: changes.sorted { $0.address < $1.address },
      steps: order.dependencies.isEmpty ? steps : Step.ordered(steps, with: order.dependencies),
      notes: notes.sorted { ($0.address, $0.text) < ($1.address, $1.text) })
  }
}

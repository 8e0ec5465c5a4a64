import FoundationEssentials
public import SpecModel

/// What would be done, why, and what it does to what runs. A plan is a value: applying it needs no spec.
public struct Plan: Equatable, Sendable {
  /// What the user should know beside the changes.
  public struct Note: Hashable, Sendable {
    public let address: Address
    public let text: String

    public init(_ address: Address, _ text: String) {
      self.address = address
      self.text = text
    }
  }

  public let stack: ResourceName
  public let goal: SitePlanner.Goal
  /// Sorted by address.
  public let changes: [Change]
  /// In an order that respects `dependsOn`.
  public let steps: [Step]
  public let notes: [Note]
  /// What was left out at the user's wish; nil for a whole plan.
  public let partial: Partial?
  /// The rules of the policy that forbid it; empty until it was checked.
  public var breaches: [PolicyBreach] = []
  /// The hosts that could not be read.
  public var unknown: [UnknownHost] = []
  /// The hosts of VMs that the spec leaves to virtform, by name.
  public var placement: [ResourceName: ResourceName] = [:]
  /// The failures of hosts that VMs would not survive although the policy says so.
  public var gaps: [String] = []

  /// That a plan is not all that the spec asks for.
  public struct Partial: Hashable, Sendable {
    /// `--target vm.web-2`
    public let words: [String]
    /// How many changes are left for later.
    public let omitted: Int

    public init(words: [String], omitted: Int) {
      self.words = words
      self.omitted = omitted
    }
  }

  init(
    stack: ResourceName, goal: SitePlanner.Goal, changes: [Change], steps: [Step], notes: [Note],
    partial: Partial? = nil
  ) {
    self.stack = stack
    self.goal = goal
    self.changes = changes
    self.steps = steps
    self.notes = notes
    self.partial = partial
  }

  public var isEmpty: Bool { changes.isEmpty }

  /// The figures of the closing line.
  public struct Summary: Hashable, Sendable {
    public var add = 0
    public var change = 0
    public var remove = 0
    public var restarts = 0
    public var replacements = 0
    public var forgotten = 0
    /// VMs and networks that were there and become the stack's.
    public var adopted = 0
    /// VMs that come from another host.
    public var moves = 0
    /// Disks and TPMs that lose what is in them.
    public var dataLosses = 0
    /// Those of them that are TPMs.
    public var tpmLosses = 0
  }

  public var summary: Summary {
    var summary = Summary()
    let replaced = Set(changes.filter { $0.action == .replace }.map(\.address))
    /// A disk that goes with its VM is no replacement of its own.
    func isPartOfAnother(_ address: Address) -> Bool {
      guard address.kind == .disk, let vm = address.name.split(separator: ".").first else { return false }
      return replaced.contains(Address(.vm, String(vm), on: address.host))
    }
    for change in changes {
      switch change.action {
      case .create: summary.add += 1
      case .update: summary.change += 1
      case .adopt:
        summary.adopted += 1
        if !change.fields.isEmpty { summary.change += 1 }
      case .move: summary.moves += 1
      case .replace: if !isPartOfAnother(change.address) { summary.replacements += 1 }
      case .forget: summary.forgotten += 1
      case .delete: summary.remove += 1
      }
      guard change.effect == .dataLoss else { continue }
      summary.dataLosses += 1
      if change.address.kind == .vm { summary.tpmLosses += 1 }
    }
    summary.restarts = restarts.count
    return summary
  }

  /// The steps that stop a guest which another step starts again: a restart is that, not a field that would like one.
  var restarts: [Step] {
    let started = Set(
      steps.compactMap { step in
        if case .startMachine(let uuid, _) = step.operation { uuid } else { nil }
      })
    var stopped: Set<UUID> = []
    return steps.filter { step in
      if case .migrateMachine(let migration) = step.operation { return migration.mode == .cold }
      guard case .stopMachine(let uuid, _) = step.operation else { return false }
      return started.contains(uuid) && stopped.insert(uuid).inserted
    }
  }
}

extension Plan {
  /// The same plan to look at, with every value and note as `transform`, which conceals secrets, says. Its steps stay.
  public func mapTexts(_ transform: (String) -> String) -> Plan {
    var plan = Plan(
      stack: stack, goal: goal,
      changes: changes.map { change in
        Change(
          change.address, change.action,
          fields: change.fields.map { $0.redacted(transform) }, effect: change.effect,
          reason: change.reason.map(transform), path: change.path)
      }, steps: steps, notes: notes.map { Note($0.address, transform($0.text)) }, partial: partial)
    plan.breaches = breaches.map { $0.mapTexts(transform) }
    (plan.unknown, plan.placement, plan.gaps) = (unknown, placement, gaps)
    return plan
  }
}

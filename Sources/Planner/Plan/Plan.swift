import FoundationEssentials
public import SpecModel

/// What would be done, why, and what it does to what runs. A plan is a value: applying it needs no spec.
public struct Plan: Sendable {
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

  public var isEmpty: Bool { changes.isEmpty }

  /// The figures of the closing line.
  public struct Summary: Hashable, Sendable {
    public var add = 0
    public var change = 0
    public var remove = 0
    public var restarts = 0
    public var replacements = 0
    public var dataLosses = 0
  }

  public var summary: Summary {
    var summary = Summary()
    for change in changes {
      switch change.action {
      case .create: summary.add += 1
      case .update: summary.change += 1
      case .replace: summary.replacements += 1
      case .delete: summary.remove += 1
      }
      if change.effect == .dataLoss { summary.dataLosses += 1 }
    }
    // A restart is a guest that stops and starts, not a field that would like one.
    summary.restarts =
      Set(
        steps.compactMap { step in
          if case .stopMachine(let uuid, _) = step.operation, steps.contains(where: { $0.starts(uuid) }) {
            uuid
          } else {
            nil
          }
        }
      ).count
    return summary
  }
}

extension Step {
  func starts(_ machine: UUID) -> Bool {
    if case .startMachine(let uuid) = operation { uuid == machine } else { false }
  }
}

/// The answer to a placement problem.
public enum PlacementOutcome: Sendable, Equatable {
  case placed(Assignment)
  case infeasible(Infeasibility)
}

/// A host for each machine. All rules and capacities hold.
public struct Assignment: Sendable, Equatable {
  /// The host of each machine.
  public var hosts: [Int]
  /// Machines that are new or move, in the order of their names.
  public var decisions: [PlacementDecision]
  /// No placement has fewer moves, nor fewer bytes in as many moves. False where the search ended before it knew.
  public var isProvenMinimal: Bool

  public init(hosts: [Int], decisions: [PlacementDecision], isProvenMinimal: Bool) {
    self.hosts = hosts
    self.decisions = decisions
    self.isProvenMinimal = isProvenMinimal
  }
}

/// Where a machine goes, and why.
public struct PlacementDecision: Sendable, Equatable {
  public enum Reason: Sendable, Equatable {
    /// It is new; `alternatives` other hosts could have taken it.
    case new(alternatives: Int)
    case hostDrained
    /// What is on its host needs `load` of the resource.
    case overCapacity(resource: Int, load: UInt64, capacity: UInt64)
    /// Where it is, it breaks the rule of this index.
    case rule(Int)
    /// It may not be on its host any more.
    case notAllowed
    /// It makes room for the machine of this index, which has no place otherwise.
    case makesRoom(for: Int)
    /// Its host is to be emptied, or it goes with what is.
    case consolidation
  }

  public var machine: Int
  /// Nil for a new machine.
  public var from: Int?
  public var to: Int
  public var reason: Reason

  public init(machine: Int, from: Int?, to: Int, reason: Reason) {
    self.machine = machine
    self.from = from
    self.to = to
    self.reason = reason
  }
}

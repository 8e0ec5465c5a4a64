/// The answer to the question how few hosts are enough.
public enum ConsolidationOutcome: Sendable, Equatable {
  case consolidated(Consolidation)
  case infeasible(Infeasibility)
}

/// A placement on few hosts.
public struct Consolidation: Sendable, Equatable {
  /// What a host has and gives.
  public struct Usage: Sendable, Equatable {
    public var host: Int
    /// Taken of each resource, with foreign load.
    public var load: [UInt64]
    public var capacity: [UInt64]
    /// The resource that is fullest.
    public var bindingResource: Int

    public init(host: Int, load: [UInt64], capacity: [UInt64], bindingResource: Int) {
      self.host = host
      self.load = load
      self.capacity = capacity
      self.bindingResource = bindingResource
    }

    /// The share of the resource that is taken; 1 is all of it.
    public func utilisation(of resource: Int) -> Double {
      capacity[resource] == 0
        ? (load[resource] == 0 ? 0 : 1) : Double(load[resource]) / Double(capacity[resource])
    }
  }

  public var assignment: Assignment
  /// The hosts that have machines or foreign load now, by name. Where machines are new, they count nowhere.
  public var hostsBefore: [Int]
  /// The same, with the placement.
  public var hostsAfter: [Int]
  /// No placement needs fewer hosts than this.
  public var lowerBound: Int
  /// Of each host in `hostsAfter`.
  public var usage: [Usage]
  public var moves: MoveOrder
  /// What the moves of the assignment copy, detours not counted.
  public var movedBytes: UInt64

  public init(
    assignment: Assignment, hostsBefore: [Int], hostsAfter: [Int], lowerBound: Int, usage: [Usage],
    moves: MoveOrder,
    movedBytes: UInt64
  ) {
    self.assignment = assignment
    self.hostsBefore = hostsBefore
    self.hostsAfter = hostsAfter
    self.lowerBound = lowerBound
    self.usage = usage
    self.moves = moves
    self.movedBytes = movedBytes
  }
}

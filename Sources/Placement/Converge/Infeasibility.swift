/// Why there is no placement, and what would allow one.
public struct Infeasibility: Sendable, Equatable {
  public enum Cause: Sendable, Equatable {
    /// The open hosts together have less of the resource than machines need.
    case totalCapacity(resource: Int, demand: UInt64, capacity: UInt64)
    /// The rule has more machines than all domains together may take.
    case spread(rule: Int, machines: Int, places: Int)
    /// The rules contradict each other about machines that stay together.
    case contradiction(rules: [Int])
    /// No host takes these machines, even if all others make room.
    case noHost
    /// Each machine has a host that could take it, but not all at once.
    case combination
  }

  /// Why a host does not take a machine.
  public enum Obstacle: Sendable, Equatable {
    case drained
    case closed
    case notAllowed
    /// The machine, or one that stays with it, is pinned to another host.
    case pinned(to: Int)
    /// This much of the resource is missing there.
    case capacity(resource: Int, missing: UInt64)
    case rule(Int)
    /// The host lacks the label that the rule spreads over.
    case lacksLabel(rule: Int)
    /// It would fit there, but then another machine has no place.
    case displaces
  }

  /// A machine that has no place, and what is in its way on each host.
  public struct Unplaced: Sendable, Equatable {
    public var machine: Int
    /// One for each host of the problem, by its index. None for machines beyond the first 20.
    public var obstacles: [Obstacle]

    public init(machine: Int, obstacles: [Obstacle]) {
      self.machine = machine
      self.obstacles = obstacles
    }
  }

  /// A change of the problem with which all machines have been placed.
  public enum Relaxation: Sendable, Equatable {
    /// `amount` more of the resource on the host, which comes to `capacity`.
    case capacity(host: Int, resource: Int, amount: UInt64, capacity: UInt64)
    case spread(rule: Int, max: Int)
    case withoutRule(Int)
    case allow(machine: Int, host: Int)
    case unpin(machine: Int)
    /// The host takes machines.
    case open(host: Int)
    /// One more host, empty, like this one.
    case anotherHost(like: Int)
  }

  /// True: there is no placement. False: none was found.
  public var isProven: Bool
  public var cause: Cause
  /// The machines that were left over, in the order of their names.
  public var machines: [Unplaced]
  /// Each of them alone suffices. The smallest of each kind that was found.
  public var relaxations: [Relaxation]

  public init(isProven: Bool, cause: Cause, machines: [Unplaced], relaxations: [Relaxation]) {
    self.isProven = isProven
    self.cause = cause
    self.machines = machines
    self.relaxations = relaxations
  }
}

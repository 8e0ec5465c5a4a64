/// A machine's way to its host: a move, or the start of a new one.
public struct OrderedMove: Sendable, Equatable {
  public var machine: Int
  /// Nil: it is new.
  public var from: Int?
  public var to: Int
  /// Earlier moves, by their index, which have to be done before this one begins. What waits for nothing in common may run
  /// at once.
  public var waitsFor: [Int]
  /// An extra move to a host that is not the wanted one, which breaks a cycle.
  public var isDetour: Bool
  /// The rule of this index is broken until later moves are done, since no order keeps it.
  public var breaksMeanwhile: Int?

  public init(
    machine: Int, from: Int?, to: Int, waitsFor: [Int] = [], isDetour: Bool = false,
    breaksMeanwhile: Int? = nil
  ) {
    self.machine = machine
    self.from = from
    self.to = to
    self.waitsFor = waitsFor
    self.isDetour = isDetour
    self.breaksMeanwhile = breaksMeanwhile
  }
}

/// How to get from where machines are to where they are wanted. No host is over capacity on the way, while a machine that
/// moves counts on both hosts until it has arrived.
public enum MoveOrder: Sendable, Equatable {
  case sequence([OrderedMove])
  /// After `moves` none of `machines` can move, since each waits for others of them. Once `stopping` has been stopped, all
  /// others can move; nil where stopping one of them is not enough.
  case deadlock(moves: [OrderedMove], machines: [Int], stopping: Int?)
}

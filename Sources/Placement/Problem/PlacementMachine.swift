/// A machine as far as the choice of its host is concerned.
public struct PlacementMachine: Sendable, Equatable {
  public var name: String
  public var demand: [UInt64]
  /// The hosts that it may be on; nil for all.
  public var allowedHosts: Set<Int>?
  /// The host that it is on; nil for a new one.
  public var current: Int?
  /// Never moves from `current`, whatever else cannot be then.
  public var isPinned: Bool
  /// Bytes that a move copies.
  public var moveCost: UInt64
  /// Whether it is to be started elsewhere when its host fails.
  public var survives: Bool

  public init(
    name: String, demand: [UInt64], allowedHosts: Set<Int>? = nil, current: Int? = nil,
    isPinned: Bool = false, moveCost: UInt64 = 0, survives: Bool = true
  ) {
    self.name = name
    self.demand = demand
    self.allowedHosts = allowedHosts
    self.current = current
    self.isPinned = isPinned
    self.moveCost = moveCost
    self.survives = survives
  }
}

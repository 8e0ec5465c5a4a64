/// How hosts are chosen where the rules leave a choice.
public struct PlacementOptions: Sendable, Equatable {
  public enum Preference: Sendable, Equatable {
    /// The host whose fullest resource is emptiest afterwards.
    case balance
    /// The fullest host that takes the machine.
    case pack
  }

  public var preference: Preference
  /// How many hosts may fail at once (0, 1 or 2) such that their machines find a place on the others. New machines are
  /// placed so that this holds where such a placement is found; it is no rule.
  public var survivedFailures: Int
  /// Steps of the search for fewer moves, and for any placement where the quick ways find none.
  public var searchBudget: Int

  public init(preference: Preference = .balance, survivedFailures: Int = 0, searchBudget: Int = 1_000_000) {
    self.preference = preference
    self.survivedFailures = survivedFailures
    self.searchBudget = searchBudget
  }
}

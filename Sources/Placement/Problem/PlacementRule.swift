/// What holds between machines, always.
public struct PlacementRule: Sendable, Equatable {
  public enum Domain: Sendable, Hashable {
    case host
    /// The hosts that have the same value of this label. Hosts without it take no machine of the rule.
    case label(String)
  }

  public enum Kind: Sendable, Equatable {
    /// At most `max` of the machines in each domain.
    case spread(over: Domain, max: Int)
    /// All machines on one host.
    case keepTogether
    /// No two of the machines on one host.
    case avoid
  }

  /// For messages, such as the name of a group.
  public var name: String
  public var kind: Kind
  public var machines: [Int]

  public init(name: String, kind: Kind, machines: [Int]) {
    self.name = name
    self.kind = kind
    self.machines = machines
  }

  public static func spread(_ name: String, _ machines: [Int], over domain: Domain = .host, max: Int = 1)
    -> PlacementRule
  {
    PlacementRule(name: name, kind: .spread(over: domain, max: max), machines: machines)
  }

  public static func keepTogether(_ name: String, _ machines: [Int]) -> PlacementRule {
    PlacementRule(name: name, kind: .keepTogether, machines: machines)
  }

  public static func avoid(_ name: String, _ machines: [Int]) -> PlacementRule {
    PlacementRule(name: name, kind: .avoid, machines: machines)
  }
}

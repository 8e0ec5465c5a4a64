/// Machines that need hosts, hosts that take them, and rules between machines. Machines, hosts, resources and rules are
/// referred to by their index here; the order of the arrays has no influence on an answer, names have.
public struct PlacementProblem: Sendable, Equatable {
  /// What is shared out, such as `memory`: names for messages. All vectors have one element for each, in this order.
  public var resources: [String]
  /// Names are unique.
  public var hosts: [PlacementHost]
  /// Names are unique.
  public var machines: [PlacementMachine]
  public var rules: [PlacementRule]

  public init(
    resources: [String], hosts: [PlacementHost], machines: [PlacementMachine], rules: [PlacementRule] = []
  ) {
    self.resources = resources
    self.hosts = hosts
    self.machines = machines
    self.rules = rules
  }
}

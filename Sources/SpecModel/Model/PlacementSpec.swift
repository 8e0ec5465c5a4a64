/// Where a VM may run.
public struct PlacementSpec: Hashable, Sendable {
  /// The hosts that it may be on, sorted.
  public var hosts: [ResourceName]
  /// True if virtform chooses among them.
  public var isChosen: Bool
  /// The VMs of its entry that it keeps away from.
  public var spread: Spread?
  /// VMs that are on the same host, sorted.
  public var keepWith: [ResourceName] = []
  /// VMs that are on other hosts, sorted.
  public var avoid: [ResourceName] = []
  /// True if virtform leaves it on the host that it is on.
  public var isPinned = false

  public init(hosts: [ResourceName], isChosen: Bool) {
    self.hosts = hosts
    self.isChosen = isChosen
  }

  /// How the VMs of a count are kept apart.
  public struct Spread: Hashable, Sendable, CustomStringConvertible {
    /// The label of hosts whose values are kept apart; nil for the hosts themselves.
    public let label: ResourceName?
    /// How many VMs may be together.
    public let maximum: Int

    public init(label: ResourceName?, maximum: Int = 1) {
      self.label = label
      self.maximum = maximum
    }

    /// `host`, or `room, 2 at most`
    public var description: String {
      (label?.rawValue ?? "host") + (maximum == 1 ? "" : ", \(maximum) at most")
    }
  }
}

/// A host as far as the choice of hosts is concerned.
public struct PlacementHost: Sendable, Equatable {
  /// Whether machines come and go.
  public enum Availability: Sendable, Equatable, CaseIterable {
    case open
    /// Nothing comes, and its machines have to leave.
    case drained
    /// Nothing comes and nothing leaves, such as on a host that does not answer. Whether its own machines keep rules and
    /// capacity does not count; they count for machines elsewhere.
    case closed
  }

  public var name: String
  /// What machines may take of each resource, reserve and overcommit applied.
  public var capacity: [UInt64]
  /// What is taken of `capacity` by machines that are no part of the problem. May be more than there is.
  public var foreignLoad: [UInt64]
  public var labels: [String: String]
  public var availability: Availability

  /// - Parameter foreignLoad: nil for none.
  public init(
    name: String, capacity: [UInt64], foreignLoad: [UInt64]? = nil, labels: [String: String] = [:],
    availability: Availability = .open
  ) {
    self.name = name
    self.capacity = capacity
    self.foreignLoad = foreignLoad ?? capacity.map { _ in 0 }
    self.labels = labels
    self.availability = availability
  }
}

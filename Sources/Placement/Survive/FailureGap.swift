/// Hosts that may not fail together, since machines of theirs would find no place.
public struct FailureGap: Sendable, Equatable {
  /// The hosts that fail.
  public var failed: [Int]
  /// The machines without a place, in the order of their names.
  public var machines: [Int]
  /// The resource that is missing most on what is left; nil where rules or allowed hosts are in the way.
  public var resource: Int?
  /// False: no placement was found, though there may be one.
  public var isProven: Bool

  public init(failed: [Int], machines: [Int], resource: Int?, isProven: Bool) {
    self.failed = failed
    self.machines = machines
    self.resource = resource
    self.isProven = isProven
  }
}

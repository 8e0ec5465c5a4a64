public import FoundationEssentials
public import SpecModel

/// A lock that stands on a host.
public struct HeldLock: Hashable, Sendable {
  public let host: ResourceName
  /// What it says of itself; nil if virtform cannot read it, and so never breaks it.
  public let record: LockRecord?
  public let uuid: UUID

  /// Why nobody needs it any more, or nil if somebody may.
  public var abandonment: LockAbandonment? { record?.abandonment(LockTerms()) }
}

public import FoundationEssentials

/// What a lock says of itself.
public struct LockRecord: Hashable, Sendable {
  public let uuid: UUID
  public let holder: LockHolder
  /// The subcommand that took it, for people.
  public let command: String
  public let taken: Date
  /// nil for a lock without end, which only `unlock` removes.
  public var leaseEnd: Date?
  public let reason: String?

  /// A new lock, whose UUID no other has.
  init(_ request: LockRequest, terms: LockTerms) {
    let now = Self.wholeSeconds(terms.now())
    uuid = UUID()
    holder = request.holder
    command = request.command
    taken = now
    leaseEnd = request.hasLease ? now + terms.lease : nil
    reason = request.reason
  }

  init(uuid: UUID, holder: LockHolder, command: String, taken: Date, leaseEnd: Date?, reason: String?) {
    self.uuid = uuid
    self.holder = holder
    self.command = command
    self.taken = taken
    self.leaseEnd = leaseEnd
    self.reason = reason
  }

  /// The same lock with a lease that begins now.
  func renewed(_ terms: LockTerms) -> LockRecord {
    var record = self
    if leaseEnd != nil { record.leaseEnd = Self.wholeSeconds(terms.now()) + terms.lease }
    return record
  }

  /// Why nobody needs the lock any more, or nil if somebody may.
  func abandonment(_ terms: LockTerms) -> LockAbandonment? {
    guard let leaseEnd else { return nil }
    if holder.process?.isGone == true { return .processGone }
    return terms.now() > leaseEnd + terms.skew ? .leaseOver : nil
  }

  /// The document has whole seconds.
  private static func wholeSeconds(_ date: Date) -> Date {
    Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
  }
}

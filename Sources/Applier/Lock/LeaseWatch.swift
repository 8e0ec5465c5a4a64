/// Looks whether a lock whose lease seems to be over is renewed all the same: then its holder works, and one of two clocks is
/// wrong.
struct LeaseWatch {
  enum Finding {
    case undecided
    /// Its holder is alive.
    case isRenewed
    /// Nobody has renewed it for as long as it was looked at.
    case isAbandoned
  }

  private var seen: (record: LockRecord, since: ContinuousClock.Instant)?
  private var isRenewed = false

  /// Compares the lock with what it was before.
  mutating func look(at record: LockRecord, for time: Duration) -> Finding {
    let now = ContinuousClock.now
    guard let (before, since) = seen, before.uuid == record.uuid else {
      (seen, isRenewed) = ((record, now), false)
      return .undecided
    }
    if before != record { (seen, isRenewed) = ((record, now), true) }
    if before == record, now - since >= time { return .isAbandoned }
    return isRenewed ? .isRenewed : .undecided
  }
}

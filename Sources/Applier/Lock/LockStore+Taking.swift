import FoundationEssentials
import Libvirt

extension LockStore {
  /// How often somebody else may be faster before that is an error of its own.
  private static let maximumCollisions = 50

  /// Takes the lock; waits while somebody holds it, up to `deadline`.
  ///
  /// - Returns: the lock as it stands on the host.
  /// - Throws: `LockError.held`, or what libvirt reports.
  func take(
    _ request: LockRequest, until deadline: ContinuousClock.Instant, terms: LockTerms,
    report: @Sendable (LockEvent) -> Void
  ) async throws -> LockRecord {
    var awaited: UUID?
    var watched: UUID?
    var watch = LeaseWatch()
    var collisions = 0
    while true {
      if let held = try await find() {
        var abandonment = held.record?.abandonment(terms)
        if let record = held.record, abandonment == .leaseOver {
          switch watch.look(at: record, for: terms.watch) {
          case .undecided:
            if watched != held.uuid { report(.watching(held, terms.watch)) }
            watched = held.uuid
            try await Task.sleep(for: terms.poll)
            continue
          case .isRenewed: abandonment = nil
          case .isAbandoned: break
          }
        }
        if let abandonment, collisions < Self.maximumCollisions {
          // Of several breakers, one removes it and says so; then all of them go for the name again.
          if try await remove(held.uuid) { report(.broke(held, abandonment)) }
          collisions += 1
          continue
        }
        let left = deadline - .now
        guard left > .zero else { throw LockError.held(held) }
        if awaited != held.uuid { report(.waiting(held)) }
        awaited = held.uuid
        try await Task.sleep(for: min(terms.poll, left))
        continue
      }
      let record = LockRecord(request, terms: terms)
      do {
        try await define(record)
        return record
      } catch let error as LibvirtError where error.isCollision && collisions < Self.maximumCollisions {
        // Somebody was faster: look who.
        collisions += 1
      }
    }
  }
}

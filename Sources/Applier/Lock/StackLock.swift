import FoundationEssentials
import Libvirt
import SpecModel

/// A stack's lock on all hosts of a site: while it is held, no other run changes the stack there.
public struct StackLock: Sendable {
  /// In the order in which they were taken.
  private let locks: [HostLock]

  /// Takes the lock on every host, in the order of their names, so that two runs never wait for each other. If one
  /// cannot be had, those taken before are released.
  ///
  /// - Parameter report: is told what happens; called from any thread.
  public static func take(
    _ request: LockRequest, on fleet: Fleet, report: @escaping @Sendable (LockEvent) -> Void
  ) async throws(LockError) -> StackLock {
    try await take(request, on: fleet, terms: LockTerms(), report: report)
  }

  static func take(
    _ request: LockRequest, on fleet: Fleet, terms: LockTerms,
    report: @escaping @Sendable (LockEvent) -> Void
  ) async throws(LockError) -> StackLock {
    let deadline = ContinuousClock.now + request.timeout.duration
    var locks: [HostLock] = []
    for session in fleet.sessionsInOrder {
      do {
        let lock = try await take(
          request, on: session, after: locks, until: deadline, terms: terms, report: report)
        locks.append(lock)
      } catch {
        _ = await StackLock(locks: locks).release()
        throw error
      }
    }
    return StackLock(locks: locks)
  }

  private static func take(
    _ request: LockRequest, on session: HostSession, after taken: [HostLock],
    until deadline: ContinuousClock.Instant, terms: LockTerms, report: @Sendable (LockEvent) -> Void
  ) async throws(LockError) -> HostLock {
    do {
      let store = try session.lockStore(of: request.stack)
      // Nobody else has put a lock there in between, so it is one of those just taken.
      if let there = try await store.find(), let first = taken.first(where: { $0.uuid == there.uuid }) {
        throw session.failure("it reaches the same libvirt as host '\(first.host)'")
      }
      let record = try await store.take(request, until: deadline, terms: terms, report: report)
      let lock = HostLock(record, in: store, terms: terms)
      lock.startRenewing()
      return lock
    } catch let error as LockError {
      throw error
    } catch let error as HostError {
      throw .host(error)
    } catch {
      throw .host(session.failure("cannot lock it: \(HostSession.explained(error, .readWrite))"))
    }
  }

  /// Why the lock is not, or may not be, held on every host any more; nil while it is.
  public var loss: String? {
    for lock in locks {
      if let loss = lock.loss { return "the lock on host '\(lock.host)' is lost: \(loss)" }
    }
    return nil
  }

  /// Releases all, the last taken first; goes on where one cannot be released.
  ///
  /// - Returns: what is to be said about it.
  public func release() async -> [String] {
    var problems: [String] = []
    for lock in locks.reversed() {
      do {
        if try await !lock.release() {
          problems.append("the lock on host '\(lock.host)' was broken while this ran")
        }
      } catch {
        problems.append("cannot release the lock on host '\(lock.host)': \(error)")
      }
    }
    return problems
  }
}

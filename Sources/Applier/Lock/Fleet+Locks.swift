import FoundationEssentials
import Libvirt
public import SpecModel

extension Fleet {
  var sessionsInOrder: [HostSession] { sessions.values.sorted { $0.host.name < $1.host.name } }

  /// The lock of `stack` on each host that has one, in the order of the hosts' names. A read-only connection will do.
  public func locks(of stack: ResourceName) async throws(HostError) -> [HeldLock] {
    var locks: [HeldLock] = []
    for session in sessionsInOrder {
      do {
        if let held = try await session.lockStore(of: stack).find() { locks.append(held) }
      } catch let error as HostError {
        throw error
      } catch {
        throw session.failure("cannot read its lock: \(error)")
      }
    }
    return locks
  }

  /// Breaks that very lock, and none that was taken after it; returns false if it was gone.
  public func breakLock(_ held: HeldLock, of stack: ResourceName) async throws(HostError) -> Bool {
    guard let session = sessions[held.host] else { return false }
    do {
      return try await session.lockStore(of: stack).remove(held.uuid)
    } catch let error as HostError {
      throw error
    } catch {
      throw session.failure("cannot break its lock: \(error)")
    }
  }

  /// Breaks those locks that may be broken at once without asking, as whoever takes the lock does, and returns them. One whose
  /// lease is over would have to be looked at for a while, which only who wants the lock does.
  public func breakAbandonedLocks(of stack: ResourceName) async throws(HostError) -> [LockEvent] {
    var events: [LockEvent] = []
    for held in try await locks(of: stack) where held.abandonment == .processGone {
      if try await breakLock(held, of: stack) { events.append(.broke(held, .processGone)) }
    }
    return events
  }
}

import FoundationEssentials
import Libvirt
import SpecModel
import Synchronization

/// A stack's lock on one host, from its taking to its release. A lease is renewed in the background.
final class HostLock: Sendable {
  private struct State {
    var record: LockRecord
    var loss: String?
  }

  let uuid: UUID
  let host: ResourceName
  private let store: LockStore
  private let terms: LockTerms
  private let state: Mutex<State>
  private let renewer = Mutex<Task<Void, Never>?>(nil)
  /// Of the renewals alone: the run's own calls may keep its connection busy for longer than a lease.
  private let connection = Mutex<Connection?>(nil)

  private let open: @Sendable (_ uri: String, CallTerms) async throws -> Connection

  /// - Parameters:
  ///   - record: the lock as `store` has just taken it.
  ///   - open: makes a connection for renewals.
  init(
    _ record: LockRecord, in store: LockStore, terms: LockTerms,
    open: @escaping @Sendable (_ uri: String, CallTerms) async throws -> Connection = {
      try await Connection.open($0, access: .readWrite, terms: $1)
    }
  ) {
    self.open = open
    uuid = record.uuid
    host = store.host
    self.store = store
    self.terms = terms
    state = Mutex(State(record: record))
  }

  /// Why the lock is not, or may not be, held any more; nil while it is.
  ///
  /// A holder that was stopped, or cut off, for longer than the lease knows it by its own clock, before it has asked.
  var loss: String? {
    state.withLock { state in
      if let loss = state.loss { return loss }
      guard let end = state.record.leaseEnd, terms.now() >= end else { return nil }
      return "its lease ran out before it could be renewed"
    }
  }

  /// Renews the lease again and again until `release`. A lock without end needs none.
  func startRenewing() {
    guard state.withLock({ $0.record.leaseEnd }) != nil else { return }
    renewer.withLock { task in
      task = Task { [self] in
        var pause = terms.renewal
        while loss == nil {
          try? await Task.sleep(for: pause)
          if Task.isCancelled { return }
          pause = await renew() ? terms.renewal : terms.retry
        }
      }
    }
  }

  /// Renews the lease once; returns false if that failed. `loss` tells whether trying again makes sense.
  ///
  /// A lease that has run out is never renewed: somebody may have broken the lock, and be done with their own.
  func renew() async -> Bool {
    let current = state.withLock { $0.record }
    guard loss == nil, let end = current.leaseEnd else { return false }
    do {
      let store = try await renewalStore()
      guard try await store.contains(uuid) else {
        lose("somebody broke it")
        return false
      }
      let renewed = current.renewed(terms)
      try await store.define(renewed)
      guard terms.now() < end else {
        lose("its lease ran out while it was renewed")
        return false
      }
      state.withLock { $0.record = renewed }
      return true
    } catch {
      // A connection that failed is not used again. Where the name is somebody else's now, the next look tells.
      if (error as? LibvirtError)?.isConnectionFailure == true { await closeConnection() }
      return false
    }
  }

  /// Ends the renewals and removes the lock, and no other.
  ///
  /// - Returns: false if it was not there any more.
  func release() async throws -> Bool {
    let task = renewer.withLock { task in
      defer { task = nil }
      return task
    }
    task?.cancel()
    // A renewal under way would put the lock back.
    await task?.value
    await closeConnection()
    do {
      return try await store.remove(uuid)
    } catch let error as LibvirtError where error.isConnectionFailure {
      // The run may have ended because its connection did.
      var store = store
      store.connection = try await open(store.connection.uri, store.connection.terms)
      let isRemoved = try await store.remove(uuid)
      await store.connection.close()
      return isRemoved
    }
  }

  private func lose(_ why: String) { state.withLock { $0.loss = why } }

  private func renewalStore() async throws -> LockStore {
    var store = store
    if let open = connection.withLock({ $0 }) {
      store.connection = open
    } else {
      let opened = try await open(store.connection.uri, store.connection.terms)
      connection.withLock { $0 = opened }
      store.connection = opened
    }
    return store
  }

  private func closeConnection() async {
    let open = connection.withLock { connection in
      defer { connection = nil }
      return connection
    }
    if let open, open !== store.connection { await open.close() }
  }
}

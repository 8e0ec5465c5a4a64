internal import CLibvirt
import Synchronization

/// A connection to one hypervisor.
///
/// Any number of tasks may call it at once; at most five calls (with ESX, one) are under way, which is what a
/// daemon takes from one client, and the others wait their turn. A call that has begun runs to its end even
/// if its task is cancelled; one that takes longer than ``terms`` allow fails, and so does every call after it. Objects made by a connection keep it open until ``close()``, after which every
/// call throws ``LibvirtError/Code/invalidConnection``.
public final class Connection: Sendable {
  /// What a connection may do.
  public enum Access: Sendable {
    /// Calls that change anything are refused, and secrets in documents are left out.
    case readOnly
    case readWrite
  }

  /// How many calls of one client a daemon works on at a time, unless told otherwise (`max_client_requests`).
  private static let maximumCalls = 5
  /// How many calls are under way at most.
  var maximumCalls: Int { queue.maximumThreads }
  /// Drivers that hang when several threads call them.
  private static let serialDrivers = ["esx:", "gsx:", "vpx:"]

  /// The URI as given.
  public let uri: String

  /// Given back by the queue's last job, which comes after every call.
  private let handle: Handle
  let queue: CallQueue
  private let counts = Mutex(CallCounts())
  /// How long calls may take, and which are made again.
  public let terms: CallTerms
  /// The threads of calls that have one of their own.
  private let ownThreads = Mutex<[ObjectIdentifier: CallQueue]>([:])
  /// Set just before the connection's own reference is given back.
  private let isClosed = Atomic(false)
  /// Gives back what outlives its closed connection, which may mean to wait for a peer.
  private static let stragglers = CallQueue(maximumThreads: 1)
  #if VIRTFORM_FAULTS
    private let link = CallFaults.Link()
  #endif

  private init(uri: String, handle: Handle, queue: CallQueue, terms: CallTerms) {
    self.terms = terms
    self.uri = uri
    self.handle = handle
    self.queue = queue
  }

  deinit {
    queue.finish { [handle] in _ = virConnectClose(handle.pointer) }
  }

  /// Connects to the host that a URI names, following `virConnectOpenAuth`.
  ///
  /// Nobody is asked for credentials; those in libvirt's `auth.conf` are used. A peer that does not answer
  /// for 20 seconds counts as lost.
  ///
  /// - Parameters:
  ///   - terms: how long calls may take, this one included, and which are made again.
  ///   - isTriedAgain: whether connecting is tried again, too, where it fails for a reason that passes.
  /// - Throws: ``LibvirtError``, always with ``LibvirtError/isConnectionFailure``.
  public static func open(
    _ uri: String, access: Access, terms: CallTerms = CallTerms(), isTriedAgain: Bool = true
  ) async throws -> Connection {
    guard isTriedAgain else { return try await openOnce(uri, access, terms) }
    return try await terms.retrying(if: \.isTransientConnectionFailure) {
      try await openOnce(uri, access, terms)
    }
  }

  private static func openOnce(_ uri: String, _ access: Access, _ terms: CallTerms) async throws -> Connection
  {
    let function = "virConnectOpenAuth"
    let isSerial = serialDrivers.contains { uri.hasPrefix($0) }
    let queue = CallQueue(maximumThreads: isSerial ? 1 : maximumCalls)
    let deadline = terms.limits[.connect].map { limit in
      CallDeadline(limit: limit, watch: terms.watch, activity: nil) {
        LibvirtError(exceeding: limit, of: .connect, call: function)
      }
    }
    do {
      return try await queue.run(within: deadline) {
        try Library.initialize()
        let handle = Handle(try makeConnection(function, uri, access))
        return Connection(uri: uri, handle: handle, queue: queue, terms: terms)
      }
    } catch let error as CallQueueError {
      throw LibvirtError(error, call: function)
    } catch {
      queue.finish()
      throw error
    }
  }

  /// Ends the connection, after the calls under way have returned; one that was given up is not waited for. Closing it
  /// again does nothing.
  ///
  /// While there are domains, networks or other objects of the connection, libvirt keeps its link to the
  /// host; it ends with the last of them.
  public func close() async {
    _ = await closeCountingReferences()
  }

  /// Like ``close()``; returns how many references to the connection are left, or `nil` if it was closed
  /// before.
  func closeCountingReferences() async -> Int? {
    let result: Int?? = try? await withCheckedThrowingContinuation { continuation in
      let pending = PendingCall<Int?>(continuation)
      let deadline = deadline(.read, "virConnectClose")
      let watched = deadline?.begin(pending)
      let isFirst = queue.finish { [self] in
        isClosed.store(true, ordering: .releasing)
        pending.finish(with: .success(Int(virConnectClose(handle.pointer))))
        deadline?.end(watched)
      }
      if !isFirst {
        deadline?.end(watched)
        pending.finish(with: .success(nil))
      }
    }
    return result ?? nil
  }

  /// When a call of that kind is given up, and the connection with it; nil if it may take for ever.
  func deadline(_ kind: CallKind, _ function: String, _ activity: CallActivity? = nil)
    -> CallDeadline?
  {
    terms.limits[kind].map { limit in
      CallDeadline(limit: limit, watch: terms.watch, activity: activity) { [weak self] in
        self?.giveUp()
        return LibvirtError(exceeding: limit, of: kind, call: function)
      }
    }
  }

  /// Lets go of all calls, and refuses further ones. libvirt's connection is not closed, since threads may be stuck in it.
  private func giveUp() {
    queue.giveUp()
    for thread in ownThreads.withLock({ Array($0.values) }) { thread.giveUp() }
  }

  /// How often which function was called up to now.
  public var calls: CallCounts { counts.withLock(\.self) }

  /// Runs and counts a call of libvirt on one of the connection's threads.
  ///
  /// What fails for a reason that passes is made again, as the connection's terms say.
  ///
  /// - Parameter failure: what the call has failed with already, when it was made the first time.
  /// - Throws: what the body throws, or ``LibvirtError`` if the connection is closed or given up.
  func call<Value: Sendable>(
    _ function: String, _ effect: CallEffect = .reads, after failure: LibvirtError? = nil,
    _ body: @escaping @Sendable (Call) throws -> Value
  ) async throws -> Value {
    try await terms.retrying(if: { $0.isTransient(for: effect) }, after: failure) {
      do {
        return try await queue.run(within: deadline(effect == .reads ? .read : .change, function)) { [self] in
          try make(function, effect) { try body(call(function)) }
        }
      } catch let error as CallQueueError {
        throw LibvirtError(error, call: function)
      }
    }
  }

  /// Like ``call(_:_:_:)``, for a call that takes so long that it gets a thread for itself, and that is not made again. The
  /// body must hold an object of the connection, which keeps it valid.
  func callOnThreadOfItsOwn<Value: Sendable>(
    _ function: String, _ effect: CallEffect, _ kind: CallKind,
    _ body: @escaping @Sendable (Call) throws -> Value
  ) async throws -> Value {
    let thread = CallQueue(maximumThreads: 1)
    ownThreads.withLock { $0[ObjectIdentifier(thread)] = thread }
    defer {
      ownThreads.withLock { $0[ObjectIdentifier(thread)] = nil }
      thread.finish()
    }
    let activity = CallActivity()
    do {
      return try await thread.run(within: deadline(kind, function, activity)) { [self] in
        if isClosed.load(ordering: .acquiring) { throw CallQueueError.finished }
        if queue.isGivenUp { throw CallQueueError.givenUp }
        return try make(function, effect) {
          try body(Call(connection: handle.pointer, function: function, activity: activity))
        }
      }
    } catch let error as CallQueueError {
      throw LibvirtError(error, call: function)
    }
  }

  /// Calls `body`, which runs in a call of another connection, with the connection itself; refused once it is closed.
  func withPointer<Value>(_ body: (OpaquePointer) throws -> Value) throws -> Value {
    if isClosed.load(ordering: .acquiring) { throw CallQueueError.finished }
    if queue.isGivenUp { throw CallQueueError.givenUp }
    return try body(handle.pointer)
  }

  /// The context of a call that holds an object of the connection, which keeps it valid.
  func call(_ function: String) -> Call { Call(connection: handle.pointer, function: function) }

  /// Counts a further call that is made in the body of another one.
  func count(_ function: String, _ effect: CallEffect) {
    counts.withLock { $0.add(function, effect) }
  }

  /// Counts a call, and makes it on the current thread.
  func make<Value>(
    _ function: String, _ effect: CallEffect, _ call: () throws -> Value
  ) throws -> Value {
    count(function, effect)
    #if VIRTFORM_FAULTS
      if let faults = CallFaults.ofProcess { return try faults.befall(function, effect, on: link, call) }
    #endif
    return try call()
  }

  /// Gives an object's reference back. That is quick while the connection has its own, and never done on the
  /// caller's thread when it may end the connection.
  func release(_ handle: Handle, _ free: @escaping @Sendable (OpaquePointer?) -> Int32) {
    if isClosed.load(ordering: .acquiring),
      (try? Self.stragglers.enqueue { _ = free(handle.pointer) }) != nil
    {
      return
    }
    _ = free(handle.pointer)
  }

  private static func makeConnection(_ function: String, _ uri: String, _ access: Access) throws
    -> OpaquePointer
  {
    #if VIRTFORM_FAULTS
      if let faults = CallFaults.ofProcess {
        var connection: OpaquePointer?
        do {
          return try faults.befall(function, .reads, on: CallFaults.Link()) {
            let made = try connect(function, uri, access)
            connection = made
            return made
          }
        } catch {
          // One that was made, and whose answer did not arrive.
          if let connection { virConnectClose(connection) }
          throw error
        }
      }
    #endif
    return try connect(function, uri, access)
  }

  private static func connect(_ function: String, _ uri: String, _ access: Access) throws -> OpaquePointer {
    let flags: virConnectFlags? =
      switch access {
      case .readOnly: VIR_CONNECT_RO
      case .readWrite: nil
      }
    var credentials = [
      VIR_CRED_USERNAME, VIR_CRED_AUTHNAME, VIR_CRED_ECHOPROMPT, VIR_CRED_PASSPHRASE, VIR_CRED_NOECHOPROMPT,
      VIR_CRED_REALM,
    ].map { Int32(bitPattern: $0.rawValue) }
    let connection = credentials.withUnsafeMutableBufferPointer { credentials in
      // With a callback, even one that has no answer, drivers look into auth.conf.
      var auth = virConnectAuth(
        credtype: credentials.baseAddress, ncredtype: UInt32(credentials.count), cb: { _, _, _ in -1 },
        cbdata: nil)
      return virConnectOpenAuth(uri, &auth, flags?.rawValue ?? 0)
    }
    guard let connection else {
      var error = LibvirtError(lastOf: function)
      error.isConnectionFailure = true
      throw error
    }
    // Drivers without a peer have no keepalive, and an old peer may not know it.
    _ = virConnectSetKeepAlive(connection, 5, 3)
    return connection
  }
}

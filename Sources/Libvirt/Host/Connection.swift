internal import CLibvirt
import Synchronization

/// A connection to one hypervisor.
///
/// Any number of tasks may call it at once; at most five calls (with ESX, one) are under way, which is what a
/// daemon takes from one client, and the others wait their turn. A call that has begun runs to its end even
/// if its task is cancelled. Objects made by a connection keep it open until ``close()``, after which every
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
  /// Drivers that hang when several threads call them.
  private static let serialDrivers = ["esx:", "gsx:", "vpx:"]

  /// The URI as given.
  public let uri: String

  /// Given back by the queue's last job, which comes after every call.
  private let handle: Handle
  private let queue: CallQueue
  private let counts = Mutex(CallCounts())
  /// Set just before the connection's own reference is given back.
  private let isClosed = Atomic(false)
  /// Gives back what outlives its closed connection, which may mean to wait for a peer.
  private static let stragglers = CallQueue(maximumThreads: 1)

  private init(uri: String, handle: Handle, queue: CallQueue) {
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
  /// - Throws: ``LibvirtError``, always with ``LibvirtError/isConnectionFailure``.
  public static func open(_ uri: String, access: Access) async throws -> Connection {
    let isSerial = serialDrivers.contains { uri.hasPrefix($0) }
    let queue = CallQueue(maximumThreads: isSerial ? 1 : maximumCalls)
    do {
      return try await queue.run {
        try Library.initialize()
        let handle = Handle(try connect(uri, access))
        return Connection(uri: uri, handle: handle, queue: queue)
      }
    } catch let error as CallQueueError {
      throw LibvirtError(error, call: "virConnectOpenAuth")
    } catch {
      queue.finish()
      throw error
    }
  }

  /// Ends the connection, after the calls under way have returned. Closing it again does nothing.
  ///
  /// While there are domains, networks or other objects of the connection, libvirt keeps its link to the
  /// host; it ends with the last of them.
  public func close() async {
    _ = await closeCountingReferences()
  }

  /// Like ``close()``; returns how many references to the connection are left, or `nil` if it was closed
  /// before.
  func closeCountingReferences() async -> Int? {
    await withCheckedContinuation { continuation in
      let isFirst = queue.finish { [self] in
        isClosed.store(true, ordering: .releasing)
        continuation.resume(returning: Int(virConnectClose(handle.pointer)))
      }
      if !isFirst { continuation.resume(returning: nil) }
    }
  }

  /// How often which function was called up to now.
  public var calls: CallCounts { counts.withLock(\.self) }

  /// Runs and counts a call of libvirt on one of the connection's threads.
  ///
  /// - Throws: what the body throws, or ``LibvirtError`` if the connection is closed.
  func call<Value: Sendable>(
    _ function: String, _ effect: CallEffect = .reads, _ body: @escaping @Sendable (Call) throws -> Value
  ) async throws -> Value {
    do {
      return try await queue.run { [self] in
        count(function, effect)
        return try body(Call(connection: handle.pointer, function: function))
      }
    } catch let error as CallQueueError {
      throw LibvirtError(error, call: function)
    }
  }

  /// Like ``call(_:_:_:)``, for a call that takes so long that it gets a thread for itself. The body must
  /// hold an object of the connection, which keeps it valid.
  func callOnThreadOfItsOwn<Value: Sendable>(
    _ function: String, _ effect: CallEffect, _ body: @escaping @Sendable (Call) throws -> Value
  ) async throws -> Value {
    let thread = CallQueue(maximumThreads: 1)
    defer { thread.finish() }
    do {
      return try await thread.run { [self] in
        if isClosed.load(ordering: .acquiring) { throw CallQueueError.finished }
        count(function, effect)
        return try body(uncountedCall(function))
      }
    } catch let error as CallQueueError {
      throw LibvirtError(error, call: function)
    }
  }

  /// The context of a call that holds an object of the connection, which keeps it valid.
  func uncountedCall(_ function: String) -> Call {
    Call(connection: handle.pointer, function: function)
  }

  /// Counts a further call that is made in the body of another one.
  func count(_ function: String, _ effect: CallEffect) {
    counts.withLock { $0.add(function, effect) }
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

  private static func connect(_ uri: String, _ access: Access) throws -> OpaquePointer {
    let function = "virConnectOpenAuth"
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

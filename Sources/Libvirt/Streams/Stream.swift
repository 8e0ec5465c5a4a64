internal import CLibvirt
import Synchronization

/// Bytes to and from something on a host, such as the console of a guest. Keeps its connection.
///
/// Its calls run on a thread of its own. Waiting for bytes takes no thread, and sending goes on meanwhile. A
/// stream that is dropped before its end is aborted.
public final class Stream: Sendable {
  public let connection: Connection

  /// Owned; given back by the queue's last job, which comes after every call.
  private let handle: Handle
  private let queue = CallQueue(maximumThreads: 1)
  private let events = StreamEvents()
  private let isEnded = Mutex(false)

  /// Opens a stream on one of the connection's threads.
  ///
  /// - Parameter open: The call that ties the new stream to something.
  init(of connection: Connection, _ call: Call, _ open: (OpaquePointer) -> Int32) throws {
    let stream = try call.check(virStreamNew(call.connection, VIR_STREAM_NONBLOCK.rawValue))
    do {
      try call.check(open(stream))
      do {
        try call.check(events.attach(to: stream, of: call.connection))
      } catch {
        virStreamAbort(stream)
        throw error
      }
    } catch {
      virStreamFree(stream)
      throw error
    }
    handle = Handle(stream)
    self.connection = connection
  }

  deinit {
    let isEnded = isEnded.withLock(\.self)
    queue.finish { [handle, connection, events] in
      if !isEnded {
        events.detach(from: handle.pointer)
        virStreamAbort(handle.pointer)
      }
      connection.release(handle, virStreamFree)
    }
  }

  /// Waits for bytes, following `virStreamRecv`. Returns none at the end of the stream, or after it was ended
  /// here. If the task is cancelled, throws `CancellationError` and leaves the stream as it is.
  ///
  /// - Parameter limit: How many to return at most.
  public func receive(upTo limit: Int) async throws -> [UInt8] {
    while true {
      try Task.checkCancellation()
      let bytes = try await call("virStreamRecv") { [self] call, stream -> [UInt8]? in
        if isEnded.withLock(\.self) { return [] }
        return try receive(upTo: limit, call, stream)
      }
      if let bytes { return bytes }
      await events.wait(for: .readable)
    }
  }

  /// Sends bytes, all of them, following `virStreamSend`. If the task is cancelled, throws
  /// `CancellationError`, and some of them may have been sent.
  public func send(_ bytes: [UInt8]) async throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      try Task.checkCancellation()
      let sent = try await call("virStreamSend") { [self, rest] call, stream in
        if isEnded.withLock(\.self) {
          throw LibvirtError(code: .operationInvalid, message: "the stream has ended", call: call.function)
        }
        return try send(rest, call, stream)
      }
      rest = rest.dropFirst(sent)
      if sent == 0 { await events.wait(for: .writable) }
    }
  }

  /// Ends the stream after what was sent has arrived, following `virStreamFinish`. Does nothing the second
  /// time.
  public func finish() async throws {
    try await end("virStreamFinish", virStreamFinish)
  }

  /// Ends the stream at once, following `virStreamAbort`. Does nothing the second time.
  public func abort() async throws {
    try await end("virStreamAbort", virStreamAbort)
  }

  private func end(_ function: String, _ end: @escaping @Sendable (OpaquePointer?) -> Int32) async throws {
    try await call(function) { [self] call, stream in
      let isFirst = isEnded.withLock { isEnded in
        defer { isEnded = true }
        return !isEnded
      }
      guard isFirst else { return }
      events.detach(from: stream)
      try call.check(end(stream))
    }
  }

  /// `nil` if there is nothing yet; the event is requested then.
  private func receive(upTo limit: Int, _ call: Call, _ stream: OpaquePointer) throws -> [UInt8]? {
    let isOver = events.isOver
    var result: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: max(0, limit)) { buffer, count in
      result = buffer.withMemoryRebound(to: CChar.self) { virStreamRecv(stream, $0.baseAddress, $0.count) }
      count = Int(max(0, result))
    }
    guard result == Self.wouldBlock else {
      try call.check(result)
      return bytes
    }
    if isOver {
      if virConnectIsAlive(call.connection) != 1 { throw Self.lost(call) }
      return []
    }
    events.request(.readable, of: stream)
    return nil
  }

  /// How many bytes were taken; if none, the event is requested.
  private func send(_ bytes: ArraySlice<UInt8>, _ call: Call, _ stream: OpaquePointer) throws -> Int {
    let isOver = events.isOver
    let result = bytes.withUnsafeBytes {
      virStreamSend(stream, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
    }
    if result == Self.wouldBlock || result == 0 {
      if isOver { throw Self.lost(call) }
      events.request(.writable, of: stream)
      return 0
    }
    return Int(try call.check(result))
  }

  private func call<Value: Sendable>(
    _ function: String, _ body: @escaping @Sendable (Call, OpaquePointer) throws -> Value
  ) async throws -> Value {
    do {
      return try await queue.run(within: connection.deadline(.read, function)) { [self] in
        try body(connection.call(function), handle.pointer)
      }
    } catch let error as CallQueueError {
      throw LibvirtError(error, call: function)
    }
  }

  private static func lost(_ call: Call) -> LibvirtError {
    LibvirtError(
      code: .invalidConnection, message: "the connection to the host is lost", call: call.function,
      isConnectionFailure: true)
  }

  /// What `virStreamRecv` and `virStreamSend` return where a blocking stream would wait.
  private static let wouldBlock: Int32 = -2
}

internal import CLibvirt
import Synchronization

/// Lets tasks wait until a non-blocking stream can be read or written.
///
/// Events come on the thread of libvirt's event loop. They are asked for only while somebody waits, as
/// libvirt repeats them for as long as they hold.
final class StreamEvents: Sendable {
  struct Kind: OptionSet, Sendable {
    let rawValue: Int32

    static let readable = Kind(VIR_STREAM_EVENT_READABLE)
    static let writable = Kind(VIR_STREAM_EVENT_WRITABLE)
    /// The stream is over; never has to be asked for.
    static let over: Kind = [Kind(VIR_STREAM_EVENT_ERROR), Kind(VIR_STREAM_EVENT_HANGUP)]

    init(rawValue: Int32) {
      self.rawValue = rawValue
    }

    private init(_ event: virStreamEventType) {
      rawValue = Int32(bitPattern: event.rawValue)
    }
  }

  private struct Waiter {
    let id: UInt64
    let kind: Kind
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var wanted: Kind = []
    /// What came since it was last asked for.
    var seen: Kind = []
    var waiters: [Waiter] = []
    var cancelled: Set<UInt64> = []
    var nextID: UInt64 = 0
    /// Borrowed from the attached stream, which has a reference to it.
    var connection: Handle?
    var timer: Int32 = -1
  }

  /// How often a lost connection is looked for, in milliseconds: no event tells of it.
  private static let lossInterval: Int32 = 1000

  private let state = Mutex(State())

  /// Whether the stream has failed or ended, or was ended here.
  var isOver: Bool { state.withLock { !$0.seen.isDisjoint(with: .over) } }

  /// Has events of the stream delivered here, following `virStreamEventAddCallback` and `virEventAddTimeout`.
  ///
  /// The timer keeps this object until ``detach(from:)``, which has to come before the stream's end. Only the
  /// thread of the event loop lets go of it, so no callback can be under way then. (The stream's own callback
  /// cannot do that: the remote driver never calls its last argument.)
  func attach(to stream: OpaquePointer, of connection: OpaquePointer) -> Int32 {
    let retained = Unmanaged.passRetained(self)
    let timer = virEventAddTimeout(
      Self.lossInterval,
      { _, opaque in
        if let opaque { Unmanaged<StreamEvents>.fromOpaque(opaque).takeUnretainedValue().checkConnection() }
      }, retained.toOpaque(),
      { opaque in
        if let opaque { Unmanaged<StreamEvents>.fromOpaque(opaque).release() }
      })
    guard timer >= 0 else {
      retained.release()
      return timer
    }
    let handle = Handle(connection)
    state.withLock { state in
      state.connection = handle
      state.timer = timer
    }
    let result = virStreamEventAddCallback(
      stream, Kind.over.rawValue,
      { stream, events, opaque in
        guard let stream, let opaque else { return }
        Unmanaged<StreamEvents>.fromOpaque(opaque).takeUnretainedValue()
          .received(Kind(rawValue: events), on: stream)
      }, retained.toOpaque(), nil)
    if result < 0 { stopTimer() }
    return result
  }

  /// Lets go of the stream, and wakes everybody who waits.
  func detach(from stream: OpaquePointer) {
    virStreamEventRemoveCallback(stream)
    stopTimer()
    wake(.over)
  }

  private func stopTimer() {
    let timer = state.withLock { state in
      state.connection = nil
      return state.timer
    }
    virEventRemoveTimeout(timer)
  }

  /// Asks for an event that has to be waited for.
  func request(_ kind: Kind, of stream: OpaquePointer) {
    state.withLock { state in
      state.seen.subtract(kind)
      state.wanted.formUnion(kind)
      virStreamEventUpdateCallback(stream, state.wanted.union(.over).rawValue)
    }
  }

  /// Waits for a requested event or for the end; returns early if the task is cancelled.
  func wait(for kind: Kind) async {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = state.withLock { state in
          if state.cancelled.remove(id) != nil || !state.seen.isDisjoint(with: kind.union(.over)) {
            return true
          }
          state.waiters.append(Waiter(id: id, kind: kind, continuation: continuation))
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state -> Waiter? in
        guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
          state.cancelled.insert(id)
          return nil
        }
        return state.waiters.remove(at: index)
      }
      waiter?.continuation.resume()
    }
    state.withLock { _ = $0.cancelled.remove(id) }
  }

  private func checkConnection() {
    let isLost = state.withLock { state in
      state.connection.map { virConnectIsAlive($0.pointer) == 0 } ?? false
    }
    if isLost { wake(.over) }
  }

  private func received(_ events: Kind, on stream: OpaquePointer) {
    state.withLock { state in
      state.wanted.subtract(events)
      virStreamEventUpdateCallback(stream, state.wanted.union(.over).rawValue)
    }
    wake(events)
  }

  /// Wakes those who wait for the events; after the end, everybody for ever.
  private func wake(_ events: Kind) {
    let awakened = state.withLock { state in
      state.seen.formUnion(events)
      let isOver = !state.seen.isDisjoint(with: .over)
      let awakened = state.waiters.filter { isOver || !$0.kind.isDisjoint(with: events) }
      state.waiters.removeAll { isOver || !$0.kind.isDisjoint(with: events) }
      return awakened
    }
    for waiter in awakened { waiter.continuation.resume() }
  }
}

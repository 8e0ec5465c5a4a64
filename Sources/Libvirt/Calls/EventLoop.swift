internal import CLibvirt
import Glibc

/// libvirt's event loop, on epoll and a thread of its own; follows `virEventRegisterImpl`.
///
/// Each call of a daemon takes its socket out of the loop and puts it back. With libvirt's own loop that wakes the loop's
/// thread twice for each call, and once more for each answer, which sets the timer of the keepalive. Here the kernel is told,
/// and the thread sleeps on. While one call follows another, the kernel is not even told: they read their answers themselves.
final class EventLoop: Sendable {
  /// What is told of a descriptor's events.
  ///
  /// `@unchecked Sendable`, like the others: the pointers in it are libvirt's, and handed back to it as they are.
  fileprivate struct Watch: @unchecked Sendable {
    let descriptor: Int32
    /// What libvirt wants to be told.
    var events: Int32
    /// What the kernel is to tell.
    var armed: Int32 = 0
    /// When it was last armed, or was to be, in milliseconds of the monotonic clock.
    var armedAt = Int64.min
    /// When the kernel is to be told of `events`; nil if it knows.
    var settlesAt: Int64?
    /// When something last happened, and how often in a row without a pause.
    var happenedAt = Int64.min / 2
    var repeats = 0
    let callback: virEventHandleCallback
    let context: UnsafeMutableRawPointer?
    let release: virFreeCallback?
  }

  fileprivate struct Timer: @unchecked Sendable {
    /// Milliseconds between two calls; negative while it is off.
    var interval: Int32
    /// When it is next called, in milliseconds of the monotonic clock.
    var due: Int64
    let callback: virEventTimeoutCallback
    let context: UnsafeMutableRawPointer?
    let release: virFreeCallback?
  }

  /// A function of libvirt's to call with what it was registered with.
  fileprivate struct Release: @unchecked Sendable {
    let function: virFreeCallback?
    let context: UnsafeMutableRawPointer?
  }

  fileprivate struct State {
    var watches: [Int32: Watch] = [:]
    var timers: [Int32: Timer] = [:]
    var nextID: Int32 = 1
    /// Freed by the loop, since libvirt may hold locks while it takes something out.
    var released: [Release] = []
    /// Until when the thread sleeps; it is woken for what comes before.
    var wakesAt = Int64.max
  }

  /// For how many milliseconds a descriptor must have been left alone before the kernel is told of it again.
  private static let settling: Int64 = 10

  /// How often in a row something may happen to a descriptor at once before it is left alone for a moment: what libvirt is
  /// told of and does not take is for a call that is being made.
  private static let patience = 8

  private let state = Guarded(State())
  private let poll: Int32
  private let waker: Int32

  /// nil if the system gives no descriptors.
  private init?() {
    poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    waker = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard poll >= 0, waker >= 0 else { return nil }
    control(EPOLL_CTL_ADD, waker, events: UInt32(EPOLLIN.rawValue), id: 0)
  }

  /// The one of the process, of which libvirt's functions are told nothing.
  private static let shared = EventLoop()

  /// Registers the loop and starts its thread; false if the system refuses. To be called once, before the first connection.
  static func start() -> Bool {
    guard shared != nil else { return false }
    virEventRegisterImpl(
      { descriptor, events, callback, context, release in
        guard let callback else { return -1 }
        return EventLoop.shared?.add(
          Watch(
            descriptor: descriptor, events: events, callback: callback, context: context, release: release))
          ?? -1
      },
      { id, events in EventLoop.shared?.change(id, events) },
      { id in EventLoop.shared?.removeWatch(id) ?? -1 },
      { interval, callback, context, release in
        guard let callback else { return -1 }
        return EventLoop.shared?.add(
          Timer(interval: interval, due: 0, callback: callback, context: context, release: release)) ?? -1
      },
      { id, interval in EventLoop.shared?.changeTimer(id, interval) },
      { id in EventLoop.shared?.removeTimer(id) ?? -1 })
    return detachThread(nil) { _ in
      while true { EventLoop.shared?.turn() }
    }
  }

  // MARK: Descriptors

  private func add(_ watch: Watch) -> Int32 {
    state.withLock { state in
      let id = state.takeID()
      state.watches[id] = watch
      arm(id, &state)
      return id
    }
  }

  private func change(_ id: Int32, _ events: Int32) {
    state.withLock { state in
      guard let watch = state.watches[id] else { return }
      state.watches[id]?.events = events
      let now = Self.now()
      // libvirt takes its socket out for a call, and puts it back after the answer, although the next call may be about to
      // take it out again.
      guard watch.armed == 0, events != 0, now < watch.armedAt + Self.settling else { return arm(id, &state) }
      state.watches[id]?.armedAt = now
      state.watches[id]?.settlesAt = now + Self.settling
      if now + Self.settling < state.wakesAt { wake() }
    }
  }

  /// Tells the kernel what libvirt wants to know.
  private func arm(_ id: Int32, _ state: inout State) {
    guard var watch = state.watches[id] else { return }
    watch.settlesAt = nil
    if watch.events != 0 { watch.armedAt = Self.now() }
    if watch.events != watch.armed {
      // epoll tells of a hang-up whether that was asked for or not, so what nobody waits for is not in it.
      let operation = watch.events == 0 ? EPOLL_CTL_DEL : watch.armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
      control(operation, watch.descriptor, events: watch.events.epoll, id: id)
      watch.armed = watch.events
    }
    state.watches[id] = watch
  }

  /// Takes a descriptor out for a moment to which something happens again and again.
  private func restrain(_ id: Int32, _ state: inout State) {
    guard var watch = state.watches[id] else { return }
    let now = Self.now()
    watch.repeats = now <= watch.happenedAt + 1 ? watch.repeats + 1 : 0
    watch.happenedAt = now
    if watch.repeats >= Self.patience, watch.armed != 0 {
      control(EPOLL_CTL_DEL, watch.descriptor, events: 0, id: id)
      watch.armed = 0
      watch.settlesAt = now + 2
      watch.repeats = 0
    }
    state.watches[id] = watch
  }

  private func removeWatch(_ id: Int32) -> Int32 {
    state.withLock { state in
      guard let watch = state.watches.removeValue(forKey: id) else { return -1 }
      if watch.armed != 0 { control(EPOLL_CTL_DEL, watch.descriptor, events: 0, id: id) }
      state.released.append(Release(function: watch.release, context: watch.context))
      wake()
      return 0
    }
  }

  // MARK: Timers

  private func add(_ timer: Timer) -> Int32 {
    state.withLock { state in
      let id = state.takeID()
      state.timers[id] = timer
      set(id, timer.interval, &state)
      return id
    }
  }

  private func changeTimer(_ id: Int32, _ interval: Int32) { state.withLock { set(id, interval, &$0) } }

  private func set(_ id: Int32, _ interval: Int32, _ state: inout State) {
    let due = Self.now() + Int64(interval)
    state.timers[id]?.interval = interval
    state.timers[id]?.due = due
    if interval >= 0, due < state.wakesAt { wake() }
  }

  private func removeTimer(_ id: Int32) -> Int32 {
    state.withLock { state in
      guard let timer = state.timers.removeValue(forKey: id) else { return -1 }
      state.released.append(Release(function: timer.release, context: timer.context))
      wake()
      return 0
    }
  }

  // MARK: The thread

  /// Waits for events or the next timer, and tells libvirt of them. libvirt's functions are called without the lock, since
  /// they add and remove, too.
  private func turn() {
    let timeout = state.withLock { state -> Int32 in
      state.wakesAt = state.nextDue
      return state.wakesAt == .max ? -1 : Int32(clamping: max(0, state.wakesAt - Self.now()))
    }
    let events = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { buffer in
      Array(buffer.prefix(Int(max(0, epoll_wait(poll, buffer.baseAddress, 64, timeout)))))
    }
    state.withLock { $0.wakesAt = .min }
    for event in events {
      let (id, happened) = (Int32(truncatingIfNeeded: event.data.u64), Int32(libvirt: event.events))
      guard id != 0 else {
        var count: UInt64 = 0
        _ = read(waker, &count, 8)
        continue
      }
      let watch = state.withLock { $0.watches[id] }
      let wanted = happened & ((watch?.events ?? 0) | errors)
      if let watch, watch.events != 0, wanted != 0 {
        watch.callback(id, watch.descriptor, wanted, watch.context)
      }
      state.withLock { restrain(id, &$0) }
    }
    let now = Self.now()
    let due = state.withLock { state in
      for (id, watch) in state.watches where (watch.settlesAt ?? .max) <= now { arm(id, &state) }
      return state.timers.filter { $0.value.isDue(now) }.keys.sorted()
    }
    for id in due {
      let timer = state.withLock { state -> Timer? in
        guard let timer = state.timers[id], timer.isDue(now) else { return nil }
        state.timers[id]?.due = now + Int64(timer.interval)
        return timer
      }
      timer?.callback(id, timer?.context)
    }
    let released = state.withLock { state in
      defer { state.released = [] }
      return state.released
    }
    for release in released { release.function?(release.context) }
  }

  private func wake() {
    var one: UInt64 = 1
    _ = write(waker, &one, 8)
  }

  private func control(_ operation: Int32, _ descriptor: Int32, events: UInt32, id: Int32) {
    var event = epoll_event()
    event.events = events
    event.data.u64 = UInt64(id)
    _ = epoll_ctl(poll, operation, descriptor, &event)
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

/// What libvirt wants to know of every descriptor.
private let errors = Int32(VIR_EVENT_HANDLE_ERROR.rawValue | VIR_EVENT_HANDLE_HANGUP.rawValue)

extension EventLoop.State {
  fileprivate mutating func takeID() -> Int32 {
    defer { nextID += 1 }
    return nextID
  }

  /// When there is next something to do but for events; the end of time if nothing.
  fileprivate var nextDue: Int64 {
    let timer = timers.values.lazy.map { $0.interval >= 0 ? $0.due : .max }.min() ?? .max
    return watches.values.lazy.compactMap(\.settlesAt).reduce(timer, min)
  }
}

extension EventLoop.Timer {
  fileprivate func isDue(_ now: Int64) -> Bool { interval >= 0 && due <= now }
}

extension Int32 {
  /// epoll's events for `virEventHandleType`s.
  fileprivate var epoll: UInt32 {
    var events: UInt32 = 0
    if self & Int32(VIR_EVENT_HANDLE_READABLE.rawValue) != 0 { events |= UInt32(EPOLLIN.rawValue) }
    if self & Int32(VIR_EVENT_HANDLE_WRITABLE.rawValue) != 0 { events |= UInt32(EPOLLOUT.rawValue) }
    return events
  }

  /// `virEventHandleType`s for epoll's events.
  fileprivate init(libvirt events: UInt32) {
    var kinds: UInt32 = 0
    if events & UInt32(EPOLLIN.rawValue) != 0 { kinds |= VIR_EVENT_HANDLE_READABLE.rawValue }
    if events & UInt32(EPOLLOUT.rawValue) != 0 { kinds |= VIR_EVENT_HANDLE_WRITABLE.rawValue }
    if events & UInt32(EPOLLERR.rawValue) != 0 { kinds |= VIR_EVENT_HANDLE_ERROR.rawValue }
    if events & UInt32(EPOLLHUP.rawValue) != 0 { kinds |= VIR_EVENT_HANDLE_HANGUP.rawValue }
    self.init(kinds)
  }
}

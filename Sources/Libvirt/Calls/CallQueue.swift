import Glibc

/// Runs blocking calls, first come first served, on a few threads of its own.
///
/// Swift's own threads are as many as there are cores, and must not block; so calls of C libraries that wait
/// for a peer run here. Threads start when there is work for them, and end after ``finish(with:)``. They keep
/// the queue alive, never the other way round, and nobody joins them: the last reference to the owner of a
/// queue may be dropped on one of the queue's own threads.
///
/// `@unchecked Sendable`: `state` is only touched between `lock()` and `unlock()`; the mutex and the
/// condition have addresses of their own, do not change after `init`, and are meant to be shared.
final class CallQueue: @unchecked Sendable {
  typealias Job = @Sendable () -> Void

  /// A job, and what is told to whoever waits for it if the queue is given up.
  private struct Entry {
    let id: UInt64
    let job: Job
    let giveUp: Job
  }

  private struct State {
    /// Jobs not yet begun, from `head` on.
    var jobs: [Entry?] = []
    /// Jobs that are under way.
    var running: [UInt64: Entry] = [:]
    var nextID: UInt64 = 0
    var head = 0
    var threads = 0
    var idle = 0
    /// Threads that run a job or have not yet let go of it.
    var active = 0
    var isFinishing = false
    var isGivenUp = false
    var lastJob: Job?

    var waiting: Int { jobs.count - head }

    mutating func popFirst() -> Entry? {
      guard head < jobs.count else { return nil }
      defer {
        jobs[head] = nil
        head += 1
        if head == jobs.count {
          jobs.removeAll(keepingCapacity: true)
          head = 0
        }
      }
      return jobs[head]
    }
  }

  let maximumThreads: Int
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state = State()

  init(maximumThreads: Int) {
    self.maximumThreads = maximumThreads
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs a call on one of the threads and waits for it without blocking the caller's thread.
  ///
  /// - Parameter deadline: when it is given up; its time begins when the call does.
  /// - Throws: what the call throws, or ``CallQueueError`` if it could not be run, or was given up with the queue.
  func run<Value: Sendable>(
    within deadline: CallDeadline? = nil, _ call: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let pending = PendingCall(continuation)
      do {
        try enqueue {
          let watched = deadline?.begin(pending)
          pending.finish(with: Result { try call() })
          deadline?.end(watched)
        } orElse: {
          pending.giveUp { CallQueueError.givenUp }
        }
      } catch {
        pending.finish(with: .failure(error))
      }
    }
  }

  /// Adds a job.
  ///
  /// - Parameter giveUp: called if the queue is given up before the job is done.
  func enqueue(_ job: @escaping Job, orElse giveUp: @escaping Job = {}) throws(CallQueueError) {
    lock()
    defer { unlock() }
    if state.isFinishing { throw state.isGivenUp ? .givenUp : .finished }
    state.nextID += 1
    state.jobs.append(Entry(id: state.nextID, job: job, giveUp: giveUp))
    guard state.waiting > state.idle, state.threads < maximumThreads else {
      pthread_cond_signal(condition)
      return
    }
    if !startThread(), state.threads == 0 {
      state.jobs.removeLast()
      throw .noThread
    }
  }

  /// Refuses jobs from now on; after those already there have run, runs the last job and ends the threads.
  ///
  /// Returns without waiting, and false if an earlier call has already finished the queue.
  @discardableResult
  func finish(with lastJob: @escaping Job = {}) -> Bool {
    lock()
    guard !state.isFinishing else {
      unlock()
      return false
    }
    state.isFinishing = true
    state.lastJob = lastJob
    pthread_cond_broadcast(condition)
    let hasThread = state.threads > 0 || startThread()
    if !hasThread { state.lastJob = nil }
    unlock()
    if !hasThread { lastJob() }
    return true
  }

  var isGivenUp: Bool {
    lock()
    defer { unlock() }
    return state.isGivenUp
  }

  /// Refuses jobs from now on, and lets go of all that are waiting and under way. A thread that is stuck in a job stays
  /// there; it ends when the job returns, or with the process.
  func giveUp() {
    lock()
    if state.isGivenUp {
      unlock()
      return
    }
    state.isFinishing = true
    state.isGivenUp = true
    let entries = state.running.values + state.jobs.compactMap(\.self)
    state.jobs = []
    state.head = 0
    pthread_cond_broadcast(condition)
    unlock()
    for entry in entries { entry.giveUp() }
  }

  private func lock() { pthread_mutex_lock(mutex) }

  private func unlock() { pthread_mutex_unlock(mutex) }

  /// Starts a thread that takes jobs; the caller holds the lock. False if the system refuses.
  private func startThread() -> Bool {
    let argument = Unmanaged.passRetained(self)
    guard
      detachThread(
        argument.toOpaque(),
        { argument in
          guard let argument else { return nil }
          Unmanaged<CallQueue>.fromOpaque(argument).takeRetainedValue().work()
          return nil
        })
    else {
      argument.release()
      return false
    }
    state.threads += 1
    return true
  }

  /// What a thread does; each job is released before the next one is asked for.
  private func work() {
    var last: UInt64?
    while let (id, job) = next(after: last) {
      job()
      last = id
    }
  }

  /// Waits for a job. `nil` means that the thread is to end, and has been counted out.
  ///
  /// - Parameter last: the job that the thread has done.
  private func next(after last: UInt64?) -> (id: UInt64, job: Job)? {
    lock()
    defer { unlock() }
    if let last {
      state.active -= 1
      state.running[last] = nil
    }
    while true {
      if let entry = state.popFirst() {
        state.active += 1
        state.running[entry.id] = entry
        return (entry.id, entry.job)
      }
      if state.isFinishing {
        // Whoever comes last, when no other job runs any more, takes the last job.
        if state.active == 0, let job = state.lastJob {
          state.lastJob = nil
          state.active += 1
          return (0, job)
        }
        state.threads -= 1
        return nil
      }
      state.idle += 1
      pthread_cond_wait(condition, mutex)
      state.idle -= 1
    }
  }
}

/// Why a queue did not take a job.
enum CallQueueError: Error {
  case finished
  /// The queue was given up, since a call did not return in time.
  case givenUp
  /// The system gave no thread.
  case noThread
}

/// Starts a thread that nobody joins, following `pthread_create`; the system frees it when it ends.
func detachThread(
  _ argument: UnsafeMutableRawPointer?,
  _ body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
) -> Bool {
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  var thread = pthread_t()
  return pthread_create(&thread, &attributes, body, argument) == 0
}

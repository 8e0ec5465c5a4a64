import Glibc
import Synchronization

/// A value that several threads change.
final class Shared<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>

  init(_ value: Value) { mutex = Mutex(value) }

  var value: Value { mutex.withLock(\.self) }

  @discardableResult
  func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { mutex.withLock { body(&$0) } }
}

/// Blocks threads until it is opened.
final class Gate: @unchecked Sendable {
  // A semaphore is meant to be shared, and its address does not change.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func wait() {
    sem_wait(semaphore)
    sem_post(semaphore)
  }

  func open() { sem_post(semaphore) }
}

import Glibc
import Synchronization
import Testing

@testable import Libvirt

@Suite struct CallQueueTests {
  @Test("40 calls share the threads of their queue, which are none of Swift's")
  func threads() async throws {
    let queue = CallQueue(maximumThreads: 5)
    defer { queue.finish() }
    let seen = Shared(Threads())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<40 {
        group.addTask {
          seen.change { $0.callers.insert(UInt(pthread_self())) }
          try await queue.run {
            seen.change {
              $0.own.insert(UInt(pthread_self()))
              $0.running += 1
              $0.most = max($0.most, $0.running)
            }
            usleep(2000)
            seen.change { $0.running -= 1 }
          }
        }
      }
      try await group.waitForAll()
    }
    let threads = seen.value
    #expect(threads.own.count <= 5)
    #expect(threads.most <= 5)
    #expect(threads.own.isDisjoint(with: threads.callers))
  }

  @Test("tasks run on while every thread of the queue is blocked")
  func noBlocking() async throws {
    let queue = CallQueue(maximumThreads: 5)
    defer { queue.finish() }
    let gate = Gate()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<5 { group.addTask { try await queue.run { gate.wait() } } }
      let sum = await withTaskGroup(of: Int.self) { inner in
        for number in 0..<50 { inner.addTask { number } }
        return await inner.reduce(0, +)
      }
      #expect(sum == 1225)
      gate.open()
      try await group.waitForAll()
    }
  }

  @Test("one thread runs calls in the order in which they came")
  func order() async throws {
    let queue = CallQueue(maximumThreads: 1)
    let order = Shared<[Int]>([])
    for number in 0..<100 { try queue.enqueue { order.change { $0.append(number) } } }
    await withCheckedContinuation { continuation in
      _ = queue.finish { continuation.resume() }
    }
    #expect(order.value == Array(0..<100))
  }

  @Test("the last job comes after all others, once, and then the threads end", arguments: [0, 1, 30])
  func finishing(jobs: Int) async throws {
    weak var leaked: CallQueue?
    let done = Shared(0)
    do {
      let queue = CallQueue(maximumThreads: 3)
      leaked = queue
      for _ in 0..<jobs {
        try queue.enqueue {
          usleep(500)
          done.change { $0 += 1 }
        }
      }
      let before = await withCheckedContinuation { continuation in
        let isFirst = queue.finish { continuation.resume(returning: done.value) }
        #expect(isFirst)
      }
      #expect(before == jobs)
      #expect(!queue.finish())
      #expect(throws: CallQueueError.finished) { try queue.enqueue {} }
    }
    for _ in 0..<500 where leaked != nil { try await Task.sleep(for: .milliseconds(10)) }
    #expect(leaked == nil)
  }

  @Test("the last reference to a connection may go on one of its own threads")
  func lastReference() async throws {
    for _ in 0..<50 {
      weak var leaked: Connection?
      var connection: Connection? = try await Fixtures.emptyHost()
      leaked = connection
      _ = try await connection?.domains()
      connection = nil
      for _ in 0..<500 where leaked != nil { try await Task.sleep(for: .milliseconds(1)) }
      #expect(leaked == nil)
    }
  }

  private struct Threads {
    var own: Set<UInt> = []
    var callers: Set<UInt> = []
    var running = 0
    var most = 0
  }
}

import Synchronization

extension Connection {
  /// Runs and counts a call that reads for each of `items`, as many at once as the host takes from one client.
  ///
  /// Each of the connection's threads goes from one item to the next, with no task in between: among thousands of calls, what
  /// hands them over would take longer than they do. What fails for a reason that passes is made again afterwards, as the
  /// connection's terms say.
  ///
  /// - Parameter body: makes the call, and what is wanted of its answer.
  /// - Returns: in the order of the items.
  /// - Throws: what the body throws, at the first item that does; or ``LibvirtError`` if the connection is closed or given up.
  func calls<Item: Sendable, Value: Sendable>(
    _ function: String, forEach items: [Item], _ body: @escaping @Sendable (Call, Item) throws -> Value
  ) async throws -> [Value] {
    let batch = Batch<Value>(count: items.count)
    try await withTaskCancellationHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<min(items.count, maximumCalls) {
          group.addTask { [self] in
            try await run(function, batch) { [self] index in
              try make(function, .reads) { try body(call(function), items[index]) }
            }
          }
        }
        try await group.waitForAll()
      }
    } onCancel: {
      batch.stop()
    }
    try Task.checkCancellation()
    for (index, error) in batch.failures {
      let value = try await self.call(function, after: error) { try body($0, items[index]) }
      batch.finish(index, value)
    }
    return batch.values
  }

  /// Has one of the connection's threads take items of a batch until there are none.
  private func run<Value: Sendable>(
    _ function: String, _ batch: Batch<Value>, _ make: @escaping @Sendable (Int) throws -> Value
  ) async throws {
    let activity = CallActivity()
    do {
      try await queue.run(within: deadline(.read, function, activity)) {
        while let index = batch.next() {
          do {
            batch.finish(index, try make(index))
          } catch let error as LibvirtError where error.isTransient(for: .reads) {
            batch.fail(index, error)
          } catch {
            batch.stop()
            throw error
          }
          // The time that one call may take begins anew.
          activity.note()
        }
      }
    } catch let error as CallQueueError {
      throw LibvirtError(error, call: function)
    }
  }
}

/// Calls of which several threads take one after the other.
private final class Batch<Value: Sendable>: Sendable {
  private struct State {
    var next = 0
    var values: [Value?]
    var failures: [(index: Int, error: LibvirtError)] = []
  }

  private let state: Mutex<State>

  init(count: Int) { state = Mutex(State(values: Array(repeating: nil, count: count))) }

  /// The next call to make; nil if there is none.
  func next() -> Int? {
    state.withLock { state in
      guard state.next < state.values.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  func finish(_ index: Int, _ value: Value) { state.withLock { $0.values[index] = value } }

  func fail(_ index: Int, _ error: LibvirtError) { state.withLock { $0.failures.append((index, error)) } }

  /// Leaves the rest.
  func stop() { state.withLock { $0.next = $0.values.count } }

  var values: [Value] { state.withLock { $0.values.compactMap(\.self) } }

  var failures: [(index: Int, error: LibvirtError)] { state.withLock { $0.failures } }
}

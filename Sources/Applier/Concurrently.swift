/// Transforms all items at once; the results stand in the order of the items.
///
/// How much really runs at once is up to the connections: each has as many threads as its server takes requests.
func concurrently<Item: Sendable, Value: Sendable>(
  _ items: [Item], _ transform: @escaping @Sendable (Item) async -> Value
) async -> [Value] {
  // One needs no task of its own.
  if items.count == 1 { return [await transform(items[0])] }
  return await withTaskGroup(of: (Int, Value).self) { group in
    for (index, item) in items.enumerated() {
      group.addTask { (index, await transform(item)) }
    }
    var values = [Value?](repeating: nil, count: items.count)
    for await (index, value) in group { values[index] = value }
    return values.compactMap { $0 }
  }
}

/// As `concurrently`; the first error ends it.
func concurrentlyThrowing<Item: Sendable, Value: Sendable>(
  _ items: [Item], _ transform: @escaping @Sendable (Item) async throws -> Value
) async throws -> [Value] {
  if items.count == 1 { return [try await transform(items[0])] }
  return try await withThrowingTaskGroup(of: (Int, Value).self) { group in
    for (index, item) in items.enumerated() {
      group.addTask { (index, try await transform(item)) }
    }
    var values = [Value?](repeating: nil, count: items.count)
    for try await (index, value) in group { values[index] = value }
    return values.compactMap { $0 }
  }
}

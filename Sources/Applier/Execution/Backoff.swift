/// Pauses between looks at what may take a moment or minutes: short ones first.
struct Backoff {
  private static let longest = Duration.milliseconds(200)
  private var next = Duration.milliseconds(5)

  mutating func pause() async throws {
    try await Task.sleep(for: next)
    next = min(next * 2, Self.longest)
  }
}

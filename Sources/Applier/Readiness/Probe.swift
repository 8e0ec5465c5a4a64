/// Looks whether one thing that a guest does when it is ready has come true.
protocol Probe: Sendable {
  /// Looks once. What cannot be told yet is no error.
  func look() async throws -> Sighting
}

/// What a probe saw.
enum Sighting: Sendable, Equatable {
  case ready
  /// Not yet; what there was instead.
  case notYet(String)
  /// It will not come true any more.
  case never(String)
}

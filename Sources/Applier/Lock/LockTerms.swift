import FoundationEssentials

/// How long a lease runs, and who tells the time.
struct LockTerms: Sendable {
  /// Seconds from taking or renewing a lock to its end.
  var lease: TimeInterval = 300
  /// How far, in seconds, the clocks of two machines may be apart: nobody breaks a lock for its lease before.
  var skew: TimeInterval = 60
  /// How long a lock whose lease is over is looked at before it is broken: a holder whose clock is wrong renews it.
  var watch = Duration.seconds(90)
  /// How long a holder waits before it renews its lease, and before it tries again where that failed.
  var renewal = Duration.seconds(60)
  var retry = Duration.seconds(5)
  /// How often a lock that somebody holds is looked at.
  var poll = Duration.milliseconds(500)
  var now: @Sendable () -> Date = { .now }
}

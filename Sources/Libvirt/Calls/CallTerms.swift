/// How long calls may take, and which of them are made again.
///
/// A call of libvirt waits for its host for as long as that lives, and cannot be called off. When its time is over, whoever
/// waits for it gets an error, and its connection is given up: a host that does not answer one call answers none.
public struct CallTerms: Sendable {
  /// That a call failed for a reason that passes, and is made again.
  public struct Retry: Sendable {
    /// What the call failed with.
    public let error: LibvirtError
    /// Counted from 1.
    public let number: Int
    /// How many there may be.
    public let most: Int
    public let pause: Duration
  }

  /// The longest that calls of a kind may take; those that are not in it may take for ever.
  public var limits: [CallKind: Duration]
  /// The pauses before a call is made again.
  public var pauses: [Duration]
  /// Measures both. Time in which this machine sleeps does not count.
  public let clock: any Clock<Duration>
  /// Told of each call that is made again; called from any thread.
  public var report: @Sendable (Retry) -> Void

  /// Of all calls with these terms.
  let watch: any CallWatching

  public static let defaultLimits: [CallKind: Duration] = [
    .connect: .seconds(30), .read: .seconds(120), .change: .seconds(600), .upload: .seconds(300),
    .copy: .seconds(12 * 3600),
  ]

  public static var defaultPauses: [Duration] {
    #if VIRTFORM_FAULTS
      // There is nothing to wait for where a fault is made up.
      if CallFaults.ofProcess?.hasFault == true { return Array(repeating: .milliseconds(20), count: 3) }
    #endif
    return [.seconds(1), .seconds(2), .seconds(4)]
  }

  public init(
    limits: [CallKind: Duration] = defaultLimits,
    pauses: [Duration] = defaultPauses,
    clock: any Clock<Duration> = SuspendingClock(), report: @escaping @Sendable (Retry) -> Void = { _ in }
  ) {
    self.limits = limits
    self.pauses = pauses
    self.clock = clock
    watch = Self.watch(clock)
    self.report = report
  }

  private static func watch(_ clock: some Clock<Duration>) -> any CallWatching { CallWatch(clock) }

  /// What `call` returns, which is made again as long as `isTransient` says so of its error and pauses are left.
  ///
  /// - Parameter failure: what it has failed with already, when it was made the first time.
  func retrying<Value>(
    if isTransient: (LibvirtError) -> Bool, after failure: LibvirtError? = nil,
    _ call: () async throws -> Value
  ) async throws -> Value {
    if pauses.isEmpty, let failure { throw failure }
    for (number, pause) in pauses.enumerated() {
      do {
        if number == 0, let failure { throw failure }
        return try await call()
      } catch let error as LibvirtError where isTransient(error) {
        report(Retry(error: error, number: number + 1, most: pauses.count, pause: pause))
        try await clock.sleep(for: pause)
      }
    }
    return try await call()
  }
}

import Libvirt
import SpecModel
import Synchronization

/// Watches a migration: tells how far it is, lets the guest go over early where that is wanted, and ends what takes too long.
final class MigrationWatch: Sendable {
  private let domain: Domain
  private let terms: MigrationSpec
  private let progress: @Sendable (UInt64, UInt64) -> Void
  private let limit = Mutex<TimeSpan?>(nil)

  init(
    domain: Domain, terms: MigrationSpec, progress: @escaping @Sendable (UInt64, UInt64) -> Void
  ) {
    self.domain = domain
    self.terms = terms
    self.progress = progress
  }

  /// The time that was over, if the migration was ended for it.
  var exceeded: TimeSpan? { limit.withLock(\.self) }

  /// Watches until it is cancelled.
  func run() async {
    let clock = ContinuousClock()
    let start = clock.now
    var hasGoneOver = false
    while !Task.isCancelled {
      do { try await clock.sleep(for: .milliseconds(300)) } catch { return }
      guard let job = try? await domain.job() else { continue }
      if job.total > 0 { progress(job.sent, job.total) }
      if terms.convergence == .postCopy, !hasGoneOver, job.iteration > 1 {
        hasGoneOver = (try? await domain.startPostCopy()) != nil
      }
      if let timeout = terms.timeout, !hasGoneOver, clock.now - start > timeout.duration {
        limit.withLock { $0 = timeout }
        try? await domain.abortJob()
      }
    }
  }
}

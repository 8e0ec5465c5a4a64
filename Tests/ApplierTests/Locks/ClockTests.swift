import FoundationEssentials
import Synchronization
import TestLab
import Testing

@testable import Applier

/// Holders whose clocks are wrong, or jump, and others who want their lock.
@Suite("Clocks of holders")
struct ClockTests {
  /// A clock that is off by so many seconds, which the test changes.
  private final class Clock: Sendable {
    private let offset: Mutex<TimeInterval>

    init(_ offset: TimeInterval) { self.offset = Mutex(offset) }

    var terms: LockTerms {
      var terms = LockLab.terms()
      terms.now = { [self] in Date.now + offset.withLock { $0 } }
      return terms
    }

    func jump(to offset: TimeInterval) { self.offset.withLock { $0 = offset } }

    /// Leases end at whole seconds: one that is renewed within a second is as it was.
    func advance() { offset.withLock { $0 += 1 } }
  }

  @Test(
    "of a holder whose clock is wrong or jumps and one who wants its lock, never both believe that they have it"
  )
  func jumps() async throws {
    var tallies = [
      "clock of a holder up to two hours off", "clock of a holder that jumps by up to two hours",
    ].map { FaultTally(area: "Clocks", fault: $0, command: "make torture FILTER=ClockTests") }
    let lab = try await LockLab()
    for round in 0..<(Torture.isLong ? 1000 : 30) {
      let start = TimeInterval(Int.random(in: -7200...7200))
      let isJump = round % 2 == 1
      let clock = Clock(start)
      let record = try await lab.take(terms: clock.terms)
      let lock = try lab.hold(record, terms: clock.terms)
      if isJump { clock.jump(to: TimeInterval(Int.random(in: -7200...7200))) }
      // A holder that knows of its loss renews nothing: then there is nothing to wait for.
      var terms = LockLab.terms()
      if lock.loss == nil { terms.watch = .seconds(600) }
      let events = LockLab.Events()
      let obstacle = try await LockLab.obstacle {
        _ = try await lab.store.take(
          lab.request(by: LockLab.stranger("bob")), until: .now, terms: terms
        ) { event in
          events.add(event)
          guard case .watching = event else { return }
          clock.advance()
          Task { _ = await lock.renew() }
        }
      }
      let isBoth = obstacle == nil && lock.loss == nil
      let isKept = obstacle?.uuid == record.uuid || lock.loss != nil
      #expect(isKept && !isBoth, "from \(start): \(events.words), \(lock.loss ?? "")")
      tallies[isJump ? 1 : 0].count(hasSurvived: isKept && !isBoth, isLoss: isBoth)
      for held in try await LockLab.fleet([("sim", lab.keeper)]).locks(of: lab.stack) {
        try await lab.store.remove(held.uuid)
      }
    }
    for tally in tallies { try tally.record() }
  }

  @Test(
    "a lock whose lease is over by this clock is held as long as it is renewed, and broken when it is not")
  func hourBehind() async throws {
    let lab = try await LockLab()
    let clock = Clock(-3600)
    let record = try await lab.take(terms: clock.terms)
    let lock = try lab.hold(record, terms: clock.terms)
    var patient = LockLab.terms()
    patient.watch = .seconds(600)
    let events = LockLab.Events()
    let obstacle = try await LockLab.obstacle {
      _ = try await lab.store.take(lab.request(), until: .now, terms: patient) { event in
        events.add(event)
        clock.advance()
        Task { _ = await lock.renew() }
      }
    }
    #expect(obstacle?.uuid == record.uuid)
    #expect(events.words == ["watching sim"])
    #expect(lock.loss == nil)
    // Its holder is gone now.
    let new = try await lab.take(events: events)
    #expect(events.words == ["watching sim", "watching sim", "broke sim leaseOver"])
    try await lab.store.remove(new.uuid)
  }

  @Test("who waits for a lock that is renewed, though its lease seems over, gets it once it is released")
  func waiting() async throws {
    let lab = try await LockLab()
    let clock = Clock(-3600)
    let record = try await lab.take(terms: clock.terms)
    let lock = try lab.hold(record, terms: clock.terms)
    var patient = LockLab.terms()
    patient.watch = .seconds(600)
    let events = LockLab.Events()
    let new = try await lab.store.take(
      lab.request(by: LockLab.stranger("bob"), timeout: 600), until: .now + .seconds(600), terms: patient
    ) { event in
      events.add(event)
      clock.advance()
      Task {
        if case .watching = event { _ = await lock.renew() } else { _ = try await lock.release() }
      }
    }
    #expect(events.words == ["watching sim", "waiting sim"])
    #expect(try await lab.store.find()?.uuid == new.uuid)
    try await lab.store.remove(new.uuid)
  }
}

import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import Synchronization
import Testing

@testable import Applier

@Suite("Holding a lock, and losing it")
struct HeldLockTests {
  /// A clock that the test moves.
  private final class Clock: Sendable {
    private let offset = Mutex<TimeInterval>(0)
    private let start = Date.now

    var terms: LockTerms {
      var terms = LockTerms()
      terms.now = { [self] in start + offset.withLock { $0 } }
      return terms
    }

    func advance(_ seconds: TimeInterval) { offset.withLock { $0 += seconds } }
  }

  @Test("a renewal moves the end of the lease and keeps the UUID")
  func renewal() async throws {
    let lab = try await LockLab()
    let clock = Clock()
    let record = try await lab.take(terms: clock.terms)
    let lock = try lab.hold(record, terms: clock.terms)
    for _ in 0..<3 {
      clock.advance(200)
      #expect(await lock.renew())
      #expect(lock.loss == nil)
    }
    let held = try #require(try await lab.store.find()?.record)
    #expect(held.uuid == record.uuid)
    #expect(held.taken == record.taken)
    let (before, after) = (try #require(record.leaseEnd), try #require(held.leaseEnd))
    #expect(after.timeIntervalSince(before) == 600)
    #expect(try await lock.release())
    #expect(try await lab.store.find() == nil)
  }

  @Test("a lock in the background is renewed until its release, and not put back then")
  func background() async throws {
    let lab = try await LockLab()
    let clock = Clock()
    var terms = clock.terms
    terms.renewal = .milliseconds(1)
    let record = try await lab.take(terms: terms)
    let lock = try lab.hold(record, terms: terms)
    clock.advance(100)
    lock.startRenewing()
    while try await lab.store.find()?.record?.leaseEnd == record.leaseEnd { await Task.yield() }
    #expect(lock.loss == nil)
    #expect(try await lock.release())
    #expect(try await lab.store.find() == nil)
  }

  @Test("a lock that somebody broke is noticed, and not put back")
  func broken() async throws {
    let lab = try await LockLab()
    let lock = try lab.hold(await lab.take())
    try await lab.store.remove(lock.uuid)
    #expect(await !lock.renew())
    #expect(lock.loss == "somebody broke it")
    #expect(try await lab.store.find() == nil)
    #expect(try await !lock.release())
  }

  @Test("a lock that is another's now is noticed, and left to them")
  func retaken() async throws {
    let lab = try await LockLab()
    let lock = try lab.hold(await lab.take())
    try await lab.store.remove(lock.uuid)
    let other = try await lab.take(by: LockLab.stranger("bob"))
    #expect(await !lock.renew())
    #expect(lock.loss != nil)
    #expect(try await !lock.release())
    #expect(try await lab.store.find()?.record == other)
    try await lab.store.remove(other.uuid)
  }

  @Test("a holder whose lease ran out knows it without asking, and does not renew it")
  func leaseOver() async throws {
    let lab = try await LockLab()
    let clock = Clock()
    let record = try await lab.take(terms: clock.terms)
    let lock = try lab.hold(record, terms: clock.terms)
    clock.advance(299)
    #expect(lock.loss == nil)
    clock.advance(2)
    #expect(lock.loss == "its lease ran out before it could be renewed")
    #expect(await !lock.renew())
    #expect(try await lab.store.find()?.record == record)
    #expect(try await lock.release())
  }

  @Test("a renewal that cannot be made is made later; until the lease ends, the lock is held")
  func interruptedRenewal() async throws {
    let lab = try await LockLab()
    let clock = Clock()
    let record = try await lab.take(terms: clock.terms)
    let lock = HostLock(
      record, in: try lab.store, terms: clock.terms, open: { _, _ in throw CancellationError() })
    clock.advance(100)
    #expect(await !lock.renew())
    #expect(lock.loss == nil)
    #expect(try await lock.release())
  }

  // MARK: Several hosts

  @Test("hosts are locked in the order of their names, and released when one cannot be had")
  func order() async throws {
    let lab = try await LockLab()
    let other = try await LockLab.privateHost()
    let fleet = try LockLab.fleet([("rack10", other), ("rack9", lab.keeper)])
    let (rack9, rack10) = (try lab.store, try lab.store(on: other))
    let request = lab.request(by: LockLab.stranger("bob"))
    let theirs = try await lab.take(on: rack10)
    let before = rack9.connection.calls["virDomainDefineXMLFlags"]
    let held = try await LockLab.obstacle {
      _ = try await StackLock.take(request, on: fleet, terms: LockTerms(), report: { _ in })
    }
    #expect(held?.host.rawValue == "rack10")
    #expect(rack9.connection.calls["virDomainDefineXMLFlags"] == before + 1)
    #expect(try await rack9.find() == nil)

    let both = try await lab.take(on: rack9)
    let first = try await LockLab.obstacle {
      _ = try await StackLock.take(request, on: fleet, terms: LockTerms(), report: { _ in })
    }
    #expect(first?.host.rawValue == "rack9")
    try await rack9.remove(both.uuid)
    try await rack10.remove(theirs.uuid)

    let lock = try await StackLock.take(request, on: fleet, terms: LockTerms(), report: { _ in })
    #expect(try await rack9.find() != nil)
    #expect(try await rack10.find() != nil)
    #expect(lock.loss == nil)
    try await rack10.remove(#require(try await rack10.find()).uuid)
    #expect(await lock.release() == ["the lock on host 'rack10' was broken while this ran"])
    #expect(try await rack9.find() == nil)
  }

  @Test("two names of one libvirt are an error, not a run that waits for itself")
  func sameLibvirt() async throws {
    let lab = try await LockLab()
    let fleet = try LockLab.fleet([("a", lab.keeper), ("b", lab.keeper)])
    do {
      _ = try await StackLock.take(lab.request(timeout: 600), on: fleet) { _ in }
      Issue.record("both were locked")
    } catch .host(let error) {
      #expect(error.host.rawValue == "b")
      #expect(error.reason == "it reaches the same libvirt as host 'a'")
    }
    #expect(try await lab.store.find() == nil)
  }

  // MARK: The run

  @Test("once the lock is lost, no further step begins")
  func interruptedRun() async throws {
    let lab = try await LockLab()
    let text = """
      virtform: 1
      stack: \(lab.stack)
      hosts: {sim: {uri: "test:///default"}}
      vms: {\(lab.stack)-a: {memory: 64MiB}, \(lab.stack)-b: {memory: 64MiB}}
      """
    let site = try #require(
      SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)]).site)
    let fleet = try LockLab.fleet([("sim", lab.keeper)])
    let states = await fleet.inspect(site).states
    let plan = try SitePlanner.plan(site, hosts: states, images: [:])
    let before = fleet.mutatingCalls
    let report = await Executor(fleet: fleet, states: states, interruption: { "the lock is lost" }) { _ in }
      .run(plan)
    #expect(!report.succeeded && !report.isPartial)
    #expect(fleet.mutatingCalls == before)
  }
}

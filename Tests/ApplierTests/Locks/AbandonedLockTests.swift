import FoundationEssentials
import Glibc
import Libvirt
import SpecModel
import Testing

@testable import Applier

@Suite("Locks that nobody needs any more")
struct AbandonedLockTests {
  /// Runs `body` with the number of a process that runs, and kills it.
  private func withProcess<Value>(_ body: (pid_t) async throws -> Value) async throws -> Value {
    var pid: pid_t = 0
    let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("600"), nil]
    defer { for argument in arguments { free(argument) } }
    try #require(posix_spawn(&pid, "/bin/sleep", nil, nil, arguments, environ) == 0)
    defer {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    return try await body(pid)
  }

  /// The process as a lock had it, after it was killed; its parent may not have asked yet how it ended.
  private func deadProcess(isReaped: Bool, _ body: (ProcessIdentity) async throws -> Void) async throws {
    try await withProcess { pid in
      let process = try #require(ProcessIdentity(of: pid))
      #expect(!process.isGone)
      kill(pid, SIGKILL)
      var info = siginfo_t()
      waitid(P_PID, id_t(pid), &info, WEXITED | (isReaped ? 0 : WNOWAIT))
      try await body(process)
    }
  }

  @Test("the lock of a process of this machine that was killed is broken at once", arguments: [true, false])
  func deadProcess(isReaped: Bool) async throws {
    let lab = try await LockLab()
    try await deadProcess(isReaped: isReaped) { process in
      #expect(process.isGone)
      let old = try await lab.take(by: LockLab.holder(process))
      let events = LockLab.Events()
      let new = try await lab.take(events: events)
      #expect(events.words == ["broke sim processGone"])
      #expect(new.uuid != old.uuid)
      #expect(try await lab.store.find()?.uuid == new.uuid)
      try await lab.store.remove(new.uuid)
    }
  }

  @Test("who has nothing to do breaks the lock of a process that is gone, and no other")
  func idle() async throws {
    let (gone, held) = (try await LockLab(), try await LockLab())
    try await deadProcess(isReaped: true) { process in
      try await gone.take(by: LockLab.holder(process))
      let record = try await held.take(by: LockLab.holder(ProcessIdentity.current))
      for (lab, words) in [(gone, ["broke sim processGone"]), (held, []), (gone, [])] {
        let fleet = try LockLab.fleet([("sim", lab.keeper)])
        let events = LockLab.Events()
        for event in try await fleet.breakAbandonedLocks(of: lab.stack) { events.add(event) }
        #expect(events.words == words)
      }
      #expect(try await gone.store.find() == nil)
      #expect(try await held.store.find()?.uuid == record.uuid)
      try await held.store.remove(record.uuid)
    }
  }

  @Test("the lock of a process that has the number of another now is broken")
  func reusedNumber() async throws {
    let lab = try await LockLab()
    let current = try #require(ProcessIdentity.current)
    let earlier = ProcessIdentity(machine: current.machine, pid: current.pid, start: current.start - 1)
    try await lab.take(by: LockLab.holder(earlier))
    let events = LockLab.Events()
    let new = try await lab.take(events: events)
    #expect(events.words == ["broke sim processGone"])
    try await lab.store.remove(new.uuid)
  }

  @Test("the lock of a process that runs, or is on another machine, stays while its lease runs")
  func alive() async throws {
    let lab = try await LockLab()
    let current = try #require(ProcessIdentity.current)
    let elsewhere = ProcessIdentity(machine: "another boot", pid: 1 << 30, start: 1)
    for process in [current, elsewhere, nil] {
      let old = try await lab.take(by: LockLab.holder(process))
      #expect(try await LockLab.obstacle { try await lab.take() }?.uuid == old.uuid)
      try await lab.store.remove(old.uuid)
    }
    try await withProcess { pid in
      let old = try await lab.take(by: LockLab.holder(ProcessIdentity(of: pid)))
      kill(pid, SIGSTOP)
      #expect(try await LockLab.obstacle { try await lab.take() }?.uuid == old.uuid)
      try await lab.store.remove(old.uuid)
    }
  }

  @Test("a lease that ran out is broken, a minute later for clocks that differ")
  func expired() async throws {
    let lab = try await LockLab()
    let old = try await lab.take()
    let early = LockLab.terms(clockOffset: 300 + 50)
    #expect(try await LockLab.obstacle { try await lab.take(terms: early) }?.uuid == old.uuid)
    let events = LockLab.Events()
    let new = try await lab.take(terms: LockLab.terms(clockOffset: 300 + 62), events: events)
    #expect(events.words == ["watching sim", "broke sim leaseOver"])
    #expect(try await lab.store.find()?.uuid == new.uuid)
    try await lab.store.remove(new.uuid)
  }

  @Test("a lock without end is not broken, though its process has ended long ago")
  func withoutEnd() async throws {
    let lab = try await LockLab()
    try await deadProcess(isReaped: true) { process in
      let old = try await lab.take(by: LockLab.holder(process), hasLease: false)
      let late = LockLab.terms(clockOffset: 1_000_000)
      #expect(try await LockLab.obstacle { try await lab.take(terms: late) }?.uuid == old.uuid)
      try await lab.store.remove(old.uuid)
    }
  }

  // The test driver removes networks by their name; a real one is in `LockDaemonTests`.
  @Test("of several who break a lock at once, one has the next")
  func breakers() async throws {
    let lab = try await LockLab(racers: 4)
    for _ in 0..<40 {
      let store = try lab.store(on: lab.keeper, usesDomains: true)
      try await lab.take(on: store, terms: LockLab.terms(clockOffset: -1000))
      let winners = try await lab.race(usesDomains: true)
      #expect(winners.count == 1)
      #expect(try await store.find()?.record == winners.first)
      for winner in winners { #expect(try await store.remove(winner.uuid)) }
    }
  }

  @Test("breaking a lock by what was read of it never hits its successor")
  func successor() async throws {
    let lab = try await LockLab()
    let fleet = try LockLab.fleet([("sim", lab.keeper)])
    let old = try await lab.take()
    let read = try #require(try await fleet.locks(of: lab.stack).first)
    try await lab.store.remove(old.uuid)
    let new = try await lab.take(by: LockLab.stranger("bob"))
    #expect(try await !fleet.breakLock(read, of: lab.stack))
    #expect(try await lab.store.find()?.uuid == new.uuid)
    #expect(try await fleet.breakLock(#require(try await fleet.locks(of: lab.stack).first), of: lab.stack))
    #expect(try await fleet.locks(of: lab.stack).isEmpty)
  }
}

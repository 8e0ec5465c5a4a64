import FoundationEssentials
import Glibc
import Libvirt
import Testing

@testable import Applier

/// Locks on a real driver, which keeps networks in files and knows them by their UUID. Needs a libvirtd with QEMU on
/// this machine, which the variable `VIRTFORM_TEST_URI` names.
@Suite(
  .serialized, .enabled(if: LockLab.daemon != nil, "needs VIRTFORM_TEST_URI; make test sets it"))
struct LockDaemonTests {
  @Test("of eight who take it at once, exactly one gets it, round after round", arguments: [false, true])
  func race(usesDomains: Bool) async throws {
    let lab = try await LockLab(racers: 8, uri: LockLab.daemon)
    for _ in 0..<30 {
      let winners = try await lab.race(usesDomains: usesDomains)
      #expect(winners.count == 1)
      #expect(try await lab.store.find()?.record == winners.first)
      for winner in winners { #expect(try await lab.store.remove(winner.uuid)) }
      #expect(try await lab.store.find() == nil)
    }
  }

  @Test("of eight who break a lock at once, one has the next, and can release it", arguments: [false, true])
  func breakers(usesDomains: Bool) async throws {
    let lab = try await LockLab(racers: 8, uri: LockLab.daemon)
    let store = try lab.store(on: lab.keeper, usesDomains: usesDomains)
    for _ in 0..<60 {
      try await lab.take(on: store, terms: LockLab.terms(clockOffset: -1000))
      let winners = try await lab.race(usesDomains: usesDomains)
      #expect(winners.count == 1)
      #expect(try await store.find()?.record == winners.first)
      for winner in winners { #expect(try await store.remove(winner.uuid)) }
      #expect(try await store.find() == nil)
    }
  }

  @Test("a lock whose file is missing can be released")
  func missingFile() async throws {
    let lab = try await LockLab(uri: LockLab.daemon)
    let home = try #require(ProcessInfo.processInfo.environment["VIRTFORM_HOME"])
    let store = try lab.store
    let record = try await lab.take()
    let directory = geteuid() == 0 ? "etc" : "cfg/libvirt"
    try FileManager.default.removeItem(atPath: "\(home)/\(directory)/qemu/networks/\(store.name).xml")
    #expect(try await store.remove(record.uuid))
    #expect(try await store.find() == nil)
  }

  @Test("a lock is renewed and released although the run's connection has failed")
  func lostConnection() async throws {
    let lab = try await LockLab(racers: 1, uri: LockLab.daemon)
    let store = try lab.store(on: lab.racers[0])
    let record = try await lab.take(on: store)
    let lock = HostLock(record, in: store, terms: LockTerms())
    await store.connection.close()
    #expect(await lock.renew())
    #expect(try await lab.store.find()?.uuid == record.uuid)
    #expect(try await lock.release())
    #expect(try await lab.store.find() == nil)
  }
}

import FoundationEssentials
import Libvirt
import Planner
import SpecModel
import Synchronization
import Testing

@testable import Applier

@Suite("The lock of a stack on a host")
struct LockTests {
  // MARK: Document

  @Test("what a lock says comes back from libvirt as it was", arguments: [false, true], [false, true])
  func roundTrip(usesDomains: Bool, hasLease: Bool) async throws {
    let lab = try await LockLab()
    let store = try lab.store(on: lab.keeper, usesDomains: usesDomains)
    let process = ProcessIdentity(machine: "boot pid:[1] <&>", pid: 4711, start: 99)
    for reason in [nil, "disk swap, \"rack\" <1> & 'é'"] {
      let request = lab.request(by: LockLab.holder(process), reason: reason, hasLease: hasLease)
      let record = try await store.take(request, until: .now, terms: LockTerms(), report: { _ in })
      #expect(try await store.find() == HeldLock(host: store.host, record: record, uuid: record.uuid))
      #expect(record.reason == reason)
      #expect((record.leaseEnd != nil) == hasLease)
      #expect(try await store.remove(record.uuid))
      #expect(try await store.find() == nil)
    }
  }

  @Test("the lock is a network that is not started, and has neither bridge nor address of its own")
  func shape() async throws {
    let lab = try await LockLab()
    let record = try await lab.take()
    let network = try #require(try await lab.keeper.network(named: "virtform-lock-\(lab.stack)"))
    #expect(network.uuid == record.uuid)
    #expect(try await !network.isActive())
    #expect(try await !network.autostart())
    let document = try await network.xml(.inactive)
    #expect(document.first("forward")?[attribute: "mode"] == "bridge")
    #expect(document.first("ip") == nil)
    try await lab.store.remove(record.uuid)
  }

  @Test("a network of that name which virtform did not make is never broken")
  func foreign() async throws {
    let lab = try await LockLab()
    let network = try await lab.keeper.defineNetwork(
      XMLElement("network") { XMLElement("name", text: "virtform-lock-\(lab.stack)") })
    let late = LockLab.terms(clockOffset: 1_000_000)
    let held = try #require(try await LockLab.obstacle { try await lab.take(terms: late) })
    #expect(held.record == nil)
    #expect(held.uuid == network.uuid)
    try await network.undefine()
  }

  @Test("a lock that somebody started is removed all the same", arguments: [false, true])
  func started(usesDomains: Bool) async throws {
    let lab = try await LockLab()
    let store = try lab.store(on: lab.keeper, usesDomains: usesDomains)
    let record = try await lab.take(on: store)
    if usesDomains {
      try await #require(try await lab.keeper.domain(uuid: record.uuid)).start()
    } else {
      try await #require(try await lab.keeper.network(uuid: record.uuid)).start()
    }
    #expect(try await store.remove(record.uuid))
    #expect(try await store.find() == nil)
  }

  @Test("a host's state has no lock in it", arguments: [false, true])
  func inspection(usesDomains: Bool) async throws {
    let lab = try await LockLab()
    let store = try lab.store(on: lab.keeper, usesDomains: usesDomains)
    let record = try await lab.take(on: store)
    let network = XMLElement("network") { XMLElement("name", text: "lan") }
    _ = try await lab.keeper.defineNetwork(network)
    let text = "virtform: 1\nstack: \(lab.stack)\nhosts: {sim: {uri: \"test:///default\"}}\n"
    let site = try #require(
      SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)]).site)
    let states = try await LockLab.fleet([("sim", lab.keeper)]).inspect(site).states
    func names(_ state: HostState) -> [String] { state.networks.map(\.name) + state.machines.map(\.name) }
    #expect(states.flatMap(names).contains("virtform-lock-\(lab.stack)"))
    let rest = states.map(\.withoutLocks).flatMap(names)
    #expect(!rest.contains { $0.hasPrefix("virtform-lock-") })
    #expect(rest == ["lan"])
    try await store.remove(record.uuid)
  }

  // MARK: Taking

  @Test("a second taker is refused, and hears who holds the lock and what for")
  func refused() async throws {
    let lab = try await LockLab()
    let store = try lab.store
    let first = try await store.take(
      lab.request(command: "destroy", reason: "moving out"), until: .now, terms: LockTerms(),
      report: { _ in })
    let held = try #require(try await LockLab.obstacle { try await lab.take(by: LockLab.stranger("bob")) })
    #expect(held.uuid == first.uuid)
    #expect(held.record.map { "\($0.holder)" } == "anna@desk (pid 4711)")
    #expect(held.record?.command == "destroy")
    #expect(held.record?.reason == "moving out")
    try await store.remove(first.uuid)
    try await store.remove(lab.take(by: LockLab.stranger("bob")).uuid)
  }

  @Test("a lock that is a domain keeps those out who would make a network")
  func kinds() async throws {
    let lab = try await LockLab()
    let domains = try lab.store(on: lab.keeper, usesDomains: true)
    let record = try await lab.take(on: domains)
    #expect(try await LockLab.obstacle { try await lab.take() }?.uuid == record.uuid)
    try await domains.remove(record.uuid)
  }

  @Test("of eight who take it at once, exactly one gets it, round after round", arguments: [false, true])
  func race(usesDomains: Bool) async throws {
    let lab = try await LockLab(racers: 8)
    for _ in 0..<40 {
      let winners = try await lab.race(usesDomains: usesDomains)
      #expect(winners.count == 1)
      let store = try lab.store
      #expect(try await store.find()?.record == winners.first)
      for winner in winners { #expect(try await store.remove(winner.uuid)) }
    }
  }

  @Test("who waits is told once for whom, and gets the lock when it is released")
  func waiting() async throws {
    let lab = try await LockLab()
    let store = try lab.store
    let first = try await lab.take()
    let events = LockLab.Events()
    var terms = LockTerms()
    terms.poll = .milliseconds(5)
    let second = try await store.take(
      lab.request(by: LockLab.stranger("bob"), timeout: 600), until: .now + .seconds(600), terms: terms
    ) { event in
      events.add(event)
      Task {
        try await Task.sleep(for: .milliseconds(50))
        try await store.remove(first.uuid)
      }
    }
    #expect(events.words == ["waiting sim"])
    #expect(try await store.find()?.uuid == second.uuid)
    try await store.remove(second.uuid)
  }

  @Test("who has waited long enough is refused")
  func timeout() async throws {
    let lab = try await LockLab()
    let first = try await lab.take(hasLease: false)
    let held = try await LockLab.obstacle {
      _ = try await lab.store.take(
        lab.request(), until: .now + .milliseconds(30), terms: LockTerms(), report: { _ in })
    }
    #expect(held?.uuid == first.uuid)
    try await lab.store.remove(first.uuid)
  }
}

import SpecModel
import Testing

@testable import Planner

@Suite("Disks that go with the restart of their guest")
struct DeferredDeletionTests {
  private static let without = Specs.restarting
  /// With a disk that no running guest lets go of.
  private static let with = without.with(
    "root: {size: 4GiB}", "root: {size: 4GiB}, logs: {size: 1GiB, bus: sata}")
  private static let note = "web.logs-0e2856b1.deleting"

  private func notes(_ scenario: Scenario) -> Set<String> { scenario.fleet["alpha"].notes["main"] ?? [] }

  private func files(_ scenario: Scenario) -> [String] {
    scenario.fleet["alpha"].volumes.map(\.name).sorted()
  }

  /// After a run whose guest did not start without the disk and runs again as before.
  private func restored() throws -> Scenario {
    var scenario = try Scenario.applied(Self.with)
    let before = scenario.fleet["alpha"]
    let plan = try scenario.plan(Self.without, allowsDataLoss: true)
    scenario.fleet.run(plan, first: 2)
    let notes = notes(scenario)
    scenario.fleet["alpha"] = before
    scenario.fleet["alpha"].notes["main"] = notes
    #expect(notes == [Self.note])
    return scenario
  }

  @Test(
    "the disk is deleted once the guest has started without it, and its pool remembers until then that it goes"
  )
  func order() throws {
    var scenario = try Scenario.applied(Self.with)
    let plan = try scenario.plan(Self.without, allowsDataLoss: true)
    #expect(
      plan.steps.map { "\($0.operation.verb) \($0.address)" } == [
        "update disk.web.logs", "update vm.web", "stop vm.web", "start vm.web", "remove disk.web.logs",
        "update disk.web.logs",
      ])
    #expect(plan.steps.map(\.dependsOn) == [[], [0], [1], [2], [2, 3], [4]])
    expect(
      try scenario.text(Self.without, allowsDataLoss: true),
      is: """
        alpha
          - disk.web.logs  (data loss)
              - content  1 GiB at /srv/main/web.logs-0e2856b1.qcow2  (data loss)
          ~ vm.web  (restart)
              - disks.logs  /srv/main/web.logs-0e2856b1.qcow2  (restart)

        Plan: 0 to add, 1 to change, 1 to remove. 1 guest restarts, 0 replacements, DATA LOSS on 1 disk.

        """)
    #expect(notes(scenario).isEmpty)
    #expect(files(scenario) == ["web.root-c5743a42.qcow2"])
  }

  @Test("a guest that says when it is ready is ready before its disk is deleted")
  func ready() throws {
    let ready = "memory: 2GiB\n    ready: {tcp: 22}"
    let scenario = try Scenario.applied(Self.with.with("memory: 2GiB", ready))
    let plan = try scenario.plan(Self.without.with("memory: 2GiB", ready), allowsDataLoss: true)
    #expect(
      plan.steps.suffix(3).map { "\($0.operation.verb) \($0.address)" } == [
        "await vm.web", "remove disk.web.logs", "update disk.web.logs",
      ])
    #expect(plan.steps.suffix(2).map(\.dependsOn) == [[2, 4], [5]])
  }

  @Test("a run that was cut off before the deletion finds the disk again, and deletes it with consent alone")
  func cutOff() throws {
    var scenario = try Scenario.applied(Self.with)
    scenario.fleet.run(try scenario.plan(Self.without, allowsDataLoss: true), first: 3)
    let plan = try scenario.plan(Self.without)
    #expect(plan.summary.dataLosses == 0)
    #expect(
      plan.notes.map(\.text) == [
        "belongs to no VM and stays at /srv/main/web.logs-0e2856b1.qcow2, 1 GiB (--allow-data-loss deletes it)"
      ])
    let next = try scenario.plan(Self.without, allowsDataLoss: true)
    #expect(
      next.steps.map { "\($0.operation.verb) \($0.address)" } == [
        "start vm.web", "remove disk.web.logs", "update disk.web.logs",
      ])
    #expect(next.steps.map(\.dependsOn) == [[], [0], [1]])
    scenario.fleet.run(next)
    #expect(files(scenario) == ["web.root-c5743a42.qcow2"])
    #expect(notes(scenario).isEmpty)
  }

  @Test("after a failed start the next run with consent does the same again")
  func again() throws {
    var scenario = try restored()
    let plan = try scenario.apply(Self.without, allowsDataLoss: true)
    #expect(plan.summary.dataLosses == 1)
    #expect(files(scenario) == ["web.root-c5743a42.qcow2"])
    #expect(notes(scenario).isEmpty)
  }

  @Test("a disk that is the spec's again after a failed start is no longer about to be deleted")
  func takenBack() throws {
    var scenario = try restored()
    expect(
      try scenario.text(Self.with, allowsDataLoss: true),
      is: """
        alpha
          ~ vm.web
              - disks.logs.deletion  begun

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(notes(scenario).isEmpty)
  }

  @Test("without consent after a failed start the disk stays, and consent in general deletes it no more")
  func calledOff() throws {
    var scenario = try restored()
    try scenario.apply(Self.without)
    #expect(notes(scenario).isEmpty)
    #expect(try scenario.plan(Self.without, allowsDataLoss: true).isEmpty)
    #expect(files(scenario) == ["web.logs-0e2856b1.qcow2", "web.root-c5743a42.qcow2"])
  }
}

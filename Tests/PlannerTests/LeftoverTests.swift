import SpecModel
import Testing

@testable import Planner

@Suite("Disks that belong to no VM any more")
struct LeftoverTests {
  private static let none = Specs.web.without("web:").with("vms:", "vms: {}")

  /// A stack whose VM has left the spec, and its disk has stayed.
  private func scenario(_ spec: String = Specs.web) throws -> Scenario {
    var scenario = try Scenario.applied(spec)
    try scenario.apply(Self.none)
    return scenario
  }

  private func named(_ pattern: String) throws -> SitePlanner.Options {
    var options = SitePlanner.Options()
    options.dataLoss = .only([try AddressPattern(parsing: pattern)])
    return options
  }

  @Test("consent that names a disk deletes it, consent in general does not")
  func named() throws {
    var scenario = try scenario()
    let notes = try scenario.plan(Self.none, allowsDataLoss: true).notes.map(\.text)
    #expect(notes.contains { $0.hasSuffix("(--allow-data-loss-of disk.web.root deletes it)") }, "\(notes)")
    let plan = try scenario.plan(Self.none, named("disk.web.root"))
    #expect(plan.changes.map(\.effect) == [.dataLoss])
    scenario.fleet.run(plan)
    #expect(scenario.fleet["alpha"].volumes.isEmpty)
  }

  @Test("consent in general takes nothing away from one that names a disk, in a saved plan, too")
  func both() throws {
    let scenario = try scenario()
    var options = try named("disk.web.root")
    options.dataLoss = .allAnd(options.dataLoss.named)
    #expect(try scenario.plan(Self.none, options).changes.map(\.effect) == [.dataLoss])
    let saved = SavedPlan.Options(options)
    #expect(saved.allowsDataLoss == ["*", "disk.web.root"])
    #expect(try saved.planning.dataLoss == options.dataLoss)
  }

  @Test("destroying the stack with consent deletes it")
  func destroy() throws {
    let scenario = try scenario()
    #expect(try scenario.destroyPlan(Self.none).summary.dataLosses == 0)
    #expect(try scenario.destroyPlan(Self.none, allowsDataLoss: true).summary.dataLosses == 1)
  }

  @Test("what was protected stays, whatever the consent")
  func protected() throws {
    let scenario = try scenario(Specs.web.with("{size: 4GiB}", "{size: 4GiB, protect: true}"))
    #expect(try scenario.plan(Self.none, named("disk.web.root")).isEmpty)
    #expect(try scenario.destroyPlan(Self.none, allowsDataLoss: true).summary.dataLosses == 0)
  }

  @Test("what another file is based on is neither deleted nor used again")
  func base() throws {
    var scenario = try scenario()
    let path = try #require(scenario.fleet["alpha"].volumes.first).path
    try scenario.fleet["alpha"].changePool("main") { $0.foreignBackingPaths = [path] }
    #expect(try scenario.plan(Self.none, named("disk.web.root")).isEmpty)
    #expect(try scenario.refusal(Specs.web).contains("cannot be used again: another file is based on"))
  }

  @Test("consent that names nothing is told of", arguments: ["disk.nonsense", "disk.web-*", "disk.*.data"])
  func nonsense(pattern: String) throws {
    let notes = try scenario().plan(Self.none, named(pattern)).notes
    #expect(notes.contains { $0.text == "--allow-data-loss-of \(pattern) names no disk that there is" })
  }

  @Test("of two files that have one name, the notes promise nothing that the consent would refuse")
  func namesakes() throws {
    var scenario = try scenario()
    // A disk of another VM, which was once renamed to it.
    let other = Identity(stack: try ResourceName(parsing: "shop")).volumeName(
      .machineDisk, base: "old.root", format: .qcow2)
    try scenario.fleet["alpha"].changePool("main") { pool in
      pool.volumes.append(
        Volume(pool: "main", name: other, path: "/srv/main/\(other)", capacity: .gibibytes(1), format: .qcow2)
      )
    }
    scenario.fleet["alpha"].notes["main"] = [
      Identity(stack: try ResourceName(parsing: "shop")).renameName(
        of: .init(kind: .machineDisk, base: "old.root"), to: "web.root", isFile: true)
    ]
    let first = "/srv/main/web.root-c5743a42.qcow2"
    for options in [SitePlanner.Options(), try named("disk.web.root")] {
      let plan = try scenario.plan(Self.none, options)
      #expect(plan.isEmpty)
      let text = try #require(plan.notes.map(\.text).first { $0.contains("stays at \(first)") })
      #expect(
        text.hasSuffix(
          "(/srv/main/\(other) is called the same, and which of the two is meant nobody can tell: virsh vol-delete \(first) deletes this one)"
        ), "\(text)")
    }
  }
}

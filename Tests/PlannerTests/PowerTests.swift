import SpecModel
import Testing

@testable import Planner

@Suite("Whether a VM runs")
struct PowerTests {
  @Test("the mark remembers the power that the spec asked for last")
  func remembered() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.apply(Specs.stopped)
    #expect(try scenario.fleet["alpha"].machine("web").mark?.applied["state"] == "off")
    try scenario.fleet["alpha"].start("web")
    #expect(try scenario.plan(Specs.stopped).changes.flatMap(\.fields).map(\.cause) == [.drift])
    #expect(try scenario.plan(Specs.web).isEmpty)
  }

  private static let more = Specs.web.with("memory: 2GiB", "memory: 2GiB\n    title: Shop")
  private static let bigger = Specs.web.with("memory: 2GiB", "memory: 3GiB")

  /// A VM whose guest was saved: `virsh managedsave`.
  private func saved() throws -> Scenario {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet["alpha"].save("web")
    return scenario
  }

  @Test("a saved guest goes on, and a note tells of it")
  func resumed() throws {
    var scenario = try saved()
    let plan = try scenario.plan(Specs.web)
    #expect(plan.notes.map(\.text).contains { $0.hasPrefix("has a saved state") })
    #expect(plan.changes.map(\.effect) == [.none])
    try scenario.apply(Specs.web)
    #expect(try scenario.plan(Specs.web).isEmpty)
  }

  @Test(
    "nothing that a saved guest would notice is changed",
    arguments: [
      bigger, more, Specs.web.without("disks:"), Specs.web.with("4GiB", "8GiB"),
    ])
  func refused(spec: String) throws {
    let refusal = try saved().refusal(spec, allowsDataLoss: true)
    #expect(refusal.contains("has a saved state"))
    #expect(refusal.contains("virsh managedsave-remove web"))
  }

  @Test("what no guest notices changes beside the saved state")
  func unnoticed() throws {
    let plan = try saved().plan(
      Specs.web.with("memory: 2GiB", "memory: 2GiB\n    autostart: true\n    state: off"))
    #expect(plan.changes.flatMap(\.fields).map(\.path) == ["autostart"])
  }

  @Test("the removal of a VM says that its saved state is lost")
  func removed() throws {
    var scenario = try saved()
    let text = try scenario.text(Specs.web.without("web:").with("vms:", "vms: {}"))
    #expect(text.contains("- saved state"), "\(text)")
  }

  @Test("a guest without a definition is defined again before anything else is done to it")
  func transient() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet["alpha"].change("web") { $0.isTransient = true }
    let text = try scenario.text(Specs.web)
    #expect(text.contains("not as it was last applied, goes back:\n      + definition"), "\(text)")
    try scenario.fleet["alpha"].change("web") { $0.isTransient = true }
    _ = try scenario.text(Self.bigger, restarts: true)
    try scenario.fleet["alpha"].change("web") { $0.isTransient = true }
    _ = try scenario.text(Specs.stopped)
    #expect(try scenario.fleet["alpha"].machine("web").isTransient == false)
  }

  private static let two = Specs.web.with("root: {size: 4GiB}", "root: {size: 4GiB}, logs: {size: 1GiB}")

  @Test("a paused guest runs before it is asked to let go of a device")
  func resumesFirst() throws {
    var scenario = try Scenario.applied(Self.two)
    try scenario.fleet["alpha"].changeGuest("web") { $0.settings.state = .paused }
    _ = try scenario.text(Specs.web)
  }

  @Test("a guest that stays paused keeps a device until its restart")
  func staysPaused() throws {
    let paused = Self.two.with("memory: 2GiB", "memory: 2GiB\n    state: paused")
    var scenario = try Scenario.applied(paused)
    let text = try scenario.text(paused.with(", logs: {size: 1GiB}", ""))
    #expect(text.contains("pending restart: disks.logs"), "\(text)")
  }

  @Test("a file that was deleted under a running guest is not made again")
  func deletedFile() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet["alpha"].changePool("main") { $0.volumes = [] }
    let plan = try scenario.plan(Specs.web)
    #expect(plan.isEmpty)
    #expect(plan.notes.map(\.text).contains { $0.contains("virsh blockcopy web vda") })
    #expect(try scenario.refusal(Specs.stopped).contains("cannot be stopped: the file of its disk 'root'"))
    let none = Specs.web.without("web:").with("vms:", "vms: {}")
    #expect(!(try scenario.plan(none).changes.contains { $0.address.kind == .vm }))
    #expect(try scenario.plan(none, allowsDataLoss: true).changes.contains { $0.address.kind == .vm })
  }
}

import SpecModel
import Testing

@testable import Planner

@Suite("Devices that a person detached")
struct DetachedDeviceTests {
  private static let renamed =
    Specs.web.with("root: {size: 4GiB}", "data: {size: 4GiB}").with(
      "nics: {lan: {", "nics: {in: {network: lan, ")
    + "moved:\n  vms.web.disks.root: vms.web.disks.data\n  vms.web.nics.lan: vms.web.nics.in\n"

  @Test("a disk and a NIC that were renamed come back as they were")
  func renamed() throws {
    var scenario = try Scenario.applied(Specs.web)
    let before = try scenario.fleet["alpha"].machine("web")
    try scenario.apply(Self.renamed)
    try scenario.fleet["alpha"].change("web") { ($0.disks, $0.nics) = ([], []) }
    try scenario.fleet["alpha"].changeGuest("web") { ($0.disks, $0.nics) = ([], []) }
    let text = try scenario.text(Self.renamed)
    #expect(!text.contains("+ disk."), "\(text)")
    let after = try scenario.fleet["alpha"].machine("web")
    #expect(after.disks.map(\.name) == ["data"])
    #expect(after.disks.map(\.path) == before.disks.map(\.path))
    #expect(after.nics.map(\.mac) == before.nics.map(\.mac))
  }

  @Test("a VM that was renamed and undefined by hand gets its old disks")
  func undefined() throws {
    let off = Specs.web.with("memory: 2GiB", "memory: 2GiB\n    state: off")
    let moved =
      off.with("  web:\n", "  front:\n").with("root: {size: 4GiB}", "data: {size: 4GiB}")
      + "moved:\n  vms.web: vms.front\n  vms.front.disks.root: vms.front.disks.data\n"
    var scenario = try Scenario.applied(off)
    let files = try scenario.fleet["alpha"].machine("web").disks.map(\.path)
    try scenario.apply(moved)
    scenario.fleet["alpha"].state.machines = []
    let text = try scenario.text(moved)
    #expect(!text.contains("+ disk."), "\(text)")
    #expect(try scenario.fleet["alpha"].machine("front").disks.map(\.path) == files)
  }

  @Test("a file that a wanted disk has is never deleted, whatever else it is called")
  func twoNames() throws {
    var scenario = try Scenario.applied(Specs.stopped)
    try scenario.fleet["alpha"].change("web") { machine in
      var disk = machine.disks[0]
      disk.name = "tmp"
      machine.disks.insert(disk, at: 0)
    }
    let plan = try scenario.plan(Specs.stopped, allowsDataLoss: true)
    #expect(!plan.steps.contains { if case .deleteVolume = $0.operation { true } else { false } })
  }
}

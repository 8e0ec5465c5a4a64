import SpecModel
import Testing

@testable import Planner

@Suite("Overlays that a person has put over disks")
struct OverlayTests {
  private func scenario(isProven: Bool = true) throws -> Scenario {
    var scenario = try Scenario.applied(Specs.web)
    let overlay = Machine.Overlay(path: "/srv/main/web.s1", isProven: isProven)
    try scenario.fleet["alpha"].change("web") { $0.disks[0].overlay = overlay }
    try scenario.fleet["alpha"].changeGuest("web") { $0.disks[0].overlay = overlay }
    return scenario
  }

  @Test("an overlay is the disk, and a note says how it is taken back")
  func note() throws {
    let scenario = try scenario()
    let plan = try scenario.plan(Specs.web)
    #expect(plan.isEmpty)
    let command =
      "virsh blockcommit web vda --base \(try scenario.fleet["alpha"].machine("web").disks[0].path) --active --pivot"
    #expect(plan.notes.map(\.text).contains { $0.contains(command) })
    let unknown = try self.scenario(isProven: false).plan(Specs.web)
    #expect(unknown.isEmpty)
    #expect(unknown.notes.map(\.text).contains { $0.contains("nobody can look") })
  }

  @Test("a disk below an overlay neither leaves its VM nor grows")
  func change() throws {
    let scenario = try scenario()
    let plan = try scenario.plan(Specs.web.without("disks:"), allowsDataLoss: true)
    #expect(plan.isEmpty)
    #expect(plan.notes.map(\.text).contains { $0.hasSuffix("the disk stays until then") })
    let refusal = try scenario.refusal(Specs.web.with("4GiB", "8GiB"))
    #expect(refusal.contains("cannot grow: somebody has put a file over it"))
  }

  @Test("a VM with an overlay stays until the overlay is taken back, or its disk may be lost")
  func removal() throws {
    let scenario = try scenario()
    let none = Specs.web.without("web:").with("vms:", "vms: {}")
    let plan = try scenario.plan(none)
    #expect(!plan.changes.contains { $0.address.kind == .vm })
    #expect(plan.notes.map(\.text).contains { $0.contains("virsh blockcommit") })
    #expect(try scenario.plan(none, allowsDataLoss: true).changes.contains { $0.address.kind == .vm })
  }

  @Test("the file of an overlay is not the stack's")
  func name() throws {
    let identity = Identity(stack: try ResourceName(parsing: "shop"))
    let name = identity.volumeName(.machineDisk, base: "web.root", format: .qcow2)
    #expect(identity.volume(named: name) != nil)
    #expect(identity.volume(named: name.replacing(".qcow2", with: ".s1")) == nil)
  }
}

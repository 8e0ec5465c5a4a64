import SpecModel
import Testing

@testable import Planner

@Suite("VMs that a person renamed")
struct RenamedByHandTests {
  /// `virsh domrename web shop`
  private func scenario() throws -> Scenario {
    var scenario = try Scenario.applied(Specs.stopped)
    try scenario.fleet["alpha"].change("web") { ($0.name, $0.domainName) = ("shop", "shop") }
    return scenario
  }

  @Test("a VM gets its name back")
  func goesBack() throws {
    var scenario = try scenario()
    let text = try scenario.text(Specs.stopped)
    #expect(text.contains("not as it was last applied, goes back:\n      ~ name  shop → web"), "\(text)")
  }

  @Test("a VM that leaves the spec is removed under whatever name it has")
  func removed() throws {
    let plan = try scenario().plan(Specs.stopped.without("web:").with("vms:", "vms: {}"))
    #expect(plan.changes.map(\.address.description).contains("vm.web"))
  }

  @Test("a spec that follows the new name says so")
  func follows() throws {
    var scenario = try scenario()
    let followed = Specs.stopped.with("  web:\n", "  shop:\n")
    #expect(try scenario.refusal(followed).contains("moved: {vms.web: vms.shop}"))
    let moved = followed + "moved: {vms.web: vms.shop}\n"
    let text = try scenario.text(moved)
    #expect(text.contains("~ name  web → shop"), "\(text)")
    #expect(try scenario.plan(followed).isEmpty)
  }
}

import SpecModel
import Testing

@testable import Planner

@Suite("Parts of a plan")
struct ScopeTests {
  @Test("a VM that is the target has its new address reserved")
  func reservation() throws {
    let scenario = try Scenario.applied(Specs.web)
    var options = SitePlanner.Options()
    options.scope = PlanScope(targets: [try AddressPattern(parsing: "vm.web")], excluded: [])
    let plan = try scenario.plan(Specs.web.with("ip: 10.0.0.11", "ip: 10.0.0.12"), options)
    #expect(plan.changes.map(\.address.description) == ["network.lan"])
    #expect(try scenario.plan(Specs.web.with("10.0.0.199", "10.0.0.198"), options).isEmpty)
  }

  @Test("a NIC that is named after its network is renamed with it")
  func namesake() throws {
    var scenario = try Scenario.applied(Specs.web)
    let mac = try scenario.fleet["alpha"].machine("web").nics.map(\.mac)
    let moved =
      Specs.web.with("  lan: {mode", "  office: {mode").with("nics: {lan:", "nics: {office:")
      + "moved: {networks.lan: networks.office}\n"
    _ = try scenario.text(moved)
    let after = try scenario.fleet["alpha"].machine("web").nics
    #expect(after.map(\.name) == ["office"])
    #expect(after.map(\.mac) == mac)
  }
}

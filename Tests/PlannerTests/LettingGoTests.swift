import SpecModel
import Testing

@testable import Planner

/// `removed` and `moved` of networks.
@Suite("Networks that are let go or renamed")
struct LettingGoTests {
  private static let two = Specs.web.with(
    "networks:", "networks:\n  dmz: {mode: nat, cidr: 10.0.9.0/24}")
  private static let forgotten = Specs.web + "removed:\n  networks.dmz: {forget: true}\n"

  @Test("a network that is let go loses its mark and is otherwise left alone")
  func forget() throws {
    var scenario = try Scenario.applied(Self.two)
    let before = try #require(scenario.fleet["alpha"].state.networks.first { $0.name == "dmz" })
    expect(
      try scenario.text(Self.forgotten),
      is: """
        alpha
          . network.dmz  # it stays as it is

        Plan: 0 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    var after = try #require(scenario.fleet["alpha"].state.networks.first { $0.name == "dmz" })
    #expect(after.mark == nil)
    after.mark = before.mark
    #expect(after == before)
    // The word may stay or go: there is nothing left to do.
    #expect(try scenario.plan(Specs.web).isEmpty)
    #expect(try scenario.destroyPlan(Specs.web).changes.allSatisfy { $0.address.name != "dmz" })
  }

  @Test("a network is not renamed: the plan refuses at the move")
  func move() throws {
    let scenario = try Scenario.applied(Self.two)
    let spec = Self.two.with("dmz: {", "edge: {") + "moved:\n  networks.dmz: networks.edge\n"
    expect(
      try scenario.refusal(spec),
      is: """
        site.yaml:16:17: error: network 'dmz' on host 'alpha' cannot become 'edge': libvirt cannot rename a network
          16 |   networks.dmz: networks.edge
             |                 ^
          help: keep its name, or leave out the move: then 'edge' is made and 'dmz' removed

        """)
  }
}

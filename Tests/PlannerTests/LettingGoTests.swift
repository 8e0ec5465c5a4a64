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

  @Test("what was renamed is let go by any name that it had")
  func forgetByFormerName() throws {
    let renamed = Self.two.with("dmz: {", "edge: {").with("  web:\n", "  www:\n")
    var scenario = try Scenario.applied(Self.two)
    try scenario.apply(renamed + "moved:\n  networks.dmz: networks.edge\n  vms.web: vms.www\n")
    let left =
      Specs.web.without("vms:") + "removed:\n  networks.dmz: {forget: true}\n  vms.web: {forget: true}\n"
    expect(
      try scenario.text(left),
      is: """
        alpha
          . network.edge  # it stays as it is
          . vm.www  # it stays as it is

        Notes:
          disk.www.root on alpha: is still in use by VM 'www' and stays at /srv/main/web.root-c5743a42.qcow2, 4 GiB

        Plan: 0 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(scenario.fleet["alpha"].state.machines.map(\.domainName) == ["web"])
    #expect(try scenario.plan(left).isEmpty)
  }

  private static let moved =
    two.with("dmz: {", "edge: {") + "moved:\n  networks.dmz: networks.edge\n"

  @Test("a network that is renamed is the same one to libvirt; its mark has the new name")
  func move() throws {
    var scenario = try Scenario.applied(Self.two)
    let before = try #require(scenario.fleet["alpha"].state.networks.first { $0.name == "dmz" })
    expect(
      try scenario.text(Self.moved),
      is: """
        alpha
          ~ network.edge
              ~ name  dmz → edge

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    let after = try #require(scenario.fleet["alpha"].state.networks.first { $0.name == "dmz" })
    #expect(after.mark?.name == "edge" && after.mark?.origin == "dmz")
    #expect(after.uuid == before.uuid && after.bridge == before.bridge)
    #expect(scenario.fleet["alpha"].state.networks.count == 2)
    // The word may go: the mark remembers.
    let spec = Self.two.with("dmz: {", "edge: {")
    #expect(try scenario.plan(spec).isEmpty)
    // What is plugged into it is told by its new name, and written with libvirt's.
    expect(
      try scenario.text(spec.with("vms:", "vms:\n  new: {memory: 1GiB, nics: {a: {network: edge}}}")),
      is: """
        alpha
          + vm.new
              memory  1 GiB
              state   running
              nics.a  edge (52:54:ed:ba:c6:17)

        Plan: 1 to add, 0 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(
      scenario.fleet["alpha"].state.machines.first { $0.name == "new" }?.nics.map(\.link) == [
        .network("dmz")
      ])
    #expect(try scenario.destroyPlan(spec).changes.contains { $0.address.name == "edge" })
  }

  @Test("a network gets its first name back, and the mark is as it was")
  func moveBack() throws {
    var scenario = try Scenario.applied(Self.two)
    let before = try #require(scenario.fleet["alpha"].state.networks.first { $0.name == "dmz" })
    try scenario.apply(Self.moved)
    try scenario.apply(Self.two + "moved:\n  networks.edge: networks.dmz\n")
    #expect(scenario.fleet["alpha"].state.networks.first { $0.name == "dmz" } == before)
  }

  @Test("the name that a renamed network was made under is spent")
  func spent() throws {
    var scenario = try Scenario.applied(Self.two)
    try scenario.apply(Self.moved)
    let spec = Self.two.with("dmz: {", "edge: {mode: nat, cidr: 10.0.8.0/24}\n  dmz: {")
    expect(
      try scenario.refusal(spec),
      is: """
        site.yaml:9:8: error: the name 'dmz' is spent on host 'alpha': network 'edge' was made under it
          9 |   dmz: {mode: nat, cidr: 10.0.9.0/24}
            |        ^
          help: give this network another name

        """)
  }

  @Test("a network does not get the name that another one of the stack has")
  func inTheWay() throws {
    var scenario = try Scenario.applied(Self.two)
    try scenario.apply(Self.two.with("dmz: {", "edge: {mode: nat, cidr: 10.0.8.0/24}\n  dmz: {"))
    expect(
      try scenario.refusal(Self.moved),
      is: """
        site.yaml:16:17: error: network 'dmz' cannot be renamed: there is a network 'edge' of the stack on host 'alpha'
          16 |   networks.dmz: networks.edge
             |                 ^
          help: take one of the two out of the stack first

        """)
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// `adopt`: what is there already becomes the stack's.
@Suite("Adoption")
struct AdoptionTests {
  private static let spec = Specs.web.with("networks:", "networks:\n  dmz: {mode: nat, cidr: 10.0.9.0/24}")
  private static let adopting = spec + "adopt: [vms, networks]\n"

  /// A VM and its networks that were let go: they are as before, and nobody's.
  private static func letGo() throws -> Scenario {
    var scenario = try Scenario.applied(spec)
    try scenario.apply(
      spec.without("networks:").without("vms:")
        + "removed:\n  vms.web: {forget: true}\n  networks.lan: {forget: true}\n  networks.dmz: {forget: true}\n"
    )
    return scenario
  }

  @Test("what is there gets a mark and the names of its devices, and is otherwise left alone")
  func adopt() throws {
    var scenario = try Self.letGo()
    let before = scenario.fleet["alpha"].state
    #expect(before.machines.allSatisfy { $0.mark == nil && $0.disks.isEmpty })
    let plan = try scenario.apply(Self.adopting)
    expect(
      PlanText(plan).render(),
      is: """
        alpha
          = network.dmz  # it is there, and becomes the stack's
          = network.lan  # it is there, and becomes the stack's
          = vm.web  # it is there, and becomes the stack's with disks.root, nics.lan

        Plan: 0 to add, 0 to change, 3 to adopt, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(try scenario.plan(Self.adopting).isEmpty)
    #expect(try scenario.plan(Self.spec).isEmpty, "the word may go")
    let after = try #require(scenario.fleet["alpha"].state.machines.first)
    #expect(after.mark?.adopted == after.uuid)
    #expect(after.disks.map(\.name) == ["root"])
  }

  @Test("without the word it is refused, and what another stack has stays refused")
  func refusals() throws {
    let scenario = try Self.letGo()
    #expect(try scenario.refusal(Self.spec).contains("has lost virtform's mark, which names its disks"))
    let other = Self.adopting.with("stack: shop", "stack: bank")
    let owned = try Scenario.applied(Self.spec)
    #expect(try owned.refusal(other).contains("it belongs to stack 'shop'"))
  }

  @Test("what differs is planned as for any VM, and is undone as for any")
  func changes() throws {
    var scenario = try Self.letGo()
    let changed = Self.adopting.with("memory: 2GiB", "memory: 3GiB")
    let plan = try scenario.apply(changed)
    let vm = try #require(plan.changes.first { $0.address.kind == .vm })
    #expect(vm.action == .adopt && vm.fields.contains { $0.path == "memory" })
    #expect(try scenario.plan(changed).isEmpty)
    // A VM that was adopted leaves as others do, and is let go as others are.
    #expect(try scenario.plan(changed.without("vms:")).changes.contains { $0.action == .delete })
    try scenario.apply(changed.without("vms:").without("adopt:") + "removed: {vms.web: {forget: true}}\n")
    #expect(scenario.fleet["alpha"].state.machines.allSatisfy { $0.mark == nil })
    #expect(try scenario.apply(Self.adopting.with("memory: 2GiB", "memory: 3GiB")).summary.adopted == 1)
  }

  @Test("a copy of a VM of the stack, with its mark, is not the stack's until it is adopted")
  func copies() throws {
    var scenario = try Scenario.applied(Self.spec)
    let index = try #require(scenario.fleet["alpha"].state.machines.indices.first)
    scenario.fleet["alpha"].state.machines[index].uuid = UUID()
    #expect(try scenario.refusal(Self.spec).contains("already has a VM 'web'"))
  }
}

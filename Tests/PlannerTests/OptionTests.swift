import SpecModel
import Testing

@testable import Planner

/// What the command line adds to a plan.
@Suite("Options")
struct OptionTests {
  @Test("--force-shutdown reaches the step that stops a guest")
  func forcedShutdown() throws {
    let scenario = try Scenario.applied(Specs.web)
    var options = SitePlanner.Options()
    options.forcesShutdown = true
    let plan = try scenario.plan(Specs.stopped, options)
    let policies = plan.steps.compactMap { step in
      if case .stopMachine(_, let policy) = step.operation { policy } else { nil }
    }
    #expect(policies.map(\.force) == [true])
  }

  @Test("on_change: live-only refuses what a running guest cannot take")
  func liveOnly() throws {
    let scenario = try Scenario.applied(Specs.web)
    let spec = Specs.web.with("memory: 2GiB", "memory: 3GiB\n    on_change: live-only")
    #expect(
      try scenario.refusal(spec).contains(
        "memory of VM 'web' cannot change while its guest runs, and on_change is live-only"))
  }

  @Test("an address that names nothing is refused with the nearest one")
  func unknownAddress() throws {
    let scenario = try Scenario.applied(Specs.web)
    var options = SitePlanner.Options()
    options.scope = PlanScope(targets: [try AddressPattern(parsing: "vm.wbe")], excluded: [])
    do {
      _ = try scenario.plan(Specs.web, options)
      Issue.record("it is planned")
    } catch let failure as SitePlanner.Failure {
      #expect(
        failure.diagnostics.map(\.message) == ["there is no 'vm.wbe', neither in the spec nor on its hosts"])
      #expect(failure.diagnostics.map(\.help) == ["did you mean 'vm.web'?"])
    }
  }

  @Test("drift is told apart from what the spec wants")
  func drift() throws {
    var scenario = try Scenario.applied(Specs.stopped)
    try scenario.fleet["alpha"].change("web") { $0.settings.memory = MemoryAmount(size: .gibibytes(1)) }
    let plan = try scenario.plan(Specs.stopped)
    expect(
      DriftText(plan).render(),
      is: """
        vm.web on alpha
            memory  applied: 2 GiB, is: 1 GiB

        """)
    #expect(
      PlanText(plan).render().contains(
        "not as it was last applied, goes back:\n      ~ memory  1 GiB → 2 GiB"))
  }
}

import SpecModel
import Testing

@testable import Planner

@Suite("Drift")
struct DriftTests {
  private static let titled = Specs.stopped.with("memory: 2GiB", "memory: 2GiB\n    title: Tee")

  private func drift(_ scenario: Scenario, _ spec: String) throws -> DriftText {
    let site = try Scenario.site(spec)
    let (plan, obstacles) = SitePlanner.differences(
      site, hosts: scenario.fleet.states(for: site), images: scenario.contents(of: site))
    return DriftText(plan, obstacles: obstacles)
  }

  @Test("what both the spec and a person have changed since is drift")
  func both() throws {
    var scenario = try Scenario.applied(Self.titled)
    try scenario.fleet["alpha"].change("web") { $0.settings.title = "Hand" }
    expect(
      try drift(scenario, Self.titled.with("Tee", "Vau")).render(),
      is: """
        vm.web on alpha
            title  applied: Tee, is: Hand
        The spec wants 1 change besides: virtform plan

        """)
  }

  @Test("a network and a pool that were stopped by hand are drift, and ones whose first start failed are not")
  func stopped() throws {
    var scenario = try Scenario.applied(Specs.stopped)
    try scenario.fleet["alpha"].changePool("main") { $0.isActive = false }
    scenario.fleet["alpha"].state.networks[0].isActive = false
    expect(
      try drift(scenario, Specs.stopped).render(),
      is: """
        pool.main on alpha
            active  applied: true, is: false
        network.lan on alpha
            active  applied: true, is: false

        """)
    try scenario.fleet["alpha"].changePool("main") { $0.autostart = false }
    scenario.fleet["alpha"].state.networks[0].autostart = false
    scenario.fleet["alpha"].state.networks[0].mark?.applied["autostart"] = nil
    #expect(try !drift(scenario, Specs.stopped).render().contains("active"))
  }

  @Test("what a plan refuses is told of beside what has drifted")
  func obstacles() throws {
    var scenario = try Scenario.applied(Self.titled)
    try scenario.fleet["alpha"].change("web") { $0.settings.title = "Hand" }
    try scenario.fleet["alpha"].changePool("main") { $0.volumes[0].capacity = .gibibytes(8) }
    let text = try drift(scenario, Self.titled).render()
    #expect(text.contains("title  applied: Tee, is: Hand"), "\(text)")
    #expect(text.contains("disk.web.root cannot shrink from 8 GiB to 4 GiB"), "\(text)")
    #expect(text.contains("write size: 8GiB"), "\(text)")
  }
}

import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

@Suite("The text of a plan")
struct PlanTextTests {
  private static let twoHosts =
    Scenario.header(hosts: ["rack-10", "rack-2"]) + """
      pools:
        main: {path: /srv/main}
      vms:
        web: {count: 11, host: rack-10, memory: 1GiB}
        db: {host: rack-2, memory: 1GiB, disks: {root: {size: 1GiB}}}

      """

  @Test("hosts and objects stand in natural order, grouped by host")
  func twoHosts() throws {
    var scenario = Scenario()
    try scenario.apply(Self.twoHosts.with("count: 11", "count: 1"))
    expect(
      try scenario.text(
        Self.twoHosts.with("db: {host: rack-2, memory: 1GiB", "db: {host: rack-2, memory: 2GiB")),
      is: """
        rack-2
          ~ vm.db  (restart)
              ~ memory  1 GiB → 2 GiB  (restart)

        rack-10
          + vm.web-2 … vm.web-11 (10 alike)
              memory  1 GiB
              state   running

        Notes:
          vm.db on rack-2: pending restart: memory (the guest keeps running)

        Plan: 10 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("what the hosts list first makes no difference", arguments: 1...20)
  func deterministic(seed: UInt64) throws {
    var random = SeededNumbers(seed: seed)
    let spec = Self.twoHosts.with(
      "main: {path: /srv/main}", "main: {path: /srv/main}\n  fast: {path: /srv/fast}"
    )
    .with("root: {size: 1GiB}", "root: {size: 1GiB, pool: main}")
    let networks = "networks:\n  a: {mode: isolated}\n  b: {mode: isolated}\n"
    let scenario = try Scenario.applied(spec.with("vms:", networks + "vms:"))
    let site = try Scenario.site(
      Scenario.header(hosts: ["rack-10", "rack-2"]) + "pools:\n  main: {path: /srv/main}\n")
    let states = scenario.fleet.states(for: site)
    let options = SitePlanner.Options(allowsDataLoss: true)
    let plan = try SitePlanner.plan(site, hosts: states, images: [:], options: options)
    var shuffled = states.shuffled(using: &random)
    for index in shuffled.indices {
      shuffled[index].machines.shuffle(using: &random)
      shuffled[index].networks.shuffle(using: &random)
      shuffled[index].pools.shuffle(using: &random)
      for pool in shuffled[index].pools.indices {
        shuffled[index].pools[pool].volumes.shuffle(using: &random)
      }
    }
    let other = try SitePlanner.plan(site, hosts: shuffled, images: [:], options: options)
    #expect(PlanText(other).render() == PlanText(plan).render())
    #expect(other.steps.map { "\($0)" } == plan.steps.map { "\($0)" })
  }

  @Test("control characters of a host never reach a terminal")
  func controlCharacters() throws {
    var scenario = try Scenario.applied(Specs.web)
    try scenario.fleet[].change("web") { $0.settings.title = "\u{1b}[2J\nevil\u{202e}" }
    let text = PlanText(try scenario.plan(Specs.web.with("memory:", "title: Shop\n    memory:"))).render()
    expect(
      text,
      is: """
        alpha
          ~ vm.web
              ~ title  �[2J⏎evil� → Shop  (live)

        Plan: 0 to add, 1 to change, 0 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
  }

  @Test("colours mark only what is to be seen")
  func colours() throws {
    let scenario = try Scenario.applied(Specs.web)
    let text = PlanText(try scenario.plan(Specs.stopped), style: .coloured).render()
    #expect(text.contains("\u{1b}[33m~ vm.web\u{1b}[0m"))
    #expect(text.contains("\u{1b}[33m(stop)\u{1b}[0m"))
  }

  @Test("the words and the order of effects")
  func effects() {
    #expect(Effect.allCases.map(\.word) == ["none", "live", "restart", "stop", "replace", "data loss"])
    #expect(Effect.allCases == Effect.allCases.sorted())
  }
}

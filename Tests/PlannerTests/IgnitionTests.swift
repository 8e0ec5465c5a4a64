import SpecModel
import Testing

@testable import Planner

/// Configs for Ignition: a volume that the guest's firmware device shows.
@Suite("Ignition configs")
struct IgnitionTests {
  private let spec = Specs.web.with("memory: 2GiB", "memory: 2GiB\n    ignition: {hostname: one}")

  private func told(_ text: String) -> String {
    text.replacing(/ignition-[0-9a-f]{12}-[0-9a-f]{8}/, with: "ignition-DIGEST")
      .replacing(/image\.web\.ignition-[0-9a-f]{12}/, with: "image.web.ignition-DIGEST")
      .replacing(/[0-9]+ B/, with: "LENGTH")
  }

  @Test("the config is a volume of the pool, and its content is told to nobody")
  func creation() throws {
    var scenario = Scenario()
    let text = told(try scenario.text(spec))
    #expect(text.contains("+ image.web.ignition\n      pool    main\n      length  LENGTH\n"), "\(text)")
    #expect(text.contains("      ignition    /srv/main/web.ignition-DIGEST.ign\n"), "\(text)")
    #expect(!text.contains("one"), "\(text)")
    #expect(scenario.fleet[].volumes.count { $0.name.hasSuffix(".ign") } == 1)
  }

  @Test("another config waits for the next start, and the old one goes")
  func change() throws {
    var scenario = try Scenario.applied(spec)
    expect(
      told(try scenario.text(spec.with("one", "two"))),
      is: """
        alpha
          + image.web.ignition
              pool    main
              length  LENGTH
          - image.web.ignition-DIGEST  # nothing uses it any more
          ~ vm.web  (restart)
              ~ ignition  /srv/main/web.ignition-DIGEST.ign → /srv/main/web.ignition-DIGEST.ign  (restart)

        Notes:
          vm.web on alpha: pending restart: ignition (the guest keeps running)

        Plan: 1 to add, 1 to change, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    let gone = try scenario.apply(spec.without("ignition:"), restarts: true)
    #expect(gone.summary.restarts == 1)
    #expect(!scenario.fleet[].volumes.contains { $0.name.hasSuffix(".ign") })
  }

  @Test("a host without QEMU's firmware device is told")
  func otherDriver() throws {
    let scenario = Scenario(SimulatedFleet([SimulatedHost("alpha", driver: .xen)]))
    #expect(try scenario.refusal(spec).contains("error: host 'alpha' cannot hand a config to Ignition"))
  }
}

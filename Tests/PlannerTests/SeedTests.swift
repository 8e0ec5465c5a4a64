import SpecModel
import Testing

@testable import Planner

/// Seeds of cloud-init: a volume, a medium and a trace in the mark.
@Suite struct SeedTests {
  private let spec = Specs.web.with("memory: 2GiB", "memory: 2GiB\n    cloud_init: {run: [one]}")

  private func seeds(_ scenario: Scenario) -> [String] {
    scenario.fleet["alpha"].volumes.map(\.name).filter { $0.hasSuffix(".iso") }
  }

  /// A plan's text without what names a seed and its trace.
  private func told(_ text: String) -> String {
    text.replacing(/seed-[0-9a-f]{12}-[0-9a-f]{8}/, with: "seed-DIGEST").replacing(
      /image\.web\.seed-[0-9a-f]{12}/, with: "image.web.seed-DIGEST"
    ).replacing(
      /set \([0-9a-f]{4}\)/, with: "set (TRACE)")
  }

  /// The document of this name in the seed that a host without anything gets.
  private func document(_ name: String, of spec: String) throws -> String? {
    let plan = try Scenario().plan(spec)
    for case .uploadSeed(let seed, _, _) in plan.steps.map(\.operation) {
      return seed.documents.first { $0.name == name }?.text
    }
    return nil
  }

  @Test("a VM with cloud-init has its seed in a drive of its own")
  func creation() throws {
    var scenario = Scenario()
    let text = told(try scenario.text(spec))
    #expect(text.contains("+ image.web.seed\n      pool    main\n      length  134 KiB\n"), "\(text)")
    #expect(text.contains("      cloud_init.user-data       set (TRACE)\n"), "\(text)")
    #expect(text.contains("      disks.seed                 /srv/main/web.seed-DIGEST.iso\n"), "\(text)")
    #expect(!text.contains("one"), "\(text)")
    let seeds = seeds(scenario)
    #expect(seeds.count == 1 && seeds[0].wholeMatch(of: /web\.seed-[0-9a-f]{12}-[0-9a-f]{8}\.iso/) != nil)
  }

  @Test("another seed is swapped into the running guest, and the old one goes")
  func change() throws {
    var scenario = try Scenario.applied(spec)
    let (before, boots) = (seeds(scenario), Array(scenario.fleet["alpha"].boots.values))
    let text = told(try scenario.text(spec.with("[one]", "[two]")))
    expect(
      text,
      is: """
        alpha
          + image.web.seed
              pool    main
              length  134 KiB
          - image.web.seed-DIGEST  # nothing uses it any more
          ~ vm.web
              ~ cloud_init.user-data  set (TRACE) → set (TRACE)  (live)
              ~ disks.seed.media      /srv/main/web.seed-DIGEST.iso → /srv/main/web.seed-DIGEST.iso  (live)

        Plan: 1 to add, 1 to change, 1 to remove. 0 guests restart, 0 replacements, no data loss.

        """)
    #expect(seeds(scenario).count == 1 && seeds(scenario) != before)
    #expect(Array(scenario.fleet["alpha"].boots.values) == boots)
  }

  @Test("what cloud-init sets up once is the same guest's until the spec says that it is another one")
  func instances() throws {
    func metaData(_ spec: String) throws -> String? { try document("meta-data", of: spec) }
    let uuid = Identity(stack: try ResourceName(parsing: "shop")).uuid(.machine, "web").uuidString
      .lowercased()
    let (one, two) = (try metaData(spec), try metaData(spec.with("[one]", "[two]")))
    #expect(one == two && one?.contains("\"instance-id\" : \"\(uuid)\"") == true)
    let third = try metaData(spec.with("[one]", "[one], instance: 3"))
    #expect(third?.contains("\"instance-id\" : \"\(uuid)-3\"") == true)
  }

  @Test("the network's document names the addresses that the NICs have")
  func addresses() throws {
    let scenario = try Scenario.applied(spec)
    let machine = try #require(scenario.fleet["alpha"].state.machines.first)
    let mac = try #require(machine.nics.first?.mac)
    let config = try document("network-config", of: spec)
    #expect(config?.contains("\"\(mac)\"") == true)
  }

  @Test("cloud-init that leaves the spec takes its drive and its seed along")
  func removal() throws {
    var scenario = try Scenario.applied(spec)
    let text = told(try scenario.text(Specs.web))
    #expect(text.contains("- cloud_init.user-data"), "\(text)")
    #expect(text.contains("- disks.seed"), "\(text)")
    #expect(seeds(scenario).isEmpty)
  }

  @Test("destroying the stack leaves no seed")
  func destruction() throws {
    var scenario = try Scenario.applied(spec)
    let plan = try scenario.destroyPlan(spec, allowsDataLoss: true)
    scenario.fleet.run(plan)
    #expect(scenario.fleet["alpha"].volumes.isEmpty)
  }

  @Test("a plan that is saved holds no document")
  func savedPlans() throws {
    let secret = spec.with("[one]", "[\"echo hunter2\"]")
    let site = try Scenario.site(secret)
    let scenario = Scenario()
    let plan = try scenario.plan(secret)
    let saved = SavedPlan(
      plan, of: site, at: "site.yaml", hosts: scenario.fleet.states(for: site), options: .init(),
      version: "1",
      redact: { $0 })
    #expect(try !String(decoding: saved.encoded(), as: UTF8.self).contains("hunter2"))
  }
}

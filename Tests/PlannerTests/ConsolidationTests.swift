import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

@Suite("Few hosts")
struct ConsolidationTests {
  private static let spec = """
    virtform: 1
    stack: shop
    hosts:
      a: {uri: qemu+tls://a/system, size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}}
      b: {uri: qemu+tls://b/system, size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}}
      c: {uri: qemu+tls://c/system, size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}}
    pools:
      main: {path: /srv/main}
      nas: {path: /srv/nas, shared: true}
    vms:
      db:
        host: a          # near the tapes
        cpus: 4
        memory: 8GiB
        disks: {root: {size: 20GiB, pool: nas}}
      web:
        count: 2
        host: b
        memory: 2GiB
        disks: {root: {size: 10GiB, pool: main}}
      old: {host: c, memory: 4GiB, state: off, disks: {root: {size: 5GiB, pool: main}}}

    """

  private static func propose(
    _ spec: String, basis: SiteConsolidation.Basis = .spec, hosts: [HostState] = [],
    headroom: [String] = [], _ change: (inout SiteConsolidation.Options) -> Void = { _ in }
  ) throws -> SiteConsolidation {
    var options = SiteConsolidation.Options(basis: basis)
    options.headroom = try Headroom(parsing: headroom)
    change(&options)
    return try SiteConsolidation.propose(for: try Scenario.site(spec), hosts: hosts, options: options)
  }

  @Test("of a spec alone: hosts before and after, how full they are, the moves and what they copy")
  func text() throws {
    let found = try Self.propose(Self.spec, headroom: ["memory=20%"])
    expect(
      ConsolidationText(found).render(),
      is: """
        """)
  }

  @Test("what is asked for is read strictly")
  func options() throws {
    #expect(try Headroom(parsing: ["20%"]).description == "20 % of memory and vCPUs")
    #expect(
      try Headroom(parsing: ["20%", "cpus=10%"]).description == "20 % of memory and 10 % of vCPUs")
    #expect(try Headroom(parsing: []).description == "" && Headroom().shares == [0, 0])
    for text in ["20", "%", "-1%", "100%", "disk=3%", "memory=", "=3%"] {
      #expect(throws: ValueError.self) { try Headroom(parsing: [text]) }
    }
    #expect(try MachineSize(parsing: "2cpus,4GiB").description == "2 vCPUs and 4 GiB")
    #expect(try MachineSize(parsing: "1cpu,512MiB").demand == [512 << 20, 1])
    for text in ["2,4GiB", "2cpus", "0cpus,4GiB", "2cpus,4", "2cpus,0B", "cpus,4GiB"] {
      #expect(throws: ValueError.self) { try MachineSize(parsing: text) }
    }
  }

  @Test("hosts without a size, and VMs without a place, are told")
  func failures() throws {
    func messages(_ spec: String, headroom: [String] = []) throws -> (String, isRefusal: Bool) {
      do {
        _ = try Self.propose(spec, headroom: headroom)
        return ("", false)
      } catch let failure as SitePlanner.Failure {
        let lines = failure.diagnostics.map {
          "\($0.location?.line ?? 0): \($0.message) | \($0.help ?? "")"
        }
        return (lines.joined(separator: "\n"), failure.isRefusal)
      }
    }
    let unsized = Self.spec.with(", size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}}\n  b:", "}\n  b:")
    #expect(
      try messages(unsized)
        == ("4: the spec does not say what host 'a' has | such as size: {cpus: 32, memory: 256GiB}", false))
    #expect(try messages(Self.spec, headroom: ["60%"]) == ("", true))
  }

  // MARK: Changes of the spec

  private static func rewritten(_ spec: String, _ found: SiteConsolidation) throws -> String {
    let site = try Scenario.site(spec)
    let source = SourceText(path: "site.yaml", text: spec)
    let (sources, diagnostics) = SpecEditor.apply(found.edits(of: site), to: [source])
    #expect(diagnostics == [])
    #expect(found.contradictions(in: try Scenario.site(sources[0].text)) == [])
    return sources[0].text
  }

  @Test("the spec is made to say it, and the plan of it makes these moves")
  func rewriting() throws {
    var fleet = SimulatedFleet([SimulatedHost("a"), SimulatedHost("b"), SimulatedHost("c")])
    fleet.sharedPools = ["nas"]
    var scenario = try Scenario.applied(Self.spec, on: fleet)
    let states = scenario.fleet.states(for: try Scenario.site(Self.spec))
    let found = try Self.propose(Self.spec, basis: .hosts, hosts: states)
    let spec = try Self.rewritten(Self.spec, found)
    let before = SourceText(path: "site.yaml", text: Self.spec)
    expect(
      LineDifference(from: before, to: SourceText(path: "site.yaml", text: spec)).render(),
      is: """
        """)
    let plan = try scenario.apply(spec)
    let moves = plan.changes.filter { $0.action == .move }
    #expect(moves.map { "\($0.address.name) \($0.address.host)" }.sorted() == found.moves.map { "\($0.name) \($0.to)" }.sorted())
    #expect(try scenario.plan(spec).isEmpty)
    let again = try Self.propose(
      spec, basis: .hosts, hosts: scenario.fleet.states(for: try Scenario.site(spec)))
    #expect(again.hostsBefore == found.hostsAfter && again.hostsAfter == found.hostsAfter && again.moves == [])
    #expect(again.edits(of: try Scenario.site(spec)) == [])
  }

  // MARK: The example

  @Test("the example: forty VMs on ten hosts, and the spec that comes of it")
  func example() throws {
    let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path + "/examples/consolidation"
    func text(_ path: String) throws -> String {
      let bytes = try #require(FileManager.default.contents(atPath: "\(directory)/\(path)"))
      return String(decoding: bytes, as: UTF8.self)
    }
    let before = try text("before/site.yaml")
    let found = try Self.propose(before, headroom: ["20%"])
    let after = try Self.rewritten(before, found)
    if ProcessInfo.processInfo.environment["VIRTFORM_WRITE_DOCS"] != nil {
      try Data(after.utf8).write(to: URL(filePath: "\(directory)/after/site.yaml"))
    }
    #expect(try text("after/site.yaml") == after)
    #expect(found.machineCount == 40 && found.hostsBefore.count == 10)
    let readme = try text("README.md")
    let rendered = ConsolidationText(found).render()
    print(rendered)
    #expect(readme.contains(rendered))
    let again = try Self.propose(after, headroom: ["20%"])
    #expect(again.hostsAfter == found.hostsAfter)
  }
}

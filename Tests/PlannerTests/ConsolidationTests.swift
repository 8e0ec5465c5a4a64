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
        stack shop  4 VMs, on 3 hosts now; 1 is enough, with 20 % of memory left free on each.
        No choice of hosts needs fewer.

          HOST  VMS    MEMORY       OF      VCPUS        OF  FULLEST
          a     1 → 0  50 % → 0 %   16 GiB  50 % → 0 %   8   emptied
          b     2 → 4  25 % → 75 %  16 GiB  25 % → 75 %  8   memory
          c     1 → 0  0 %          16 GiB  0 %          8   emptied

          VM   FROM  TO  EFFECT  MEMORY  DISKS  WHY
          db   a     b   live    8 GiB          host 'a' is emptied
          old  c     b   off             5 GiB  host 'c' is emptied

        2 moves copy 8 GiB of memory and 5 GiB of disks.
        Room for 0 more VMs of 1 vCPU and 2 GiB (the median) on these hosts, 2 with nothing left free.

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
    #expect(try MachineSize(parsing: "4GiB,2cpus").description == "2 vCPUs and 4 GiB")
    #expect(try MachineSize(parsing: "1cpu,512MiB") == MachineSize(cpus: 1, memory: .mebibytes(512)))
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
    let refusal = """
      12: there is no place for VM 'db': no host takes it (a: lacks 1 vCPU; b: lacks 3 vCPUs; c: lacks 1 vCPU) | \
      try with less headroom
      """
    #expect(try messages(Self.spec, headroom: ["60%"]) == (refusal, true))
  }

  // MARK: Changes of the spec

  private static func applied() throws -> Scenario {
    var fleet = SimulatedFleet([SimulatedHost("a"), SimulatedHost("b"), SimulatedHost("c")])
    fleet.sharedPools = ["nas"]
    return try Scenario.applied(spec, on: fleet)
  }

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
    var scenario = try Self.applied()
    let states = scenario.fleet.states(for: try Scenario.site(Self.spec))
    let found = try Self.propose(Self.spec, basis: .hosts, hosts: states)
    let spec = try Self.rewritten(Self.spec, found)
    let before = SourceText(path: "site.yaml", text: Self.spec)
    expect(
      LineDifference(from: before, to: SourceText(path: "site.yaml", text: spec)).render(),
      is: """
        --- site.yaml
        +++ site.yaml
        @@ -4 +4 @@
        -  a: {uri: qemu+tls://a/system, size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}}
        +  a: {uri: qemu+tls://a/system, size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}, state: drained}
        @@ -6 +6 @@
        -  c: {uri: qemu+tls://c/system, size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}}
        +  c: {uri: qemu+tls://c/system, size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}, state: drained}
        @@ -12 +12 @@
        -    host: a          # near the tapes
        +    host: b          # near the tapes
        @@ -21 +21 @@
        -  old: {host: c, memory: 4GiB, state: off, disks: {root: {size: 5GiB, pool: main}}}
        +  old: {host: b, memory: 4GiB, state: off, disks: {root: {size: 5GiB, pool: main}}}

        """)
    let plan = try scenario.apply(spec)
    let moves = plan.changes.filter { $0.action == .move }
    #expect(
      moves.map { "\($0.address.name) \($0.address.host)" }.sorted()
        == found.moves.map { "\($0.name) \($0.to)" }.sorted())
    #expect(try scenario.plan(spec).isEmpty)
    let again = try Self.propose(
      spec, basis: .hosts, hosts: scenario.fleet.states(for: try Scenario.site(spec)))
    #expect(
      again.hostsBefore == found.hostsAfter && again.hostsAfter == found.hostsAfter && again.moves == [])
    #expect(again.edits(of: try Scenario.site(spec)) == [])
  }

  @Test("a count whose VMs go to several hosts gets a list, and what a profile says is said by the VM itself")
  func lists() throws {
    let spec = """
      virtform: 1
      stack: shop
      hosts:
        a: {uri: qemu+tls://a/system, size: {cpus: 8, memory: 8GiB}}
        b: {uri: qemu+tls://b/system, size: {cpus: 8, memory: 8GiB}}
        c: {uri: qemu+tls://c/system, size: {cpus: 8, memory: 8GiB}}
      profiles:
        small: {host: c, memory: 2GiB}
      vms:
        one: {host: a, memory: 6GiB}
        two: {host: b, memory: 6GiB}
        web:  # in front
          count: 2
          profile: small

      """
    let found = try Self.propose(spec)
    #expect(found.hostsAfter.map(\.rawValue) == ["a", "b"])
    let changed = spec.with("memory: 8GiB}}\nprofiles", "memory: 8GiB}, state: drained}\nprofiles")
      .with("    profile: small\n", "    profile: small\n    host: [a, b]\n")
    expect(try Self.rewritten(spec, found), is: changed)
  }

  // MARK: What hosts report

  @Test("running VMs of others count and stay where they are; one may ask what would be if they moved")
  func others() throws {
    let scenario = try Self.applied()
    var states = scenario.fleet.states(for: try Scenario.site(Self.spec))
    var other = Machine(name: "theirs", uuid: UUID(), settings: MachineSettings())
    other.settings.state = .running
    other.settings.memory = MemoryAmount(size: .gibibytes(2), max: .gibibytes(2))
    let index = try #require(states.firstIndex { $0.name.rawValue == "c" })
    states[index].machines.append(other)
    let found = try Self.propose(Self.spec, basis: .hosts, hosts: states)
    #expect(found.hostsAfter.map(\.rawValue) == ["c"])
    #expect(found.otherCount == 1 && found.usage.last?.machinesBefore == 2)
    let all = try Self.propose(Self.spec, basis: .hosts, hosts: states) { $0.movesOthers = true }
    #expect(all.hostsAfter.map(\.rawValue) == ["b"] && all.machineCount == 5 && all.otherCount == 0)
    #expect(all.moves.map(\.name).sorted() == ["db", "old", "theirs"])
  }

  @Test("what VMs use counts instead of what they have, where it was measured")
  func measured() throws {
    let spec = Self.spec.with("cpus: 4\n", "cpus: 8\n")
    var fleet = SimulatedFleet([SimulatedHost("a"), SimulatedHost("b"), SimulatedHost("c")])
    fleet.sharedPools = ["nas"]
    let scenario = try Scenario.applied(spec, on: fleet)
    let states = scenario.fleet.states(for: try Scenario.site(spec))
    #expect(try Self.propose(spec, basis: .hosts, hosts: states).hostsAfter.count == 2)
    let db = try #require(states.flatMap(\.machines).first { $0.name == "db" }).uuid
    var load = MeasuredLoad(factor: try Ratio(parsing: "1.5"))
    func look(_ milliseconds: UInt64, used: UInt64, memory: UInt64?) {
      load.add(
        [db: .init(cpuTime: used * 1_000_000, usedMemory: memory)], at: milliseconds * 1_000_000)
    }
    look(0, used: 50_000, memory: nil)
    look(1000, used: 50_500, memory: 1 << 30)
    look(2000, used: 50_501, memory: 1 << 29)
    // Started anew.
    look(3000, used: 0, memory: nil)
    let found = try Self.propose(spec, basis: .hosts, hosts: states) { $0.load = load }
    expect(
      ConsolidationText(found).render(),
      is: """
        stack shop  4 VMs, on 3 hosts now; 1 is enough.
        No choice of hosts needs fewer.

          HOST  VMS    MEMORY       OF      CPUS         OF  FULLEST
          a     1 → 0  50 % → 0 %   16 GiB  19 % → 0 %   4   emptied
          b     2 → 4  25 % → 75 %  16 GiB  50 % → 69 %  4   memory
          c     1 → 0  0 %          16 GiB  0 %          4   emptied

          VM  VCPUS  IN USE  COUNTED  MEMORY  IN USE
          db  8      0.50    0.75     8 GiB   1 GiB

          VM   FROM  TO  EFFECT  MEMORY  DISKS  WHY
          db   a     b   live    8 GiB          host 'a' is emptied
          old  c     b   off             5 GiB  host 'c' is emptied

        2 moves copy 8 GiB of memory and 5 GiB of disks.
        Room for 1 more VM of 1 vCPU and 2 GiB (the median) on these hosts.

        """)
  }

  @Test("of a host that nobody knows the size of, nothing is said but that")
  func unknownSize() throws {
    let spec = Self.spec.with(", size: {cpus: 4, memory: 16GiB}, overcommit: {cpus: 2}}\n  b:", "}\n  b:")
    let states = try Scenario.applied(Self.spec, on: Self.unknownFleet).fleet.states(for: Scenario.site(spec))
    let found = try SiteConsolidation.propose(
      for: try Scenario.site(spec), hosts: states.filter { $0.name.rawValue != "a" },
      unreachable: [try ResourceName(parsing: "a")], options: .init(basis: .hosts))
    let lines = ConsolidationText(found).render().split(separator: "\n").map(String.init)
    #expect(
      lines.filter { $0.hasPrefix("  a ") || $0.hasPrefix("  HOST") } == [
        "  HOST  VMS    MEMORY  OF       VCPUS  OF       FULLEST",
        "  a     1              unknown         unknown",
      ], "\(lines.joined(separator: "\n"))")
    #expect(found.usage.first?.fullest == nil)
  }

  private static let unknownFleet = SimulatedFleet(["a", "b", "c"].map { SimulatedHost($0) })

  // MARK: The example

  @Test("the example: forty VMs on ten hosts, and the spec that comes of it")
  func example() throws {
    let directory =
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
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
    #expect(readme.contains(rendered))
    let again = try Self.propose(after, headroom: ["20%"])
    #expect(again.hostsAfter == found.hostsAfter)
  }
}

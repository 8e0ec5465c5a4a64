import FoundationEssentials
import Planner
import SpecModel
import TestLab
import Testing

@testable import Reports

@Suite("Pictures of an estate")
struct EstateTests {
  private static let site = Samples.site(
    """
    virtform: 1
    stack: shop
    hosts: {rack1: {uri: qemu+tls://a/system}}
    pools: {disks: {path: /srv}}
    networks:
      lan: {mode: nat, cidr: 10.0.0.0/24}
      dmz: {mode: bridge, bridge: br0}
    disks: {data: {size: 10GiB, pool: disks, host: rack1}}
    vms:
      db:
        cpus: 2
        memory: 1.5GiB
        disks: {data: {disk: data}, tmp: {size: 1GiB, pool: disks}}
        nics: {lan: {}, dmz: {}, more: {network: lan}}
      web: {count: 40, memory: 256MiB, nics: {lan: {}}}
    """)

  @Test("Graphviz's language")
  func dot() {
    let text = EstateGraph(Estate(Self.site).folded).dot
    #expect(
      text == """
        graph virtform {
          rankdir=LR
          node [fontname="sans-serif" fontsize=11]
          edge [color=gray50]
          subgraph cluster_0 {
            label="host rack1"
            style=rounded
            "vm/rack1/db" [shape=box label="db\\n2 vCPUs, 1.5 GiB, running\\ntmp 1 GiB"]
            "vm/rack1/web-1" [shape=box label="web-1 … web-40 (40 alike)\\n1 vCPU, 256 MiB, running"]
            "network/rack1/dmz" [shape=hexagon label="dmz\\nbridge"]
            "network/rack1/lan" [shape=hexagon label="lan\\n10.0.0.0/24, nat"]
            "disk/rack1/data" [shape=cylinder label="data 10 GiB (shared)"]
          }
          "vm/rack1/db" -- "network/rack1/lan"
          "vm/rack1/db" -- "network/rack1/dmz"
          "vm/rack1/db" -- "disk/rack1/data"
          "vm/rack1/web-1" -- "network/rack1/lan"
        }

        """)
  }

  @Test("Mermaid's language")
  func mermaid() {
    let text = EstateGraph(Estate(Self.site).folded).mermaid
    #expect(
      text == """
        flowchart LR
          subgraph h0["host rack1"]
            n0["db<br/>2 vCPUs, 1.5 GiB, running<br/>tmp 1 GiB"]
            n1["web-1 … web-40 (40 alike)<br/>1 vCPU, 256 MiB, running"]
            n2{{"dmz<br/>bridge"}}
            n3{{"lan<br/>10.0.0.0/24, nat"}}
            n4[("data 10 GiB (shared)")]
          end
          n0 --- n3
          n0 --- n2
          n0 --- n4
          n1 --- n3

        """)
  }

  @Test("text with the signs of a language is text in it")
  func signs() {
    let host = Estate.Host(
      name: "a\"b\\", uri: nil, networks: [],
      machines: [.init(name: "x<y>#\"&", state: nil, cpus: 1, memory: nil, disks: [], networks: [])])
    let estate = Estate(hosts: [host])
    #expect(EstateGraph(estate).dot.contains(#"label="x<y>#\"&\n1 vCPU""#))
    #expect(EstateGraph(estate).mermaid.contains("[\"x#lt;y#gt;#35;#quot;&<br/>1 vCPU\"]"))
    #expect(EstateDrawing(estate).document.contains(">x&lt;y&gt;#&quot;&amp;</text>"))
  }

  @Test("a drawing is well-formed and grows with its rows, and not with a count of alike VMs")
  func drawing() async throws {
    let drawing = EstateDrawing(Estate(Self.site)).document
    let path = "/tmp/vft-drawing-\(UInt32.random(in: 0...UInt32.max)).svg"
    try drawing.write(toFile: path, atomically: true, encoding: .utf8)
    let outcome = try await Lab.run("/usr/bin/xmllint", ["--noout", path], in: "/")
    _ = try await Lab.run("/bin/rm", [path], in: "/")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let (text, small) = (Self.height(drawing), Self.height(EstateDrawing(Estate(Samples.site)).document))
    #expect(text > small && text < 300, "\(text), \(small)")
    // Three networks' joints of db, where two NICs on one network are one, and one of the web VMs.
    #expect(drawing.components(separatedBy: "r=\"4\" class=\"dot").count - 1 == 3)
  }

  private static func height(_ drawing: String) -> Int {
    drawing.firstMatch(of: #/height="([0-9]+)"/#).flatMap { Int($0.output.1) } ?? 0
  }

  @Test("what a plan does marks the VMs, those that lose a disk, and those that go")
  func marks() {
    let plan = Samples.plan([
      Change(Samples.vm("db"), .update, effect: .live), Samples.loss,
      Change(Samples.vm("old"), .delete, effect: .stop),
    ])
    var state = HostState(
      name: Samples.rack, capabilities: HostCapabilities(driver: .test, hostUUID: "x"))
    let identity = Identity(stack: Samples.site.stack)
    var old = Machine(name: "old", uuid: identity.uuid(.machine, "old"), settings: MachineSettings())
    old.settings.state = .running
    old.mark = Mark(stack: "shop")
    state.machines = [old]
    let estate = Estate(Samples.site, plan: plan).including(leavingBy: plan, from: [state])
    let marks = Dictionary(
      estate.hosts[0].machines.map { ($0.name, $0.mark) }, uniquingKeysWith: { first, _ in first })
    #expect(marks["db"] == Estate.Mark(action: .update, effect: .dataLoss))
    #expect(marks["old"] == Estate.Mark(action: .delete, effect: .stop))
  }

  @Test("a gauge counts what runs, whoever made it, and what the plan makes of it")
  func gauges() throws {
    let identity = Identity(stack: Self.site.stack)
    var capabilities = HostCapabilities(driver: .test, hostUUID: "x")
    capabilities.cpus = 8
    capabilities.memory = .gibibytes(16)
    var state = HostState(name: Self.site.hosts[0].name, capabilities: capabilities)
    func machine(_ name: String, _ uuid: UUID, cpus: Int, _ power: PowerState) -> Machine {
      var settings = MachineSettings()
      settings.cpus = VCPUs(count: cpus)
      settings.memory = MemoryAmount(size: .gibibytes(1))
      settings.state = power
      return Machine(name: name, uuid: uuid, settings: settings)
    }
    var db = machine("db", identity.uuid(.machine, "db"), cpus: 1, .running)
    db.mark = Mark(stack: "shop")
    state.machines = [
      machine("alien", UUID(), cpus: 3, .running), machine("sleeper", UUID(), cpus: 5, .off),
      db,
    ]
    let now = Estate([state], stack: Self.site.stack).gauged(by: [state]).hosts[0].gauges
    let used: [UInt64] = [4, 2 << 30]
    #expect(now.map(\.before) == used && now.map(\.after) == used)
    let plan = try SitePlanner.plan(Self.site, hosts: [state], images: [:])
    let then = Estate(Self.site, plan: plan).gauged(by: [state], plan: plan).hosts[0].gauges
    // The stranger's, db's as it is to be, and forty others.
    let memory: UInt64 = (1024 + 1536 + 40 * 256) << 20
    #expect(then.map(\.after) == [45, memory])
    #expect(then[0].percent(then[0].after) == 563)
  }
}

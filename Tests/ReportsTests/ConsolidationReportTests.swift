import Planner
import SpecModel
import Testing

@testable import Reports

@Suite("Few hosts, for programs")
struct ConsolidationReportTests {
  private static let spec = """
    virtform: 1
    stack: shop
    hosts:
      a: {uri: qemu+tls://a/system, size: {cpus: 4, memory: 17GiB}}
      b: {uri: qemu+tls://b/system, size: {cpus: 4, memory: 17GiB}}
    pools: {main: {path: /srv/main}}
    vms:
      db: {host: a, cpus: 3, memory: 14GiB}
      web: {host: b, memory: 2GiB, disks: {root: {size: 10GiB}}}
      new: {host: [a, b], memory: 512MiB}
    """

  @Test("the document has all that the text has, and is as its schema says")
  func document() async throws {
    let site = try #require(
      SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: Self.spec)]).site)
    var options = SiteConsolidation.Options(basis: .spec)
    options.headroom = try Headroom(parsing: ["cpus=10%"])
    let found = try SiteConsolidation.propose(for: site, hosts: [], options: options)
    let json = ConsolidationDocument(found, version: "0.0.0").json
    #expect(
      json["hosts"] == [
        "before": ["a", "b"], "after": ["a"], "emptied": ["b"], "lower_bound": 1, "gap": 0,
      ])
    #expect(json["headroom_percent"] == ["memory": 0, "cpus": 10])
    #expect(
      json["moves"] == [
        [
          "vm": "web", "from": "b", "to": "a", "effect": "live", "memory_bytes": 2_147_483_648,
          "disk_bytes": 10_737_418_240, "reason": "host 'b' is emptied", "waits_for": [],
          "detour": false,
        ],
        [
          "vm": "new", "from": .null, "to": "a", "effect": "new", "memory_bytes": 0, "disk_bytes": 0,
          "reason": "chosen among 2 hosts that take it", "waits_for": [], "detour": false,
        ],
      ])
    try await SchemaCheck.expect(json, toFollow: "consolidation.schema.json")
    options.load = MeasuredLoad(factor: try Ratio(parsing: "1.5"))
    let measured = try SiteConsolidation.propose(for: site, hosts: [], options: options)
    try await SchemaCheck.expect(
      ConsolidationDocument(measured, version: "0.0.0").json, toFollow: "consolidation.schema.json")
  }
}

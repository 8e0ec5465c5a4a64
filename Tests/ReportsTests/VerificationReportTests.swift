import Planner
import SpecModel
import Testing

@testable import Reports

@Suite("Findings, for programs")
struct VerificationReportTests {
  @Test("the document has all that the text has, and is as its schema says")
  func document() async throws {
    let spec = """
      virtform: 1
      stack: shop
      hosts:
        a: {uri: qemu+tls://a/system}
        b: {uri: qemu+tls://b/system}
      pools: {main: {path: /srv/main}}
      vms:
        web: {host: a, state: off, memory: 2GiB}
      """
    let site = try #require(
      SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: spec)]).site)
    let host = try ResourceName(parsing: "a")
    var state = HostState(
      name: host, capabilities: HostCapabilities(driver: .qemu, hostUUID: "1"),
      machines: [
        Machine(name: "web", uuid: Identity(stack: site.stack).uuid(.machine, "web"), settings: .init())
      ])
    state.pools = [
      Pool(
        name: "main", uuid: Identity(stack: site.stack).uuid(.pool, "main"), source: nil, autostart: true,
        isActive: false)
    ]
    let verification = Verification(
      of: site, hosts: [state],
      unreachable: [.init(name: try ResourceName(parsing: "b"), reason: "no route to it")],
      locks: [
        .init(host: host, state: .abandoned, text: "by anna"),
        .init(host: host, state: .held, text: "by bob"),
      ])
    let json = VerificationDocument(verification, mended: verification.mendable, version: "0.0.0") {
      finding in
      finding.path.flatMap { site.origins.location(of: $0) }
    }.json
    #expect(
      json["findings"] == [
        [
          "kind": "mark-missing", "host": "a", "object": "domain web",
          "location": ["file": "site.yaml", "line": 8, "column": 3],
          "meaning":
            "has the UUID of vm.web and no mark: somebody took it off, or has defined it without one",
          "remedy": [
            "by": "person", "text": "take it over as it is: adopt: [vms.web] in the spec", "command": .null,
          ],
        ],
        [
          "kind": "lock-abandoned", "host": "a", "object": "the lock of the stack",
          "meaning": "is held by anna",
          "remedy": [
            "by": "fix", "text": "breaks it, as any apply does", "command": "virtform verify --fix",
          ],
        ],
      ])
    #expect(
      json["unseen"] == [
        ["host": "a", "pool": "main", "reason": "it is not active; the next apply starts it"],
        ["host": "b", "pool": .null, "reason": "no route to it"],
      ])
    #expect(json["running"] == ["host": "a", "holder": "by bob"])
    try await SchemaCheck.expect(json, toFollow: "verification.schema.json")
  }
}

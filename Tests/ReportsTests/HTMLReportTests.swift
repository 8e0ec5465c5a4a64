import FoundationEssentials
import Planner
import SpecModel
import TestLab
import Testing

@testable import Reports

@Suite("The page about a plan")
struct HTMLReportTests {
  private static func page(_ plan: Plan) -> String {
    let state = HostState(name: Samples.rack, capabilities: HostCapabilities(driver: .test, hostUUID: "x"))
    let estate = Estate(Samples.site, plan: plan).gauged(by: [state], plan: plan)
    return HTMLReport(plan, estate, digest: "abc", version: "0.0.0").render()
  }

  @Test("what a spec or a host says is no markup, and no script")
  func hostile() {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u{1b}[31m\""
    let plan = Samples.plan(
      [
        Change(
          Samples.vm("db"), .update, fields: [FieldChange(evil, from: evil, to: evil, effect: .live)],
          effect: .live,
          reason: evil)
      ], notes: [.init(Samples.vm("db"), evil)], partial: .init(words: [evil], omitted: 1))
    let page = Self.page(plan)
    #expect(!page.contains("<img") && !page.contains("\u{1b}"))
    #expect(page.components(separatedBy: "<script").count == 2)
  }

  @Test("what the policy refuses stands in the summary")
  func refused() {
    let item = "<li>max_changes (site.yaml:5:10): 1 object changes, and none may: vm.db on rack1</li>"
    #expect(Self.page(Samples.policed).contains("<b>Refused by the policy</b><ul>\(item)</ul>"))
    #expect(!Self.page(Samples.plan([Samples.memory])).contains("Refused by"))
  }

  /// What a browser saw, see `Lab/browser/look-at-report.py`.
  private struct Sight: Decodable {
    let title: String
    let all: [String]
    let drawing: [Double]
    let drawn: [String]
    let bars: [String]
    let found: [String]
    let shown: String
    let notFound: [String]
    let withoutLive: [String]
    let withLive: [String]
    let light: String
    let dark: String
    let phone: [Int]
    let faults: [String]
    let requests: [String]
    let withoutJavaScript: [String]
    let filterWithoutJavaScript: [Bool]

    enum CodingKeys: String, CodingKey {
      case title, all, drawing, drawn, bars, found, shown, light, dark, phone, faults, requests
      case notFound = "not found"
      case withoutLive = "without live"
      case withLive = "with live"
      case withoutJavaScript = "without JavaScript"
      case filterWithoutJavaScript = "filter without JavaScript"
    }
  }

  @Test(
    "in a browser: it renders, is searched and filtered, fits a phone, knows the dark, and needs no script")
  func browser() async throws {
    let plan = Samples.plan(
      [Samples.loss, Samples.memory] + Samples.fleet(40) + [Change(Samples.vm("lone"), .create)],
      notes: [.init(Samples.vm("db"), "pending restart: memory")])
    let path = "/tmp/vft-report-\(UInt32.random(in: 0...UInt32.max)).html"
    try Self.page(plan).write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let outcome = try await Lab.run(
      "/usr/bin/python3", ["\(Lab.repository)/Lab/browser/look-at-report.py", path], in: "/")
    try #require(outcome.status == 0, "\(outcome.errors)")
    let sight = try JSONDecoder().decode(Sight.self, from: Data(outcome.output.utf8))

    let fleet = "vm.web-1 … vm.web-40 (40 alike)"
    #expect(sight.title == "Plan of stack shop")
    #expect(sight.all == ["disk.db.tmp", "vm.db", fleet, "vm.lone"])
    #expect(sight.drawn == ["~ db"] && sight.drawing.allSatisfy { $0 > 40 })
    // A member of a group is found by its own name.
    #expect(sight.found == [fleet] && sight.shown == "1 of 4")
    #expect(sight.notFound == [])
    #expect(sight.withoutLive == ["disk.db.tmp", "vm.db", "vm.lone"] && sight.withLive == sight.all)
    #expect(sight.light == "rgb(255, 255, 255)" && sight.dark == "rgb(13, 17, 23)")
    #expect(sight.phone[0] <= sight.phone[1], "it is wider than the screen: \(sight.phone)")
    #expect(sight.faults == [] && sight.requests == [])
    #expect(sight.withoutJavaScript == sight.all && sight.filterWithoutJavaScript == [false])
  }
}

import Applier
import SpecModel
import Testing

@testable import Planner
@testable import Reports

@Suite("Faults of a spec and ends of steps for CI systems")
struct DiagnosticReportTests {
  private static let place = SourceLocation(path: "specs/a, b.yaml", line: 12, column: 3)
  private static let fault = Diagnostic(
    .error, "unknown key 'memroy'", at: place, help: "did you mean 'memory'?",
    related: [.init(message: "100% first", location: place)])

  @Test("GitHub's annotation escapes what would end it")
  func github() {
    #expect(
      GitHubAnnotations.line(Self.fault)
        == "::error file=specs/a%2C b.yaml,line=12,col=3,title=virtform::unknown key 'memroy'%0Ahelp: did you mean 'memory'?"
    )
    #expect(
      GitHubAnnotations.line(Diagnostic(.warning, "50%", at: nil)) == "::warning title=virtform::50%25")
  }

  @Test("SARIF has rule, level, place and related places")
  func sarif() throws {
    let json = SARIFReport([Self.fault], version: "1").json
    guard case .list(let runs)? = json["runs"], case .list(let results)? = runs[0]["results"] else {
      Issue.record("no results")
      return
    }
    #expect(results[0]["level"] == "error")
    let text = results[0].line
    #expect(text.contains("\"uri\":\"specs/a%2C%20b.yaml\""))
    #expect(text.contains("\"startLine\":12"))
    #expect(text.contains("100% first"))
  }

  @Test("JUnit has a case for each step, with what failed and what was left out")
  func junit() {
    func step(_ id: Int, _ name: String) -> Step {
      Step(
        id: id, address: Samples.vm(name), operation: .resumeMachine(uuid: .init()), dependsOn: [],
        effect: .live,
        path: SpecPath("vms.db"))
    }
    let report = ApplyReport(
      plan: Samples.plan([]),
      results: [
        (step(0, "db"), .done(.milliseconds(1042))),
        (step(1, "a"), .failed(reason: "no \"<b>\" & co", .seconds(2))),
        (step(2, "b"), .skipped(because: Samples.vm("a"))), (step(3, "c"), .notBegun(reason: "SIGINT")),
      ])
    #expect(
      JUnitReport(report, of: Samples.site).render() == """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="virtform apply: shop">
          <testsuite name="rack1" tests="4" failures="1" skipped="2">
            <testcase classname="rack1" name="resuming vm.db" file="site.yaml" line="5" time="1.042"/>
            <testcase classname="rack1" name="resuming vm.a" file="site.yaml" line="5" time="2.000">
              <failure message="no &quot;&lt;b&gt;&quot; &amp; co"/>
            </testcase>
            <testcase classname="rack1" name="resuming vm.b" file="site.yaml" line="5" time="0.000">
              <skipped message="needs vm.a"/>
            </testcase>
            <testcase classname="rack1" name="resuming vm.c" file="site.yaml" line="5" time="0.000">
              <skipped message="SIGINT"/>
            </testcase>
          </testsuite>
        </testsuites>

        """)
  }
}

public import Applier
import Planner
public import SpecModel

/// What became of a plan as JUnit's XML, which CI systems list: a suite for each host, a case for each step.
public struct JUnitReport {
  private let report: ApplyReport
  private let site: Site

  public init(_ report: ApplyReport, of site: Site) {
    self.report = report
    self.site = site
  }

  public func render() -> String {
    let suites = Dictionary(grouping: report.results, by: \.step.address.host).sorted { $0.key < $1.key }
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text += "<testsuites name=\"virtform apply: \(Markup.escaped(report.plan.stack.rawValue))\">\n"
    for (host, results) in suites {
      let failures = results.count { if case .failed = $0.result { true } else { false } }
      let skipped = results.count { $0.result.wasLeftOut }
      text += "  <testsuite name=\"\(Markup.escaped(host.rawValue))\" tests=\"\(results.count)\""
      text += " failures=\"\(failures)\" skipped=\"\(skipped)\">\n"
      for (step, result) in results { text += testCase(step, result) }
      text += "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  private func testCase(_ step: Step, _ result: StepResult) -> String {
    let name = "\(step.operation.verb.present) \(step.address)"
    var attributes =
      "classname=\"\(Markup.escaped(step.address.host.rawValue))\" name=\"\(Markup.escaped(name))\""
    if let location = step.path.flatMap({ site.origins.location(of: $0) }) {
      attributes += " file=\"\(Markup.escaped(location.path))\" line=\"\(location.line)\""
    }
    func opening(_ time: Duration) -> String {
      "    <testcase \(attributes) time=\"\(Self.seconds(time))\""
    }
    switch result {
    case .done(let time): return opening(time) + "/>\n"
    case .failed(let reason, let time):
      return opening(time) + ">\n      <failure message=\"\(Markup.escaped(reason))\"/>\n    </testcase>\n"
    case .notBegun(let reason):
      return opening(.zero) + ">\n      <skipped message=\"\(Markup.escaped(reason))\"/>\n"
        + "    </testcase>\n"
    case .skipped(let address):
      return opening(.zero) + ">\n      <skipped message=\"needs \(Markup.escaped("\(address)"))\"/>\n"
        + "    </testcase>\n"
    }
  }

  /// `12.345`
  private static func seconds(_ time: Duration) -> String {
    let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
    let fraction = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }
}

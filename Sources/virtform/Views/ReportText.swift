import Applier
import Planner
import SpecModel

/// What became of a plan, for people: a line if all went well, else exactly what is done, failed and skipped.
struct ReportText {
  private let report: ApplyReport
  private let site: Site
  private let style: TextStyle

  init(_ report: ApplyReport, site: Site, style: TextStyle) {
    self.report = report
    self.site = site
    self.style = style
  }

  func render(goal: SitePlanner.Goal) -> String {
    let counts = report.plan.summary
    if report.succeeded {
      let verb = goal == .destroy ? "Destroy" : "Apply"
      return "\n\(style(.bold, "\(verb) complete.")) "
        + "\(counts.add) added, \(counts.change) changed, "
        + (counts.moves > 0 ? "\(counts.moves) moved, " : "") + "\(counts.remove) removed.\n"
    }
    var done = 0
    var lines: [String] = []
    for (step, result) in report.results {
      let name = "\(step.address) on \(step.address.host)"
      switch result {
      case .done: done += 1
      case .failed(let reason, _):
        let place = step.path.flatMap { site.origins.location(of: $0) }.map { "\($0): " } ?? ""
        lines.append(
          "  \(style(.red, "failed"))   \(place)\(name): \(step.operation.verb.present): \(printable(reason))"
        )
      case .notBegun(let reason):
        lines.append(
          "  \(style(.yellow, "left out"))  \(name): \(step.operation.verb.present): \(printable(reason))")
      case .skipped(let address):
        lines.append(
          "  \(style(.yellow, "skipped"))  \(name): \(step.operation.verb.present): needs \(address)")
      }
    }
    let headline =
      done == 0
      ? "No step was completed." : "Applied in part: \(done) of \(report.results.count) steps are done."
    return "\n\(style(.bold, headline))\n" + lines.joined(separator: "\n")
      + "\nRun the same command again to go on from here.\n"
  }
}

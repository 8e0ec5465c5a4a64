import Planner
import Reports

/// How much of a host is used, as bars: `memory  ████████░░░░░░░░░░░░  3.2 GiB of 8.0 GiB (40 %)`.
struct GaugeText {
  private let gauges: [Estate.Gauge]
  private let style: TextStyle

  private static let width = 20

  init(_ gauges: [Estate.Gauge], style: TextStyle) {
    self.gauges = gauges
    self.style = style
  }

  /// A line each and an empty one; nothing if there are none.
  func render() -> String {
    guard !gauges.isEmpty else { return "" }
    let width = gauges.map(\.name.count).max() ?? 0
    return gauges.map { gauge in
      "  " + gauge.name + String(repeating: " ", count: width - gauge.name.count) + "  " + amount(gauge)
        + "\n"
    }.joined() + "\n"
  }

  private func amount(_ gauge: Estate.Gauge) -> String {
    let used = gauge.text(gauge.before)
    guard let total = gauge.total, let percent = gauge.percent(gauge.before) else { return "\(used) used" }
    let filled = min(percent * Self.width / 100, Self.width)
    let colour: TextStyle.Colour = percent > 100 ? .red : percent > 85 ? .yellow : .green
    return style(colour, String(repeating: "█", count: filled))
      + style(.dim, String(repeating: "░", count: Self.width - filled))
      + "  \(used) of \(gauge.text(total)) (\(percent) %)"
  }
}

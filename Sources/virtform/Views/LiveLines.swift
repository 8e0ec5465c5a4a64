/// Lines at the bottom of a terminal that are drawn again and again, in whatever size the terminal has by then.
struct LiveLines {
  /// The characters of each line that stands there.
  private var lengths: [Int] = []

  /// What is written to take the lines off.
  ///
  /// - Parameter width: of the terminal now. One that was made narrower has broken the lines anew.
  mutating func erase(width: Int) -> String {
    guard !lengths.isEmpty else { return "" }
    let rows = lengths.reduce(0) { $0 + max(($1 + width - 1) / width, 1) }
    lengths = []
    return "\u{1b}[\(rows)A\r\u{1b}[J"
  }

  /// What is written to have `lines` in the place of those before: as many as fit, each cut to the width.
  mutating func draw(_ lines: [String], width: Int, height: Int) -> String {
    let room = max(min(height - 1, Self.most), 1)
    var shown = lines
    if lines.count > room { shown = lines.prefix(room - 1) + ["  and \(lines.count - room + 1) more"] }
    // A line of the full width may end in the next row.
    let cut = shown.map { String($0.prefix(max(width - 1, 1))) }
    let text = erase(width: width) + cut.map { $0 + "\n" }.joined()
    lengths = cut.map(\.count)
    return text
  }

  /// More lines than this tell nobody anything.
  private static let most = 12
}

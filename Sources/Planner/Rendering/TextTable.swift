import SpecModel

/// Rows under headings, in columns as wide as they need.
public func table(_ header: [String], _ rows: [[String]]) -> String {
  guard !rows.isEmpty else { return "" }
  let lines = [header] + rows.map { $0.map(printable) }
  let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
  return lines.map { line in
    var text =
      "  "
      + line.indices.map { line[$0] + String(repeating: " ", count: widths[$0] - line[$0].count) }.joined(
        separator: "  ")
    while text.last == " " { text.removeLast() }
    return text + "\n"
  }.joined() + "\n"
}

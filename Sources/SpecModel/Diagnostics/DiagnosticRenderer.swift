/// Renders diagnostics for people: `file:line:column: error: message`, the line, a caret, and what to do.
public struct DiagnosticRenderer {
  private let sources: [String: SourceText]

  public init(sources: [SourceText]) {
    self.sources = Dictionary(sources.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The lines of one diagnostic, without a trailing newline.
  public func render(_ diagnostic: Diagnostic) -> String {
    var lines = [headline(diagnostic.severity.rawValue, diagnostic.message, diagnostic.location)]
    if let location = diagnostic.location { lines += excerpt(location) }
    if let help = diagnostic.help { lines.append("  help: \(help)") }
    for related in diagnostic.related {
      lines.append(headline("note", related.message, related.location))
      lines += excerpt(related.location)
    }
    return lines.joined(separator: "\n")
  }

  private func headline(_ kind: String, _ message: String, _ location: SourceLocation?) -> String {
    let text = "\(kind): \(printable(message))"
    guard let location else { return text }
    return "\(printable(location.path)):\(location.line):\(location.column): \(text)"
  }

  private func excerpt(_ location: SourceLocation) -> [String] {
    guard let line = sources[location.path]?.line(location.line) else { return [] }
    let number = String(location.line)
    // A tab is shown as one blank, so that the caret stands under its character on every terminal.
    let shown = String(line.unicodeScalars.prefix(160).map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) })
    let margin = String(repeating: " ", count: number.count)
    let indent = String(repeating: " ", count: min(max(location.column - 1, 0), 160))
    return ["  \(number) | \(shown)", "  \(margin) | \(indent)^"]
  }
}

/// `text` without control characters, so that what a spec says never steers the reader's terminal.
public func printable(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: { isControl($0) }) else { return text }
  return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
  scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
    || (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
}

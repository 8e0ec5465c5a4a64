/// Renders diagnostics for people: `file:line:column: error: message`, the line, a caret, and what to do.
public struct DiagnosticRenderer {
  private let sources: [String: SourceText]
  private let redact: (String) -> String

  /// Characters of a line that are shown, and of a message.
  private static let (excerptLength, messageLength) = (160, 500)

  /// - Parameter redact: conceals secrets. It gets whole texts: what is cut off would not be known for a part of one.
  public init(sources: [SourceText], redact: @escaping (String) -> String = { $0 }) {
    self.redact = redact
    self.sources = Dictionary(sources.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The lines of one diagnostic, without a trailing newline.
  public func render(_ diagnostic: Diagnostic) -> String {
    var lines = [headline(diagnostic.severity.rawValue, diagnostic.message, diagnostic.location)]
    if let location = diagnostic.location { lines += excerpt(location) }
    if let help = diagnostic.help { lines.append("  help: \(shown(help))") }
    for related in diagnostic.related {
      lines.append(headline("note", related.message, related.location))
      lines += excerpt(related.location)
    }
    return lines.joined(separator: "\n")
  }

  private func headline(_ kind: String, _ message: String, _ location: SourceLocation?) -> String {
    let text = "\(kind): \(shown(message))"
    guard let location else { return text }
    return "\(printable(location.path)):\(location.line):\(location.column): \(text)"
  }

  private func shown(_ message: String) -> String {
    let message = redact(message)
    guard message.utf8.count > Self.messageLength else { return printable(message) }
    return printable(String(message.unicodeScalars.prefix(Self.messageLength))) + "…"
  }

  /// The line and a caret under its character, whatever the width of the characters before it.
  private func excerpt(_ location: SourceLocation) -> [String] {
    guard let line = sources[location.path]?.line(location.line) else { return [] }
    let open = redact(line)
    let before = String(String.UnicodeScalarView(line.unicodeScalars.prefix(max(location.column - 1, 0))))
    // A tab or a control character is shown as one blank.
    let scalars = open.unicodeScalars.map { isControl($0) ? " " : $0 }
    // What is concealed before it moves the caret.
    let caret = min((open == line ? before : redact(before)).unicodeScalars.count, scalars.count)
    // Of a long line, the part around the caret.
    let start = caret > Self.excerptLength * 3 / 4 ? caret - Self.excerptLength / 2 : 0
    let window = scalars[start..<min(start + Self.excerptLength, scalars.count)]
    let lead = start > 0 ? "…" : ""
    let indent = lead.count + scalars[start..<caret].reduce(0) { $0 + $1.terminalWidth }
    let shown = lead + String(String.UnicodeScalarView(window)) + (window.endIndex < scalars.count ? "…" : "")
    let number = String(location.line)
    let margin = String(repeating: " ", count: number.count)
    return ["  \(number) | \(shown)", "  \(margin) | \(String(repeating: " ", count: indent))^"]
  }
}

/// The text of one spec file, kept for the excerpts of diagnostics.
public struct SourceText: Sendable {
  /// The file as the user named it.
  public let path: String
  public let text: String
  private let lines: [Substring]

  public init(path: String, text: String) {
    self.path = path
    self.text = text
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The line with this number, counted from 1, without its end.
  public func line(_ number: Int) -> String? {
    guard lines.indices.contains(number - 1) else { return nil }
    let line = lines[number - 1]
    return String(line.last == "\r" ? line.dropLast() : line)
  }
}

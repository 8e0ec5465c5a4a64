/// `text` without control characters, so that what a spec says never steers the reader's terminal.
public func printable(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: isControl) else { return text }
  return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
}

/// Lines for a terminal or a log, without what steers it: control characters other than line breaks and tabs, and what CI
/// runners take for commands, wherever it comes from. GitHub and GitLab read `::error::` at the start of a line, and `##[error]`
/// and the like anywhere in it.
///
/// - Parameters:
///   - keepsColours: true if the sequences stay that `TextStyle` colours a terminal with.
///   - keepsCommands: true if only control characters go.
public func printableLines(
  _ text: String, keepsColours: Bool = false, keepsCommands: Bool = false
) -> String {
  guard mayNeedReplacing(text) else { return text }
  let scalars = Array(text.unicodeScalars)
  var result = String.UnicodeScalarView()
  var startsLine = true
  for (index, scalar) in scalars.enumerated() {
    let isBad =
      switch scalar {
      case "\n", "\t": false
      case "\u{1b}": !keepsColours || !startsColour(scalars[index...])
      case ":": !keepsCommands && startsLine && startsCommand(scalars[index...])
      case "#": !keepsCommands && startsBracketCommand(scalars[index...])
      default: isControl(scalar)
      }
    result.append(isBad ? "\u{FFFD}" : scalar)
    startsLine = scalar == "\n" || startsLine && (scalar == " " || scalar == "\t" || isBad)
  }
  return String(result)
}

/// False for nearly every text: one that has no control characters but line breaks, and none of the pairs of signs that
/// commands have.
private func mayNeedReplacing(_ text: String) -> Bool {
  var last: Unicode.Scalar?
  for scalar in text.unicodeScalars {
    if isControl(scalar), scalar != "\n" { return true }
    if scalar == last, scalar == ":" || scalar == "#" { return true }
    last = scalar
  }
  return false
}

/// `ESC [ 31 m`
private func startsColour(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
  let rest = scalars.dropFirst()
  guard rest.first == "[" else { return false }
  let digits = rest.dropFirst().prefix(3).prefix { ("0"..."9").contains($0) }
  return !digits.isEmpty && rest.dropFirst(1 + digits.count).first == "m"
}

/// `::error::` or `::error file=x::`, which an IPv6 address is not: that has only one `::`.
private func startsCommand(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
  let rest = scalars.dropFirst()
  guard rest.first == ":" else { return false }
  let line = rest.dropFirst().prefix { $0 != "\n" }
  return zip(line, line.dropFirst()).contains { $0 == ":" && $1 == ":" }
}

/// `##[error]`, `##vso[…]`, `##teamcity[…]`
private func startsBracketCommand(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
  let rest = scalars.dropFirst()
  guard rest.first == "#" else { return false }
  return rest.dropFirst().drop { ("a"..."z").contains($0) }.first == "["
}

extension String {
  /// With `piece` replaced wherever its scalars stand in a row.
  ///
  /// For signs that mean something to whoever reads the text: with a mark that combines, such as U+0301, behind it a quote
  /// or a line break is another `Character`, and still a quote or a line break to a parser.
  package func replacingScalars(_ piece: String, with other: String) -> String {
    String(unicodeScalars.replacing(Array(piece.unicodeScalars), with: Array(other.unicodeScalars)))
  }
}

/// Control characters, the separators that some terminals break lines at, and the marks that turn the
/// direction of the text around them.
package func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0...0x1f, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
  default: false
  }
}

/// `U+001B`
func codePoint(_ scalar: Unicode.Scalar) -> String {
  let hex = String(scalar.value, radix: 16, uppercase: true)
  return "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
}

extension Unicode.Scalar {
  /// How many columns of a terminal it takes: 0 for marks that stand on the one before, 2 for what Unicode's
  /// annex 11 calls wide, else 1.
  var terminalWidth: Int {
    if value < 0x300 { return 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch value {
    case 0x1100...0x115f, 0x231a...0x231b, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
      0xa000...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60,
      0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f900...0x1faff, 0x20000...0x3fffd:
      return 2
    default: return 1
    }
  }
}

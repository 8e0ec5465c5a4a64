/// What stands between two tokens of a YAML text: spaces, line breaks and comments.
struct Gap {
  enum Line {
    /// One or more empty lines.
    case empty
    /// A comment on a line of its own, and where it starts.
    case comment(String, column: Int)
  }

  struct Trailing {
    let text: String
    /// Scalars between the token before and the comment.
    let distance: Int
  }

  /// The comment behind the token before.
  private(set) var trailing: Trailing?
  /// The lines that follow, up to the one with the next token.
  private(set) var lines: [Line] = []
  /// True if the next token stands on another line.
  let hasBreak: Bool

  /// - Parameter keepsEmptyLines: true if each of several empty lines counts.
  init(_ scalars: ArraySlice<Unicode.Scalar>, keepsEmptyLines: Bool) {
    let pieces = scalars.split(separator: "\n", omittingEmptySubsequences: false)
    hasBreak = pieces.count > 1
    for (number, piece) in pieces.enumerated() {
      let space = piece.prefix { $0 == " " || $0 == "\t" || $0 == "\u{feff}" }.count
      let isComment = piece.dropFirst(space).first == "#"
      // Before the next token there are only spaces.
      let isLast = number == pieces.count - 1
      if isComment {
        let text = String(String.UnicodeScalarView(piece.dropFirst(space))).trimmedAtEnd
        if number == 0 {
          trailing = Trailing(text: text, distance: space)
        } else {
          lines.append(.comment(text, column: space))
        }
      } else if number > 0, !isLast {
        if !keepsEmptyLines, case .empty? = lines.last { continue }
        lines.append(.empty)
      }
    }
  }
}

/// A text in `|` or `>` style, moved to where its key stands now.
struct BlockScalar {
  /// Its lines but for the first.
  let body: [String]

  /// - Parameters:
  ///   - lines: the first is `|` or `>` with what belongs to it.
  ///   - parentColumn: where the entries of the block stood that it is in.
  ///   - parentIndent: where they stand now.
  init(_ lines: [String], parentColumn: Int, parentIndent: Int) {
    let content = lines.dropFirst()
    let first = content.first { !$0.allSatisfy { $0 == " " } }
    let explicit = lines[0].prefix { $0 != "#" }.compactMap(\.wholeNumberValue).first
    let old = explicit.map { max(parentColumn, 0) + $0 } ?? first.map { $0.prefix { $0 == " " }.count } ?? 0
    let new = max(parentIndent, 0) + (explicit ?? (parentIndent < 0 ? 0 : 2))
    body = content.map { line in
      let space = line.prefix { $0 == " " }.count
      guard space < line.count else {
        // Spaces beyond the indentation are content.
        return space > old ? String(repeating: " ", count: space - old + new) : ""
      }
      return String(repeating: " ", count: max(space - old + new, 0)) + line.dropFirst(space)
    }
  }
}

extension String {
  var trimmed: String { String(drop { $0 == " " || $0 == "\t" }).trimmedAtEnd }

  var trimmedAtEnd: String {
    var text = self[...]
    while let last = text.last, last == " " || last == "\t" || last == "\r" { text = text.dropLast() }
    return String(text)
  }
}

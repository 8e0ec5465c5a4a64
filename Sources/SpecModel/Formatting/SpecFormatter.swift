/// Lays out a spec's text as all specs are laid out: two spaces a level, one space between words, at most one empty line.
///
/// Comments, line breaks, quotes and the order of keys stay as they were written. What a text says is never changed.
public struct SpecFormatter {
  /// `source` laid out, or nil with what is wrong with it: it is no YAML, or none that a spec may be written in.
  public static func format(_ source: SourceText) -> (text: String?, diagnostics: [Diagnostic]) {
    let diagnostics = Diagnostics()
    _ = YAMLParser.parse(source, diagnostics: diagnostics)
    guard !diagnostics.hasErrors else { return (nil, diagnostics.sorted) }
    do {
      return (try format(source.text), diagnostics.sorted)
    } catch {
      var place = (line: 1, column: 1)
      if case .unfaithful(let line, let column) = error { place = (line, column) }
      diagnostics.error(
        "it cannot be laid out without a change of what it says here",
        at: SourceLocation(path: source.path, line: place.line, column: place.column),
        help: "it stays as it is")
      return (nil, diagnostics.sorted)
    }
  }

  /// Why a text cannot be laid out.
  enum Failure: Error, Hashable, Sendable {
    /// It is no YAML; reading it says where.
    case noYAML
    /// Laid out it would say something else at this place, counted from 1.
    case unfaithful(line: Int, column: Int)
  }

  /// `text` laid out; the same for a text that is laid out already.
  static func format(_ text: String) throws(Failure) -> String {
    var source = text.replacing("\r\n", with: "\n")
    // At the start it is a byte order mark, anywhere else part of what the text says.
    if source.unicodeScalars.first == "\u{feff}" { source.unicodeScalars.removeFirst() }
    do {
      let events = try YAMLScanner.events(of: source)
      var formatter = SpecFormatter(source, try YAMLScanner.tokens(of: source))
      let result = formatter.run()
      let laidOut = try YAMLScanner.meaning(of: result)
      let isSame = zip(events, laidOut).map { $0.text == $1 }
      if let index = isSame.firstIndex(of: false) ?? (events.count == laidOut.count ? nil : isSame.count) {
        let place = events[min(index, events.count - 1)]
        throw Failure.unfaithful(line: place.line, column: place.column)
      }
      return result
    } catch let failure as Failure {
      throw failure
    } catch {
      throw .noYAML
    }
  }

  /// A collection in block style that is open.
  private struct Block {
    /// Where its entries stood, and stand now.
    let column: Int
    let indent: Int
    /// True for a list whose dashes stand below its key's first letter: libyaml tells of no start and no end.
    var isIndentless = false
  }

  private let text: [Unicode.Scalar]
  private let tokens: [YAMLToken]
  private var output: [String] = [""]
  private var blocks: [Block] = []
  /// Open brackets and braces.
  private var flows = 0
  /// The last token that has a length.
  private var last: YAMLToken?
  /// The blocks that were open when it was written.
  private var blocksAtLast: [Block] = []
  /// True if the next token is an entry's key.
  private var isAtKey = false

  private init(_ text: String, _ tokens: [YAMLToken]) {
    self.text = Array(text.unicodeScalars)
    self.tokens = tokens
  }

  private mutating func run() -> String {
    for (index, token) in tokens.enumerated() {
      switch token.kind {
      case .blockMappingStart, .blockSequenceStart: open(token)
      case .blockEnd:
        if blocks.last?.isIndentless == true { blocks.removeLast() }
        if !blocks.isEmpty { blocks.removeLast() }
      case .key where token.range.isEmpty:
        if flows == 0, blocks.last?.isIndentless == true { blocks.removeLast() }
        isAtKey = true
      case .blockEntry where startsIndentlessList(token, before: index):
        blocks.append(Block(column: token.column, indent: (blocks.last?.indent ?? 0) + 2, isIndentless: true))
        write(token)
      default: if !token.range.isEmpty { write(token) }
      }
    }
    finish()
    return output.joined(separator: "\n") + "\n"
  }

  private func startsIndentlessList(_ token: YAMLToken, before index: Int) -> Bool {
    guard blocks.last?.isIndentless != true, index > 0 else { return false }
    switch tokens[index - 1].kind {
    case .value, .anchor, .tag, .key: return true
    default: return false
    }
  }

  private mutating func open(_ token: YAMLToken) {
    guard let parent = blocks.last else {
      blocks.append(Block(column: token.column, indent: 0))
      return
    }
    blocks.append(Block(column: token.column, indent: parent.indent + 2))
  }

  // MARK: Tokens

  private mutating func write(_ token: YAMLToken) {
    let gap = gap(before: token)
    if gap.hasBreak || last == nil {
      write(gap, before: token)
      append(String(repeating: " ", count: indent(of: token)))
    } else if needsSpace(before: token) {
      append(" ")
    }
    if token.kind == .flowEnd { flows -= 1 }
    append(token)
    if token.kind == .flowStart { flows += 1 }
    last = token
    blocksAtLast = blocks
    isAtKey = false
  }

  /// Where a token stands that starts a line.
  private func indent(of token: YAMLToken) -> Int {
    guard token.kind != .document, let base = blocks.last?.indent else {
      return flows == 0 ? 0 : 2 * (token.kind == .flowEnd ? flows - 1 : flows)
    }
    if flows > 0 { return base + 2 * (token.kind == .flowEnd ? flows - 1 : flows) }
    // A value that has a line of its own stands one level further in than its key.
    return isAtKey || token.kind == .blockEntry || token.kind == .value || token.kind == .key
      ? base : base + 2
  }

  private func needsSpace(before token: YAMLToken) -> Bool {
    guard let last else { return false }
    switch (last.kind, token.kind) {
    case (.flowStart, _), (_, .flowEnd), (_, .flowEntry): return false
    case (.alias, .value), (.anchor, .value), (.tag, .value): return true
    case (_, .value): return false
    default: return true
    }
  }

  private mutating func append(_ text: String) { output[output.count - 1] += text }

  private mutating func append(_ token: YAMLToken) {
    let lines = string(token.range).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    append(lines[0].trimmedAtEnd)
    guard lines.count > 1 else { return }
    let parent = blocks.last
    if token.isBlockScalar {
      output +=
        BlockScalar(lines, parentColumn: parent?.column ?? -2, parentIndent: parent?.indent ?? -2).body
    } else {
      let indent = String(repeating: " ", count: (parent?.indent ?? 0) + 2 * (flows + 1))
      output += lines.dropFirst().map { line in
        let content = line.trimmed
        return content.isEmpty ? "" : indent + content
      }
    }
  }

  private func string(_ range: Range<Int>) -> String {
    var result = String.UnicodeScalarView()
    result.append(contentsOf: text[range])
    return String(result)
  }

  // MARK: What lies between

  /// Writes the comments and the line breaks of a gap, so that a new line is open.
  private mutating func write(_ gap: Gap, before token: YAMLToken?) {
    if let comment = gap.trailing { writeTrailing(comment) }
    var hasContent = last != nil || gap.trailing != nil
    for line in gap.lines {
      switch line {
      case .empty: if hasContent { output.append("") }
      case .comment(let comment, let column):
        output.append(String(repeating: " ", count: indent(ofComment: column, before: token)) + comment)
      }
      hasContent = true
    }
    if output != [""] { output.append("") }
  }

  /// A comment behind a value keeps its column where it can, so that those below each other stay so.
  private mutating func writeTrailing(_ comment: Gap.Trailing) {
    let line = output[output.count - 1]
    if line.isEmpty {
      append(comment.text)
      return
    }
    let offset = (last?.range.upperBound ?? 0) + comment.distance
    let start = lineStart(before: offset)
    let oldIndent = text[start...].prefix { $0 == " " }.count
    let newIndent = line.prefix { $0 == " " }.count
    let column = offset - start + newIndent - oldIndent
    append(String(repeating: " ", count: max(column - line.unicodeScalars.count, 2)) + comment.text)
  }

  private func lineStart(before offset: Int) -> Int {
    var start = offset
    while start > 0, text[start - 1] != "\n" { start -= 1 }
    return start
  }

  /// A comment on a line of its own goes with what follows, unless it stands further in: then it ends the block that it
  /// is in.
  private func indent(ofComment column: Int, before token: YAMLToken?) -> Int {
    let next = token.map(indent) ?? 0
    guard flows == 0, last != nil, column > token?.column ?? 0 else { return next }
    return max(blocksAtLast.last { $0.column <= column }?.indent ?? 0, next)
  }

  private func gap(before token: YAMLToken?) -> Gap {
    let end = token?.range.lowerBound ?? text.count
    return Gap(text[(last?.range.upperBound ?? 0)..<end], keepsEmptyLines: last?.keepsBreaks ?? false)
  }

  private mutating func finish() {
    write(gap(before: nil), before: nil)
    if last?.keepsBreaks == true {
      output.removeLast()
      return
    }
    while output.count > 1, output.last?.isEmpty == true { output.removeLast() }
  }
}

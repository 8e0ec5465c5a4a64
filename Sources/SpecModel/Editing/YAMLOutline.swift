/// A YAML text as its nodes with the places that they take, for edits that leave everything else as it is.
struct YAMLOutline {
  struct Node {
    enum Content {
      case scalar, alias, sequence
      case mapping([Entry])
      /// A key without a value.
      case nothing
    }

    let content: Content
    /// Offsets in the text's Unicode scalars, with the anchor and the tag; comments at its end are not part of it.
    let range: Range<Int>
    /// True for a collection in brackets or braces.
    let isFlow: Bool
    /// True if an alias elsewhere may stand for it.
    let hasAnchor: Bool
    /// True for a text in `|` or `>` style.
    let isBlockScalar: Bool
  }

  struct Entry {
    let key: Range<Int>
    let value: Node
  }

  let text: [Unicode.Scalar]
  /// The whole document.
  let root: Node

  init(_ text: String) throws(YAMLScanner.Failure) {
    self.text = Array(text.unicodeScalars)
    var reader = Reader(tokens: try YAMLScanner.tokens(of: text), text: self.text)
    root = reader.document()
  }

  func string(_ range: Range<Int>) -> String {
    var result = String.UnicodeScalarView()
    result.append(contentsOf: text[range])
    return String(result)
  }

  /// The value of a key, whatever quotes the key has.
  func value(of key: String, in node: Node) -> Node? {
    guard case .mapping(let entries) = node.content else { return nil }
    return entries.first { entry in
      let word = string(entry.key)
      return word == key || word == "\"\(key)\"" || word == "'\(key)'"
    }?.value
  }

  /// Walks through the tokens.
  private struct Reader {
    let tokens: [YAMLToken]
    let text: [Unicode.Scalar]
    private var next = 0
    /// The end of the last token that has a length.
    private var end = 0

    init(tokens: [YAMLToken], text: [Unicode.Scalar]) {
      self.tokens = tokens
      self.text = text
    }

    private var kind: YAMLToken.Kind? { tokens.indices.contains(next) ? tokens[next].kind : nil }

    private mutating func take() {
      if !tokens[next].range.isEmpty { end = tokens[next].range.upperBound }
      next += 1
    }

    mutating func document() -> Node {
      while kind == .document { take() }
      return node()
    }

    /// - Parameter isItem: true in a list, whose next dash is no list of its own.
    private mutating func node(isItem: Bool = false) -> Node {
      let before = end
      var start: Int?
      var hasAnchor = false
      while let kind, kind == .anchor || kind == .tag {
        start = start ?? tokens[next].range.lowerBound
        hasAnchor = hasAnchor || kind == .anchor
        take()
      }
      let first = tokens.indices.contains(next) ? tokens[next].range.lowerBound : end
      let isBlockScalar = tokens.indices.contains(next) && tokens[next].isBlockScalar
      let isFlow = kind == .flowStart
      guard let content = content(isItem: isItem) else {
        let place = start ?? before
        return Node(
          content: .nothing, range: place..<max(place, end), isFlow: false, hasAnchor: hasAnchor,
          isBlockScalar: false)
      }
      return Node(
        content: content, range: (start ?? first)..<max(start ?? first, end), isFlow: isFlow,
        hasAnchor: hasAnchor, isBlockScalar: isBlockScalar)
    }

    private mutating func content(isItem: Bool) -> Node.Content? {
      switch kind {
      case .scalar:
        take()
        return .scalar
      case .alias:
        take()
        return .alias
      case .flowStart: return flow()
      case .blockMappingStart:
        take()
        return .mapping(block())
      case .blockSequenceStart:
        take()
        items()
        if kind == .blockEnd { take() }
        return .sequence
      case .blockEntry where !isItem:
        items()
        return .sequence
      default: return nil
      }
    }

    private mutating func items() {
      while kind == .blockEntry {
        take()
        _ = node(isItem: true)
      }
    }

    private mutating func block() -> [Entry] {
      var entries: [Entry] = []
      while kind == .key || kind == .value { entries.append(entry()) }
      if kind == .blockEnd { take() }
      return entries
    }

    private mutating func entry() -> Entry {
      var key = end..<end
      if kind == .key {
        take()
        key = node().range
      }
      guard kind == .value else {
        return Entry(
          key: key,
          value: Node(
            content: .nothing, range: end..<end, isFlow: false, hasAnchor: false, isBlockScalar: false))
      }
      take()
      return Entry(key: key, value: node())
    }

    private mutating func flow() -> Node.Content {
      let isMapping = text[tokens[next].range.lowerBound] == "{"
      var entries: [Entry] = []
      take()
      while let kind, kind != .flowEnd {
        switch kind {
        case .flowEntry: take()
        case .key, .value: entries.append(entry())
        default:
          let before = next
          let node = node()
          // A word without a value is a key of a map, too.
          entries.append(
            Entry(
              key: node.range,
              value: Node(
                content: .nothing, range: end..<end, isFlow: false, hasAnchor: false, isBlockScalar: false)))
          if next == before { take() }
        }
      }
      if kind == .flowEnd { take() }
      return isMapping ? .mapping(entries) : .sequence
    }
  }
}

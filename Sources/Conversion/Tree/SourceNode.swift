/// A value of JSON or YAML that knows whether it has been read: what nobody reads is told.
///
/// A value is read only if it is what the reader asked for, so one of a wrong type is told, too.
final class SourceNode {
  enum Content {
    case null
    case bool(Bool)
    /// As it is written.
    case number(String)
    case string(String)
    case list([SourceNode])
    case map([(key: String, value: SourceNode)])
    /// An expression of the source's language that was not evaluated.
    case expression
  }

  let content: Content
  /// Counted from 1; nil where the source has no lines of its own.
  let line: Int?
  private(set) var isRead = false
  private let index: [String: Int]

  init(_ content: Content, line: Int?) {
    self.content = content
    self.line = line
    if case .map(let entries) = content {
      index = Dictionary(
        entries.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    } else {
      index = [:]
    }
  }

  // MARK: Reading

  /// The value of a key of a map, unless it is null.
  subscript(key: String) -> SourceNode? {
    guard case .map(let entries) = content, let position = index[key] else { return nil }
    let value = entries[position].value
    return value.isNull ? nil : value
  }

  /// The value found by following the keys downwards, through lists of one.
  func at(_ path: String...) -> SourceNode? {
    var node: SourceNode? = self
    for key in path { node = node?.single?[key] }
    return node
  }

  var isNull: Bool { if case .null = content { true } else { false } }
  var isMap: Bool { if case .map = content { true } else { false } }
  var isList: Bool { if case .list = content { true } else { false } }
  var isExpression: Bool { if case .expression = content { true } else { false } }

  var keys: [String] { entries.map(\.key) }

  /// Of a map; empty for anything else.
  var entries: [(key: String, value: SourceNode)] {
    if case .map(let entries) = content { entries } else { [] }
  }

  /// Of a list; a value that is no list counts as a list of it, as blocks do in Terraform's JSON.
  var items: [SourceNode] {
    switch content {
    case .list(let items): items.filter { !$0.isNull }
    case .null: []
    default: [self]
    }
  }

  /// The one item of a list, or the value itself.
  private var single: SourceNode? { isList ? items.first : self }

  /// A text; numbers are texts, too.
  var text: String? {
    switch content {
    case .string(let text): read(text)
    case .number(let text): read(text)
    default: nil
    }
  }

  /// A text with something in it.
  var word: String? {
    guard let text, !text.isEmpty else { return nil }
    return text
  }

  var flag: Bool? {
    switch content {
    case .bool(let value): return read(value)
    case .string(let text):
      switch text.lowercased() {
      case "true", "yes", "on": return read(true)
      case "false", "no", "off": return read(false)
      default: return nil
      }
    default: return nil
    }
  }

  /// A whole number, which may be a text or written as `2.0`.
  var integer: Int? {
    switch content {
    case .number(let text), .string(let text):
      let whole = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
      return Int(whole).map(read)
    default: return nil
    }
  }

  /// A number that is not negative.
  var natural: UInt64? {
    guard let integer, let value = UInt64(exactly: integer) else { return nil }
    return value
  }

  /// A number of `unit`s in bytes, which may have decimals.
  func bytes(_ unit: UInt64) -> UInt64? {
    switch content {
    case .number(let text), .string(let text): Amount.bytes(text, unit).map(read)
    default: nil
    }
  }

  private func read<Value>(_ value: Value) -> Value {
    isRead = true
    return value
  }

  /// Counts as read with all that is in it.
  func ignore() {
    isRead = true
    switch content {
    case .list(let items): for item in items { item.ignore() }
    case .map(let entries): for entry in entries { entry.value.ignore() }
    default: break
    }
  }

  /// Ignores what the keys have.
  func ignore(_ keys: some Sequence<String>) {
    for key in keys { self[key]?.ignore() }
  }

  // MARK: What was not read

  /// An unread value with its path.
  struct Unread {
    var path: String
    var node: SourceNode
  }

  /// The unread values in this one, each as high up as nothing in it was read. Empty ones do not count.
  ///
  /// - Parameter defaults: whether `false` counts as empty, too: in a state every attribute has a value.
  func unread(path: String = "", defaults: Bool = false) -> [Unread] {
    if isRead || isEmpty(defaults: defaults) { return [] }
    if !hasReadParts, !path.isEmpty { return [Unread(path: path, node: self)] }
    switch content {
    case .map(let entries):
      return entries.flatMap { key, value in
        value.unread(path: path.isEmpty ? key : "\(path).\(key)", defaults: defaults)
      }
    case .list(let items):
      return items.enumerated().flatMap { $1.unread(path: "\(path)[\($0)]", defaults: defaults) }
    default: return path.isEmpty ? [] : [Unread(path: path, node: self)]
    }
  }

  private var hasReadParts: Bool {
    switch content {
    case .map(let entries): entries.contains { $0.value.isRead || $0.value.hasReadParts }
    case .list(let items): items.contains { $0.isRead || $0.hasReadParts }
    default: false
    }
  }

  private func isEmpty(defaults: Bool) -> Bool {
    switch content {
    case .null: true
    case .string(let text): text.isEmpty
    case .bool(let value): defaults && !value
    case .list(let items): items.allSatisfy { $0.isEmpty(defaults: defaults) }
    case .map(let entries): entries.allSatisfy { $0.value.isEmpty(defaults: defaults) }
    case .number, .expression: false
    }
  }
}

import FoundationEssentials

@testable import SpecModel

/// The cases of the YAML test suite, as far as Lab/yaml-test-suite.sh has them.
enum YAMLSuite {
  private static let directory = "\(ReferenceExample.repository)/.lab/yaml-test-suite/data"
  static let isThere = FileManager.default.fileExists(atPath: directory)
  static let absence = "needs the YAML test suite; make yaml-test-suite gets it"

  /// A text and what it says.
  struct Case {
    /// `229Q`, or `2G84/00` of a group.
    let id: String
    let text: String
    /// Nil if it is no YAML.
    let documents: [Tree]?
  }

  /// What a document says, with its aliases filled in.
  indirect enum Tree: Equatable {
    /// Plain scalars are told from others, since only they can be numbers.
    case scalar(String, isPlain: Bool)
    case sequence([Tree])
    case mapping([Pair])

    struct Pair: Equatable {
      let key: Tree
      let value: Tree
    }

    init(_ node: YAMLNode) {
      switch node.content {
      case .scalar(let scalar): self = .scalar(scalar.text, isPlain: scalar.style == .plain)
      case .sequence(let items): self = .sequence(items.map(Tree.init))
      case .mapping(let mapping):
        // Whether a key is plain the reader does not keep: all keys are texts.
        self = .mapping(
          mapping.entries.map { Pair(key: .scalar($0.key, isPlain: true), value: Tree($0.value)) })
      }
    }

    /// The same with all keys held for plain.
    var withPlainKeys: Tree {
      switch self {
      case .scalar: self
      case .sequence(let items): .sequence(items.map(\.withPlainKeys))
      case .mapping(let pairs):
        .mapping(
          pairs.map { pair in
            if case .scalar(let text, _) = pair.key {
              Pair(key: .scalar(text, isPlain: true), value: pair.value.withPlainKeys)
            } else {
              Pair(key: pair.key.withPlainKeys, value: pair.value.withPlainKeys)
            }
          })
      }
    }
  }

  static func cases() throws -> [Case] {
    var cases: [Case] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    where name.utf8.count == 4 {
      let folder = "\(directory)/\(name)"
      let parts = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      let ids = parts.contains("in.yaml") ? [name] : parts.map { "\(name)/\($0)" }
      for id in ids {
        let file = "\(directory)/\(id)"
        let events = try String(contentsOfFile: "\(file)/test.event", encoding: .utf8)
        let isError = FileManager.default.fileExists(atPath: "\(file)/error")
        cases.append(
          Case(
            id: id, text: try String(contentsOfFile: "\(file)/in.yaml", encoding: .utf8),
            documents: isError ? nil : documents(of: events)))
      }
    }
    return cases
  }

  /// Reads `test.event`: a line for each event, `+MAP {} &a <tag:…>`, `=VAL &a <tag:…> "text`, `=ALI *a`.
  private static func documents(of events: String) -> [Tree] {
    var lines = events.split(separator: "\n")[...]
    var anchors: [Substring: Tree] = [:]
    func node() -> Tree? {
      guard let line = lines.popFirst(), !line.hasPrefix("-") else { return nil }
      var words = line.dropFirst(4).drop { $0 == " " }
      var anchor: Substring?
      while let first = words.first, "&<[{".contains(first) {
        let word = words.prefix { $0 != " " }
        if first == "&" { anchor = word.dropFirst() }
        words = words.dropFirst(word.count).drop { $0 == " " }
      }
      let tree: Tree
      switch line.prefix(4) {
      case "=ALI": return anchors[words.dropFirst()]
      case "=VAL": tree = .scalar(unescaped(words.dropFirst()), isPlain: words.first == ":")
      case "+SEQ":
        var items: [Tree] = []
        while let item = node() { items.append(item) }
        tree = .sequence(items)
      default:
        var pairs: [Tree.Pair] = []
        while let key = node(), let value = node() { pairs.append(.init(key: key, value: value)) }
        tree = .mapping(pairs)
      }
      if let anchor { anchors[anchor] = tree }
      return tree
    }
    var documents: [Tree] = []
    while let line = lines.popFirst() {
      guard line.hasPrefix("+DOC"), let root = node() else { continue }
      documents.append(root)
    }
    return documents
  }

  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var rest = text
    while let character = rest.popFirst() {
      guard character == "\\", let escaped = rest.popFirst() else {
        result.append(character)
        continue
      }
      switch escaped {
      case "n": result += "\n"
      case "t": result += "\t"
      case "r": result += "\r"
      case "b": result += "\u{8}"
      default: result.append(escaped)
      }
    }
    return result
  }
}

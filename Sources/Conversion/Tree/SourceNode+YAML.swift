import SpecModel

extension SourceNode {
  /// Reads YAML with the parser of specs: one document, no tags, no merge keys.
  ///
  /// - Parameter placeholder: what a text has in it that stands for an expression.
  static func read(
    yaml text: String, path: String, placeholder: Character? = nil
  ) throws(ConversionError) -> SourceNode? {
    let diagnostics = Diagnostics()
    let root = YAMLNode.parse(SourceText(path: path, text: text), diagnostics: diagnostics)
    if let problem = diagnostics.sorted.first(where: { $0.severity == .error }) {
      throw ConversionError(path, line: problem.location?.line, problem.message, help: problem.help)
    }
    return root.map { SourceNode($0, placeholder) }
  }

  private convenience init(_ node: YAMLNode, _ placeholder: Character?) {
    let content: Content
    switch node.content {
    case .scalar(let scalar): content = Self.content(of: scalar, placeholder)
    case .sequence(let items): content = .list(items.map { SourceNode($0, placeholder) })
    case .mapping(let mapping):
      content = .map(mapping.entries.map { ($0.key, SourceNode($0.value, placeholder)) })
    }
    self.init(content, line: node.location.line)
  }

  private static func content(of scalar: YAMLScalar, _ placeholder: Character?) -> Content {
    if let placeholder, scalar.text.contains(placeholder) { return .expression }
    if scalar.isNull { return .null }
    if let bool = scalar.bool { return .bool(bool) }
    if scalar.string == nil { return .number(scalar.text) }
    return .string(scalar.text)
  }
}

/// A plan as kcli reads it: a Jinja template whose parameters stand in its `parameters:` block
/// (<https://kcli.readthedocs.io/en/latest/#plan>). What is no more than a parameter is filled in.
struct KcliTemplate {
  /// Stands for what was not filled in; private, so that no plan has it.
  static let placeholder: Character = "\u{f8ff}"

  private let path: String
  private(set) var text: String
  /// Whether any parameter was filled in.
  private(set) var usesParameters = false

  init(_ text: String, path: String) throws(ConversionError) {
    self.path = path
    self.text = text
    guard text.contains("{{") || text.contains("{%") || text.contains("{#") else { return }
    let parameters = try Self.parameters(in: text, path: path)
    var lines: [String] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      if line.contains("{%") {
        throw ConversionError(
          path, line: index + 1, "is a Jinja template with statements, which are not run",
          help: "render it first: kcli render -f \(path)")
      }
      lines.append(filled(String(line), with: parameters))
    }
    self.text = lines.joined(separator: "\n")
  }

  /// A line with its expressions filled in, and without its comments.
  private mutating func filled(_ line: String, with parameters: [String: String]) -> String {
    var result = ""
    var rest = line[...]
    while let open = rest.firstRange(of: "{{") ?? rest.firstRange(of: "{#") {
      let isComment = rest[open] == "{#"
      guard let close = rest[open.upperBound...].firstRange(of: isComment ? "#}" : "}}") else { break }
      result += rest[..<open.lowerBound]
      let name = rest[open.upperBound..<close.lowerBound].trimmingSpaces
      if !isComment {
        if let value = parameters[name] {
          result += value
          usesParameters = true
        } else {
          result.append(Self.placeholder)
        }
      }
      rest = rest[close.upperBound...]
    }
    return result + rest
  }

  /// The scalars of the `parameters:` block, as Jinja writes them.
  private static func parameters(in text: String, path: String) throws(ConversionError) -> [String: String] {
    var block: [String] = []
    var isInside = false
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      let isIndented = line.first?.isWhitespace ?? true
      if line.hasPrefix("parameters:") {
        isInside = true
      } else if !isIndented, !line.hasPrefix("#") {
        isInside = false
      }
      // Empty lines keep the numbers of the others right.
      block.append(isInside && !line.contains("{{") ? String(line) : "")
    }
    guard let root = try SourceNode.read(yaml: block.joined(separator: "\n"), path: path),
      let parameters = root["parameters"]
    else { return [:] }
    var values: [String: String] = [:]
    for (name, node) in parameters.entries {
      switch node.content {
      case .string(let text), .number(let text): values[name] = text
      case .bool(let value): values[name] = value ? "True" : "False"
      case .null: values[name] = "None"
      default: continue
      }
    }
    return values
  }
}

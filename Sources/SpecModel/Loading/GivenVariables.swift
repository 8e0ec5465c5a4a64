/// Values of variables that a run is given beside the spec, on its command line.
public struct GivenVariables: Sendable {
  /// `name=value` each, of `--var`. The last of a name counts, over all files.
  public var assignments: [String] = []
  /// Paths of YAML maps, of `--var-file`. A later one counts over an earlier one.
  public var files: [String] = []

  public init(assignments: [String] = [], files: [String] = []) {
    self.assignments = assignments
    self.files = files
  }

  struct Value {
    let scalar: YAMLScalar
    /// Where it stands in its file; nil for the command line.
    let location: SourceLocation?
  }

  /// The values by the names of variables.
  ///
  /// - Parameter sources: gets the texts of the files, to show diagnostics in.
  func values(_ diagnostics: Diagnostics, sources: inout [SourceText]) -> [String: Value] {
    var values: [String: Value] = [:]
    for file in files {
      for entry in Self.entries(of: file, diagnostics, &sources) {
        guard let scalar = entry.value.scalar, !scalar.isNull else {
          diagnostics.error(
            entry.value.isNull
              ? "'\(entry.key)' has no value"
              : "'\(entry.key)' must be a single value, not \(entry.value.kind)", at: entry.value.location,
            help: entry.value.isNull ? #"write "" for an empty text"# : nil)
          continue
        }
        values[entry.key] = Value(scalar: scalar, location: entry.keyLocation)
      }
    }
    for assignment in assignments {
      guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
        // It may be a value alone, and a secret.
        diagnostics.error("--var takes a name and a value", at: nil, help: "write --var name=value")
        continue
      }
      let name = String(assignment[..<equals])
      let text = String(assignment[assignment.index(after: equals)...])
      values[name] = Value(scalar: YAMLScalar(text, style: .untyped), location: nil)
    }
    return values
  }

  private static func entries(
    of file: String, _ diagnostics: Diagnostics, _ sources: inout [SourceText]
  ) -> [YAMLMapping.Entry] {
    let text = diagnostics.value(at: nil) { () throws(ValueError) in
      try FileReader.text(file, maximum: YAMLParser.Bounds().bytes, patience: FileReader.patience)
    }
    guard let text else { return [] }
    let source = SourceText(path: file, text: text)
    sources.append(SourceText(path: file, text: namesAlone(in: text)))
    guard let root = YAMLParser.parse(source, diagnostics: diagnostics), !root.isNull else { return [] }
    guard let mapping = root.mapping else {
      diagnostics.error(
        "a file of variables must be a map, not \(root.kind)", at: root.location,
        help: "such as domain: example.org")
      return []
    }
    return mapping.entries
  }

  /// The text with nothing of its values, which may be secrets of this spec or of another one: lines as long as they were.
  private static func namesAlone(in text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let name = line.prefix { $0 != ":" }
      let isName =
        name.count < line.count && name.allSatisfy { $0.isLetter || $0.isNumber || "_- ".contains($0) }
      let shown = isName ? name + ":" : line.prefix { $0 == " " }
      return shown + String(repeating: "·", count: line.unicodeScalars.count - shown.unicodeScalars.count)
    }.joined(separator: "\n")
  }
}

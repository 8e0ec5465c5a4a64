public import SpecModel

extension StructuredValue {
  /// A diagnostic as every JSON output has it: where it is, what is wrong, what to do.
  public init(_ diagnostic: Diagnostic) {
    var members: [String: StructuredValue] = [
      "severity": .string(diagnostic.severity.rawValue), "summary": .string(diagnostic.message),
    ]
    if let help = diagnostic.help { members["help"] = .string(help) }
    if let location = diagnostic.location { members["location"] = StructuredValue(location) }
    if !diagnostic.related.isEmpty {
      members["related"] = .list(
        diagnostic.related.map {
          ["summary": .string($0.message), "location": StructuredValue($0.location)]
        })
    }
    self = .map(members)
  }

  /// `line` and `column` count from 1.
  public init(_ location: SourceLocation) {
    self = [
      "file": .string(location.path), "line": StructuredValue(location.line),
      "column": StructuredValue(location.column),
    ]
  }
}

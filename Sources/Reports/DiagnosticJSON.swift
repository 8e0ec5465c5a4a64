public import SpecModel

extension JSONValue {
  /// A diagnostic as every JSON output has it: where it is, what is wrong, what to do.
  public init(_ diagnostic: Diagnostic) {
    var members: [String: JSONValue] = [
      "severity": .string(diagnostic.severity.rawValue), "summary": .string(diagnostic.message),
    ]
    if let help = diagnostic.help { members["help"] = .string(help) }
    if let location = diagnostic.location { members["location"] = JSONValue(location) }
    if !diagnostic.related.isEmpty {
      members["related"] = .array(
        diagnostic.related.map {
          ["summary": .string($0.message), "location": JSONValue($0.location)]
        })
    }
    self = .object(members)
  }

  /// `line` and `column` count from 1.
  public init(_ location: SourceLocation) {
    self = [
      "file": .string(location.path), "line": JSONValue(location.line), "column": JSONValue(location.column),
    ]
  }
}

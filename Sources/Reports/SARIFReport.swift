public import SpecModel

/// The diagnostics of a spec in SARIF 2.1.0, which code hosts show at the lines they are about.
/// <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>
public struct SARIFReport {
  private let diagnostics: [Diagnostic]
  private let version: String

  public init(_ diagnostics: [Diagnostic], version: String) {
    self.diagnostics = diagnostics
    self.version = version
  }

  public var json: StructuredValue {
    [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
      "runs": [
        [
          "tool": ["driver": ["name": "virtform", "version": .string(version), "rules": [["id": "spec"]]]],
          "columnKind": "unicodeCodePoints", "results": .list(diagnostics.map(Self.result)),
        ]
      ],
    ]
  }

  private static func result(_ diagnostic: Diagnostic) -> StructuredValue {
    let text = diagnostic.message + (diagnostic.help.map { " (\($0))" } ?? "")
    var members: [String: StructuredValue] = [
      "ruleId": "spec", "level": .string(diagnostic.severity.rawValue), "message": ["text": .string(text)],
    ]
    if let location = diagnostic.location { members["locations"] = [self.location(location, message: nil)] }
    if !diagnostic.related.isEmpty {
      members["relatedLocations"] = .list(
        diagnostic.related.map { location($0.location, message: $0.message) })
    }
    return .map(members)
  }

  private static func location(_ location: SourceLocation, message: String?) -> StructuredValue {
    var members: [String: StructuredValue] = [
      "physicalLocation": [
        "artifactLocation": ["uri": .string(uri(location.path))],
        "region": [
          "startLine": StructuredValue(location.line), "startColumn": StructuredValue(location.column),
        ],
      ]
    ]
    if let message { members["message"] = ["text": .string(message)] }
    return .map(members)
  }

  /// A path as a relative URI reference.
  private static func uri(_ path: String) -> String {
    path.utf8.map { byte in
      let isPlain =
        byte < 0x80
        && (Character(UnicodeScalar(byte)).isLetter
          || Character(UnicodeScalar(byte)).isNumber || "/-._~".utf8.contains(byte))
      let hex = String(byte, radix: 16, uppercase: true)
      return isPlain ? String(UnicodeScalar(byte)) : "%" + (hex.count < 2 ? "0" : "") + hex
    }.joined()
  }
}

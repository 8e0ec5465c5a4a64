import Reports
import TestLab
import SpecModel

/// Validates documents against a JSON Schema, by an implementation that is not ours.
enum SchemaCheck {
  struct Failure: Error { let text: String }

  private static let program = """
    import json, jsonschema, sys
    jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.loads(sys.argv[2]))
    """

  /// - Parameter schema: the name of a file in `docs/schemas`.
  static func expect(_ document: StructuredValue, toFollow schema: String) async throws {
    let outcome = try await Lab.run(
      "/usr/bin/python3", ["-c", program, "\(Lab.repository)/docs/schemas/\(schema)", document.line], in: "/")
    guard outcome.status == 0 else { throw Failure(text: outcome.errors) }
  }
}

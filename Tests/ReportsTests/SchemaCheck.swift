import FoundationEssentials
import Reports
import SpecModel
import TestLab

/// Validates documents against a JSON Schema, by an implementation that is not ours.
enum SchemaCheck {
  struct Failure: Error { let text: String }

  private static let program = """
    import json, jsonschema, sys
    schema = json.load(open(sys.argv[1]))
    jsonschema.validators.validator_for(schema)(schema).validate(json.loads(sys.argv[2]))
    """

  /// - Parameter schema: the name of a file in `docs/schemas`.
  static func expect(_ document: StructuredValue, toFollow schema: String) async throws {
    let outcome = try await Lab.run(
      "/usr/bin/python3", ["-c", program, "\(Lab.repository)/docs/schemas/\(schema)", document.line], in: "/")
    guard outcome.status == 0 else { throw Failure(text: outcome.errors) }
  }

  private static let faultProgram = """
    import json, jsonschema, sys
    schema, parts = json.loads(sys.argv[1]), sys.argv[2] == "parts"
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    def fault(document):
        part = schema
        if parts:
            (name, document), = document.items()
            if name in schema["definitions"]:
                part = {"definitions": schema["definitions"], "$ref": "#/definitions/" + name}
        error = next(kind(part).iter_errors(document), None)
        return error.message if error else ""
    print(json.dumps([fault(json.loads(text)) for text in sys.argv[3:]]))
    """

  /// What is wrong with each document: a message, or nothing.
  ///
  /// - Parameter asDefinitions: true if each is a map from the name of a definition to what has to be as that says.
  static func faults(
    of documents: [StructuredValue], in schema: StructuredValue, asDefinitions: Bool = false
  ) async throws -> [String] {
    let outcome = try await Lab.run(
      "/usr/bin/python3",
      ["-c", faultProgram, schema.line, asDefinitions ? "parts" : "whole"] + documents.map(\.line), in: "/")
    guard outcome.status == 0, case .list(let faults)? = StructuredValue(json: outcome.output) else {
      throw Failure(text: outcome.errors)
    }
    return faults.map { if case .string(let text) = $0 { text } else { "" } }
  }
}

extension StructuredValue {
  /// The value of a text in JSON.
  fileprivate init?(json text: String) {
    guard let value = try? JSONDecoder().decode(StructuredValue.self, from: Data(text.utf8)) else {
      return nil
    }
    self = value
  }
}

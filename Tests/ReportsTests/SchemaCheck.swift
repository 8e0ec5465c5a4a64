import Foundation
import Reports

/// Validates documents against a JSON Schema, by an implementation that is not ours.
enum SchemaCheck {
  struct Failure: Error { let text: String }

  private static let program = """
    import json, jsonschema, sys
    jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.loads(sys.argv[2]))
    """

  static func expect(_ document: JSONValue, toFollow schema: URL) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = ["-c", program, schema.path, document.line]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(text: String(decoding: text, as: UTF8.self)) }
  }
}

/// The language as JSON Schema, draft 7, which editors know best (<https://json-schema.org/draft-07>).
///
/// It takes whatever the decoders take. What they refuse it refuses as far as a schema can tell: a reference, `${…}`, may
/// stand for any scalar, and what a VM needs may come from a profile.
public enum LanguageSchema {
  /// Keys are sorted, so that the same language is the same text.
  public static var document: StructuredValue {
    var schema = members(of: Language.root)
    schema["$schema"] = "http://json-schema.org/draft-07/schema#"
    schema["$id"] = "urn:virtform:schema:spec:1"
    schema["title"] = "Spec of virtform"
    schema["type"] = "object"
    let objects = Language.places.dropFirst().map {
      ($0.object.id, StructuredValue.map(members(of: $0.object)))
    }
    schema["definitions"] = .map(Dictionary(objects, uniquingKeysWith: { first, _ in first }))
    return .map(schema)
  }

  private static func members(of object: LanguageObject) -> [String: StructuredValue] {
    var members: [String: StructuredValue] = [
      "description": .string(object.summary), "type": ["object", "null"], "additionalProperties": false,
      "properties": .map(
        Dictionary(object.fields.map { ($0.name, property($0)) }, uniquingKeysWith: { first, _ in first })),
    ]
    let required = object.fields.filter { if case .always = $0.requirement { true } else { false } }
    if !object.isLayered, !required.isEmpty { members["required"] = StructuredValue(required.map(\.name)) }
    return members
  }

  private static func property(_ field: LanguageField) -> StructuredValue {
    let type = schema(of: field.type)
    // Draft 7 ignores what stands beside a reference.
    guard case .map(var members) = type["$ref"] == nil ? type : ["allOf": [type]] else { return type }
    members["description"] = .string(description(of: field))
    if case .value(let value)? = field.defaultValue { members["default"] = value }
    if let example = field.example.flatMap(StructuredValue.init(yaml:)) { members["examples"] = [example] }
    return .map(members)
  }

  private static func description(of field: LanguageField) -> String {
    var parts = [field.summary]
    let words = field.type.choices.compactMap { word in word.meaning.map { "`\(word.word)`: \($0)" } }
    if !words.isEmpty { parts.append(words.joined(separator: "; ") + ".") }
    switch field.requirement {
    case .never: break
    case .always: parts.append("Required.")
    case .sometimes(let when): parts.append("Required \(when).")
    }
    if case .words(let text)? = field.defaultValue { parts.append("Without it: \(text).") }
    return parts.joined(separator: " ")
  }

  // MARK: Types

  private static func schema(of type: LanguageType) -> StructuredValue {
    var alternatives: [StructuredValue] = []
    for alternative in self.alternatives(of: type) where !alternatives.contains(alternative) {
      alternatives.append(alternative)
    }
    return alternatives.count == 1 ? alternatives[0] : ["anyOf": .list(alternatives)]
  }

  /// A text with references in it, whose value is not known yet.
  private static let reference: StructuredValue = ["type": "string", "pattern": #"\$\{"#]

  private static func alternatives(of type: LanguageType) -> [StructuredValue] {
    switch type {
    case .text: return [["type": "string"]]
    case .line: return [["type": "string", "pattern": #"^[^\u0000-\u001f\u007f-\u009f]*$"#]]
    case .integer(let range):
      var members: [String: StructuredValue] = ["type": "integer", "minimum": .int(range.lowerBound)]
      if range.upperBound != .max { members["maximum"] = .int(range.upperBound) }
      return [.map(members), reference]
    case .boolean: return [["type": "boolean"], reference]
    case .scalar: return [["type": ["string", "number", "boolean"]]]
    case .form(let form): return [text(form)]
    case .choice(let words): return [["enum": StructuredValue(words.map(\.word))], reference]
    case .reference: return [text(.name)]
    case .list(let item): return [["type": "array", "items": schema(of: item)]]
    case .namedMap(let value, let keys):
      var members: [String: StructuredValue] = [
        "type": ["object", "null"], "additionalProperties": schema(of: value),
      ]
      if let pattern = keys.pattern { members["propertyNames"] = ["pattern": .string("^(\(pattern))$")] }
      return [.map(members)]
    case .freeMap: return [["type": ["object", "null"]]]
    case .object(let object): return [["$ref": .string("#/definitions/\(object.id)")]]
    case .either(let types): return types.flatMap(alternatives)
    }
  }

  private static func text(_ form: TextForm) -> StructuredValue {
    guard let pattern = form.pattern else { return ["type": "string"] }
    return [
      "type": form.takesNumbers ? ["string", "number"] : "string",
      "pattern": .string("^(\(pattern))$|\\$\\{"),
      // What editors show in place of the expression.
      "patternErrorMessage": .string("not a \(form.title)"),
    ]
  }
}

extension StructuredValue {
  /// The value of a text in YAML; nil if it is none.
  init?(yaml text: String) {
    let diagnostics = Diagnostics()
    let root = YAMLParser.parse(SourceText(path: "", text: text), diagnostics: diagnostics)
    guard let root, !diagnostics.hasErrors else { return nil }
    self.init(root)
  }
}

@testable import SpecModel

/// Whether a value is what the description of the language says.
enum LanguageCheck {
  /// What is not, each with its path; of a spec that the decoder takes, nothing is.
  static func faults(
    of value: StructuredValue, in type: LanguageType = .object(Language.root), at path: String = ""
  ) -> [String] {
    switch (type, value) {
    case (.either(let types), _):
      let faults = types.map { self.faults(of: value, in: $0, at: path) }
      return faults.contains([]) ? [] : faults.min { $0.count < $1.count } ?? []
    case (.object, .null), (.namedMap, .null), (.freeMap, .null), (.freeMap, .map): return []
    case (.object(let object), .map(let values)): return self.faults(of: values, in: object, at: path)
    case (.namedMap(let inner, let keys), .map(let values)):
      return values.sorted { $0.key < $1.key }.flatMap { key, value in
        (matches(key, keys) ? [] : ["\(path): key \(key)"])
          + faults(of: value, in: inner, at: Language.join(path, key))
      }
    case (.list(let item), .list(let values)):
      return values.flatMap { faults(of: $0, in: item, at: "\(path)[]") }
    case (.object, _), (.namedMap, _), (.freeMap, _), (.list, _): return ["\(path): \(value.line)"]
    default: return isScalar(value, type) ? [] : ["\(path): \(value.line)"]
    }
  }

  private static func faults(
    of values: [String: StructuredValue], in object: LanguageObject, at path: String
  ) -> [String] {
    let missing = object.fields.filter { field in
      if case .always = field.requirement { !object.isLayered && values[field.name] == nil } else { false }
    }
    return missing.map { "\(path): no \($0.name)" }
      + values.sorted { $0.key < $1.key }.flatMap { key, value in
        let path = Language.join(path, key)
        return object.field(key).map { faults(of: value, in: $0.type, at: path) } ?? ["\(path): unknown"]
      }
  }

  private static func isScalar(_ value: StructuredValue, _ type: LanguageType) -> Bool {
    if case .string(let text) = value, text.contains("${") { return true }
    return switch (type, value) {
    case (.text, .string), (.boolean, .bool), (.scalar, .string), (.scalar, .int), (.scalar, .double),
      (.scalar, .bool):
      true
    case (.line, .string(let text)): !text.contains(where: \.isNewline)
    case (.integer(let range), .int(let number)): range.contains(number)
    case (.form(let form), .string(let text)): matches(text, form)
    case (.form(let form), .int), (.form(let form), .double): form.takesNumbers
    case (.choice(let words), .string(let text)): words.contains { $0.word == text }
    case (.reference, .string(let text)): matches(text, .name)
    case (.reference, .int), (.reference, .double): true
    default: false
    }
  }

  private static func matches(_ text: String, _ form: TextForm) -> Bool {
    guard let pattern = form.pattern, let expression = try? Regex(pattern) else { return form.pattern == nil }
    return text.wholeMatch(of: expression) != nil
  }
}

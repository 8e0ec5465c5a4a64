/// Reads the fields of one mapping into typed values and reports what does not fit.
///
/// Every key that a decoder asks for is known; `finish()` reports all others with the nearest known key.
final class MappingReader {
  /// Where this mapping stands in the resolved spec.
  let path: SpecPath
  let location: SourceLocation
  let diagnostics: Diagnostics
  private let mapping: YAMLMapping
  private var known: Set<String> = []

  /// Fails, with a diagnostic, unless `node` is a mapping; nothing at all counts as an empty one.
  init?(_ node: YAMLNode, at path: SpecPath, _ diagnostics: Diagnostics) {
    guard let mapping = node.mapping ?? (node.isNull ? YAMLMapping() : nil) else {
      diagnostics.error("'\(path.lastKey)' must be a map, not \(node.kind)", at: node.location)
      return nil
    }
    self.mapping = mapping
    self.path = path
    self.diagnostics = diagnostics
    location = node.location
  }

  var keys: [String] { mapping.entries.map(\.key) }

  func has(_ key: String) -> Bool { mapping[key] != nil }

  /// Where `key`'s value stands, or else the mapping itself.
  func location(of key: String) -> SourceLocation { mapping[key]?.value.location ?? location }

  /// The node at `key`, or nil if the key is not there.
  func node(_ key: String) -> YAMLNode? {
    known.insert(key)
    return mapping[key]?.value
  }

  /// The entries of the mapping at `key`, each with a checked name; none if the key is not there.
  func namedEntries(_ key: String) -> [(name: ResourceName, entry: YAMLMapping.Entry)] {
    guard let node = node(key), let reader = MappingReader(node, at: path + key, diagnostics) else { return [] }
    return reader.mapping.entries.compactMap { entry in
      diagnostics.value(at: entry.keyLocation) { () throws(ValueError) in
        (try ResourceName(parsing: entry.key), entry)
      }
    }
  }

  func string(_ key: String) -> String? {
    scalar(key, wants: "a string") { $0.string }
  }

  func int(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard let value = scalar(key, wants: "a whole number", { $0.int }) else { return nil }
    guard range.contains(value) else {
      error("'\(key)' is \(value), but must be from \(range.lowerBound) to \(range.upperBound)", at: key)
      return nil
    }
    return value
  }

  func bool(_ key: String) -> Bool? {
    scalar(key, wants: "true or false") { $0.bool }
  }

  /// The value that `parse` reads from a text; a bare number is passed on as its text, since `parse` can say
  /// best what it lacks.
  func value<Value>(_ key: String, _ parse: (String) throws(ValueError) -> Value) -> Value? {
    guard let text = scalar(key, wants: "a value", { $0.isNull || $0.bool != nil ? nil : $0.text }) else { return nil }
    return diagnostics.value(at: location(of: key)) { () throws(ValueError) in try parse(text) }
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _: Choice.Type = Choice.self) -> Choice?
  where Choice.RawValue == String {
    guard let text = scalar(key, wants: "a word", { $0.isNull ? nil : $0.text }) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let words = Choice.allCases.map(\.rawValue)
    let near = nearest(to: text, in: words).map { "did you mean '\($0)'? " } ?? ""
    error("'\(key)' cannot be '\(text)'", at: key, help: near + "it is one of: " + words.joined(separator: ", "))
    return nil
  }

  func name(_ key: String) -> ResourceName? {
    value(key) { text throws(ValueError) in try ResourceName(parsing: text) }
  }

  /// The names in the list at `key`; nil if the key is not there.
  func names(_ key: String) -> [(name: ResourceName, location: SourceLocation)]? {
    guard let node = node(key) else { return nil }
    guard case .sequence(let items) = node.content else {
      error("'\(key)' must be a list, not \(node.kind)", at: key, help: "write [\(node.scalar?.text ?? "a")]")
      return nil
    }
    return items.compactMap { item in
      guard let text = item.scalar?.string else {
        diagnostics.error("a name must be a string, not \(item.kind)", at: item.location)
        return nil
      }
      return diagnostics.value(at: item.location) { () throws(ValueError) in
        (try ResourceName(parsing: text), item.location)
      }
    }
  }

  func nested(_ key: String) -> MappingReader? {
    node(key).flatMap { MappingReader($0, at: path + key, diagnostics) }
  }

  /// Reports that `key` must be there.
  func missing(_ key: String, help: String? = nil) {
    // A value that is there but wrong has its own diagnostic.
    if !has(key) { diagnostics.error("'\(key)' is missing in \(path)", at: location, help: help) }
  }

  func error(_ message: String, at key: String, help: String? = nil) {
    diagnostics.error(message, at: location(of: key), help: help)
  }

  /// Reports the keys that no decoder asked for.
  func finish() {
    for entry in mapping.entries where !known.contains(entry.key) {
      let help =
        nearest(to: entry.key, in: known.sorted()).map { "did you mean '\($0)'?" }
        ?? (known.isEmpty ? nil : "known keys are " + known.sorted().joined(separator: ", "))
      diagnostics.error("unknown key '\(entry.key)' in \(path)", at: entry.keyLocation, help: help)
    }
  }

  private func scalar<Value>(_ key: String, wants: String, _ read: (YAMLScalar) -> Value?) -> Value? {
    guard let node = node(key) else { return nil }
    if let scalar = node.scalar, let value = read(scalar) { return value }
    let quote = wants == "a string" && node.scalar != nil && !node.isNull
    error(
      node.isNull ? "'\(key)' has no value" : "'\(key)' must be \(wants), not \(node.kind)", at: key,
      help: quote ? "quote it: \"\(node.scalar?.text ?? "")\"" : nil)
    return nil
  }
}

extension Diagnostics {
  /// What `body` returns, or nil with a diagnostic at `location` if it throws.
  func value<Value>(at location: SourceLocation?, _ body: () throws(ValueError) -> Value) -> Value? {
    do {
      return try body()
    } catch {
      self.error(error.message, at: location, help: error.help)
      return nil
    }
  }
}

extension SpecPath {
  var lastKey: String { String(description[(description.lastIndex(of: ".").map { description.index(after: $0) } ?? description.startIndex)...]) }
}

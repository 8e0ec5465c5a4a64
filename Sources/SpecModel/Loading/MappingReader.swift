/// Reads the fields of one mapping into typed values and reports what does not fit.
///
/// Every key that a decoder asks for is known; `finish()` reports all others with the nearest known key.
final class MappingReader {
  /// Where this mapping stands in the resolved spec.
  let path: SpecPath
  let location: SourceLocation
  let diagnostics: Diagnostics
  private let mapping: YAMLMapping
  /// What a decoder asked for, in that order.
  private var known: [String] = []
  /// Unknown keys that are reported already.
  private var reported: Set<String> = []

  /// What messages call this mapping. Within VMs it lacks the VM, so that a fault of a profile that many
  /// VMs use is one message.
  private let title: String
  private let nestedPrefix: String

  /// Fails, with a diagnostic, unless `node` is a mapping; nothing at all counts as an empty one.
  ///
  /// - Parameters:
  ///   - title: what messages call the mapping; its path unless it is given.
  ///   - nestedPrefix: what messages put before the keys of mappings in it; the title and a dot unless given.
  init?(
    _ node: YAMLNode, at path: SpecPath, _ diagnostics: Diagnostics, title: String? = nil,
    nestedPrefix: String? = nil
  ) {
    let title = title ?? path.description
    guard let mapping = node.mapping ?? (node.isNull ? YAMLMapping() : nil) else {
      if !node.isUnresolved {
        diagnostics.error("'\(title)' must be a map, not \(node.kind)", at: node.location)
      }
      return nil
    }
    self.mapping = mapping
    self.path = path
    self.title = title
    self.nestedPrefix = nestedPrefix ?? title + "."
    self.diagnostics = diagnostics
    location = node.location
  }

  var keys: [String] { mapping.entries.map(\.key) }

  func has(_ key: String) -> Bool { mapping[key] != nil }

  /// Where `key`'s value stands, or else the mapping itself.
  func location(of key: String) -> SourceLocation { mapping[key]?.value.location ?? location }

  /// Where `key` itself stands, or else the mapping.
  func keyLocation(of key: String) -> SourceLocation { mapping[key]?.keyLocation ?? location }

  /// The node at `key`, or nil if the key is not there.
  func node(_ key: String) -> YAMLNode? {
    known.append(key)
    return mapping[key]?.value
  }

  /// The entries of the mapping at `key`, each with a checked name; none if the key is not there.
  func namedEntries(_ key: String) -> [(name: ResourceName, entry: YAMLMapping.Entry)] {
    guard let reader = nested(key) else { return [] }
    return reader.mapping.entries.compactMap { entry in
      diagnostics.value(at: entry.keyLocation) { () throws(ValueError) in
        (try ResourceName(parsing: entry.key), entry)
      }
    }
  }

  /// Where `inner` stands in the mapping `nested` of the mapping at `key`; nil if it does not.
  func nestedEntry(_ key: String, _ nested: String, _ inner: String) -> SourceLocation? {
    mapping[key]?.value.mapping?[nested]?.value.mapping?[inner]?.keyLocation
  }

  /// Where `nested` stands in the mapping at `key`; nil if it does not.
  func nestedEntry(_ key: String, _ nested: String) -> SourceLocation? {
    mapping[key]?.value.mapping?[nested]?.keyLocation
  }

  /// The keys of the mapping at `key`; none if there is no mapping.
  func nestedKeys(_ key: String) -> [String] { mapping[key]?.value.mapping?.entries.map(\.key) ?? [] }

  /// True if there is something at `key` that is no mapping, or no name in it is a name.
  func isUnreadable(_ key: String) -> Bool {
    guard let node = mapping[key]?.value, !node.isNull else { return false }
    guard let entries = node.mapping?.entries else { return true }
    return !entries.isEmpty && !entries.contains { (try? ResourceName(parsing: $0.key)) != nil }
  }

  func string(_ key: String) -> String? {
    scalar(key, wants: .string) { $0.string }
  }

  /// A string without line breaks and other control characters.
  func line(_ key: String) -> String? {
    guard let text = string(key) else { return nil }
    guard text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }) else {
      return text
    }
    error("'\(key)' has a line break or another control character", at: key, help: "write it in one line")
    return nil
  }

  func int(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard let value = scalar(key, wants: .int, { $0.int }) else { return nil }
    guard range.contains(value) else {
      let bounds =
        range.upperBound == Int.max
        ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      error("'\(key)' is \(value), but must be \(bounds)", at: key)
      return nil
    }
    return value
  }

  func bool(_ key: String) -> Bool? {
    scalar(key, wants: .bool) { $0.bool }
  }

  /// The value that `parse` reads from a text; a bare number or boolean is passed on as its text, since `parse`
  /// can say best what it lacks.
  func value<Value>(_ key: String, _ parse: (String) throws(ValueError) -> Value) -> Value? {
    guard let text = scalar(key, wants: .anything, { $0.isNull ? nil : $0.text }) else { return nil }
    return diagnostics.value(at: location(of: key)) { () throws(ValueError) in try parse(text) }
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _: Choice.Type = Choice.self) -> Choice?
  where Choice.RawValue == String {
    guard let text = scalar(key, wants: .anything, { $0.isNull ? nil : $0.text }) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let words = Choice.allCases.map(\.rawValue)
    let near = diagnostics.suggestions.nearest(to: text, in: words).map { "did you mean '\($0)'? " } ?? ""
    error(
      "'\(key)' cannot be '\(text)'", at: key, help: near + "it is one of: " + words.joined(separator: ", "))
    return nil
  }

  func name(_ key: String) -> ResourceName? {
    value(key) { text throws(ValueError) in try ResourceName(parsing: text) }
  }

  /// The nodes of the list at `key`; nil if the key is not there.
  func items(_ key: String) -> [YAMLNode]? {
    guard let node = node(key), !node.isUnresolved else { return nil }
    guard case .sequence(let items) = node.content else {
      let help = node.isNull ? nil : node.scalar.map { "write [\($0.text)]" }
      error(
        node.isNull ? "'\(key)' has no value" : "'\(key)' must be a list, not \(node.kind)", at: key,
        help: help)
      return nil
    }
    return items
  }

  /// The text of an item of a list, which messages call `what`; nil, with a diagnostic, if it is none.
  func text(_ item: YAMLNode, _ what: String) -> String? {
    if item.isUnresolved { return nil }
    guard let text = item.scalar?.string else {
      let help = item.isNull ? nil : item.scalar.map { "quote it: \"\($0.text)\"" }
      diagnostics.error("\(what) must be a string, not \(item.kind)", at: item.location, help: help)
      return nil
    }
    return text
  }

  /// The value at `key`, or the values of the list there; none if the key is not there.
  ///
  /// - Parameter help: what to write instead of an empty list.
  func values<Value>(
    _ key: String, help: String, _ parse: (String) throws(ValueError) -> Value
  ) -> [(value: Value, location: SourceLocation)] {
    guard let node = node(key), !node.isUnresolved else { return [] }
    let items: [YAMLNode] = if case .sequence(let items) = node.content { items } else { [node] }
    if items.isEmpty { error("'\(key)' is an empty list", at: key, help: help) }
    return items.compactMap { item in
      guard let scalar = item.scalar, !item.isNull else {
        if !item.isUnresolved {
          diagnostics.error(
            item.isNull ? "'\(key)' has no value" : "'\(key)' must be a single value or a list of them",
            at: item.location)
        }
        return nil
      }
      return diagnostics.value(at: item.location) { () throws(ValueError) in
        (try parse(scalar.text), item.location)
      }
    }
  }

  /// The names in the list at `key`, each once; nil if the key is not there.
  func names(_ key: String) -> [(name: ResourceName, location: SourceLocation)]? {
    guard let items = items(key) else { return nil }
    var seen: Set<ResourceName> = []
    return items.compactMap { item in
      guard let name = self.name(item) else { return nil }
      guard seen.insert(name).inserted else {
        diagnostics.error("'\(name)' stands in '\(key)' twice", at: item.location)
        return nil
      }
      return (name, item.location)
    }
  }

  private func name(_ item: YAMLNode) -> ResourceName? {
    text(item, "a name").flatMap { text in
      diagnostics.value(at: item.location) { () throws(ValueError) in try ResourceName(parsing: text) }
    }
  }

  func nested(_ key: String) -> MappingReader? {
    node(key).flatMap { nested($0, key) }
  }

  /// The reader of the mapping at `key`, which must say something; nil, with a diagnostic, if it does not.
  func nonEmpty(_ key: String, help: String) -> MappingReader? {
    guard let node = node(key) else { return nil }
    guard !node.isNull, node.mapping?.isEmpty != true else {
      error(node.isNull ? "'\(key)' has no value" : "'\(key)' is empty", at: key, help: help)
      return nil
    }
    return nested(node, key)
  }

  /// The reader of `node`, which stands at `keys` below this mapping.
  func nested(_ node: YAMLNode, _ keys: String...) -> MappingReader? {
    MappingReader(
      node, at: keys.reduce(path, +), diagnostics, title: nestedPrefix + keys.joined(separator: "."))
  }

  /// Reports that `key` must be there.
  func missing(_ key: String, help: String? = nil) {
    // A value that is there but wrong has its own diagnostic.
    if !has(key) { diagnostics.error("'\(key)' is missing in \(title)", at: location, help: help) }
  }

  func error(_ message: String, at key: String, help: String? = nil) {
    diagnostics.error(message, at: location(of: key), help: help)
  }

  /// Reports `key`, if it is there, as unknown, with advice of its own.
  func unknown(_ key: String, help: (YAMLNode) -> String) {
    guard let entry = mapping[key] else { return }
    reported.insert(key)
    diagnostics.error("unknown key '\(key)'", at: entry.keyLocation, help: help(entry.value))
  }

  /// Reports `keys`, as far as they are there, as ones that something else excludes.
  func refuse(_ keys: [String], help: String? = nil, _ message: (String) -> String) {
    for key in keys where has(key) {
      error(message(key), at: key, help: help)
      known.append(key)
    }
  }

  /// Reports the keys that no decoder asked for.
  func finish() {
    diagnostics.didRead?(path, Set(known))
    // Nearly all mappings have few keys, all of them known, which is seen faster than a set is made.
    if mapping.entries.count <= 8, mapping.entries.allSatisfy({ known.contains($0.key) }) { return }
    let words = Set(known)
    for entry in mapping.entries where !words.contains(entry.key) && !reported.contains(entry.key) {
      let help =
        diagnostics.suggestions.nearest(to: entry.key, in: words).map { "did you mean '\($0)'?" }
        ?? (words.isEmpty ? nil : "known keys are " + words.sorted().joined(separator: ", "))
      diagnostics.error("unknown key '\(entry.key)'", at: entry.keyLocation, help: help)
    }
  }

  /// What a field takes.
  private enum Wanted: String {
    case string = "a string"
    case int = "a whole number"
    case bool = "true or false"
    case anything = "a single value"
  }

  private func scalar<Value>(_ key: String, wants: Wanted, _ read: (YAMLScalar) -> Value?) -> Value? {
    guard let node = node(key), !node.isUnresolved else { return nil }
    if let scalar = node.scalar, let value = read(scalar) { return value }
    error(
      node.isNull ? "'\(key)' has no value" : "'\(key)' must be \(wants.rawValue), not \(node.kind)", at: key,
      help: node.isNull ? nil : node.scalar.flatMap { Self.advice($0, wants) })
    return nil
  }

  /// How a scalar of another type becomes what is wanted.
  private static func advice(_ scalar: YAMLScalar, _ wanted: Wanted) -> String? {
    let text = scalar.text
    let unquoted = YAMLScalar(text, style: .plain)
    switch wanted {
    case .string: return "quote it: \"\(text)\""
    case .int:
      if unquoted.int != nil { return "write it without quotes: \(text)" }
      return Int(text) == nil ? nil : "write it without leading zeros"
    case .bool:
      if unquoted.bool != nil { return "write it without quotes: \(text)" }
      return ["yes": "true", "on": "true", "no": "false", "off": "false"][text.lowercased()].map {
        "write \($0)"
      }
    case .anything: return nil
    }
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

/// The variables of a spec and their values.
///
/// A variable has a `default`, or is read from the environment (`env`) or a file (`file`), the first of
/// `env`, `file` and `default` that is there. A default may use other variables.
struct VariableTable {
  /// What variables may be read from.
  struct Sources: Sendable {
    var environment: [String: String]
    var readFile: @Sendable (String) throws(ValueError) -> String
  }

  private struct Definition {
    let location: SourceLocation
    let fallback: YAMLNode?
    let value: YAMLScalar?
    let environmentName: String?
    let isSecret: Bool
  }

  private enum State { case inProgress, done(YAMLScalar) }

  private var definitions: [String: Definition] = [:]
  private var states: [String: State] = [:]
  private let diagnostics: Diagnostics
  /// False if `variables:` is no map: then nobody knows what it declares.
  private let isReadable: Bool
  /// The values of the variables that are marked as secret.
  private(set) var secrets: [String] = []
  var budget = ExpansionBudget()

  init(_ reader: MappingReader, sources: Sources, diagnostics: Diagnostics) {
    self.diagnostics = diagnostics
    let entries = reader.namedEntries("variables")
    isReadable = !entries.isEmpty || !reader.isUnreadable("variables")
    for (name, entry) in entries {
      let reportsBefore = diagnostics.reportCount
      let path = reader.path + "variables" + name.rawValue
      let definition = MappingReader(entry.value, at: path, diagnostics).map {
        Self.definition($0, at: entry.keyLocation, sources)
      }
      if diagnostics.reportCount == reportsBefore {
        definitions[name.rawValue] = definition
      } else {
        // It is in error already: its uses are not.
        states[name.rawValue] = .done(.unresolved)
      }
    }
    for name in definitions.keys.sorted() { _ = value(of: name, usedAt: nil) }
  }

  private static func definition(
    _ variable: MappingReader, at location: SourceLocation, _ sources: Sources
  ) -> Definition {
    let fallback = variable.node("default")
    if let fallback, fallback.isNull || fallback.scalar == nil {
      variable.error(
        fallback.isNull ? "'default' has no value" : "'default' must be a single value, not \(fallback.kind)",
        at: "default", help: fallback.isNull ? #"write "" for an empty text"# : nil)
    }
    let environmentName = variable.string("env")
    let file = variable.string("file")
    let isSecret = variable.bool("secret") ?? false
    variable.finish()
    if !["default", "env", "file"].contains(where: variable.has) {
      variable.diagnostics.error(
        "this variable has nothing that gives it a value", at: location,
        help: "add a default, the env: of an environment variable or the file: to read")
    }
    var value = environmentName.flatMap { sources.environment[$0] }
    if value == nil, let file {
      let place = variable.location(of: "file")
      value = variable.diagnostics.value(at: place) { () throws(ValueError) in
        try sources.readFile(resolve(file, besides: place.path))
      }
    }
    return Definition(
      location: location, fallback: fallback, value: value.map { YAMLScalar($0, style: .untyped) },
      environmentName: environmentName, isSecret: isSecret)
  }

  /// Paths in a spec are relative to the file they stand in.
  static func resolve(_ path: String, besides specFile: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let slash = specFile.lastIndex(of: "/") else { return path }
    let plain = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return specFile[...slash] + plain
  }

  /// The value of a variable; unresolved, with a diagnostic, if it has none.
  mutating func value(of name: String, usedAt location: SourceLocation?) -> YAMLScalar {
    switch states[name] {
    case .done(let value): return value
    case .inProgress:
      diagnostics.error("variable '\(name)' depends on itself", at: definitions[name]?.location)
      return .unresolved
    case nil: break
    }
    guard let definition = definitions[name] else {
      if isReadable { reportUnknown(name, at: location) }
      return .unresolved
    }
    states[name] = .inProgress
    let value = value(of: definition)
    if value.isUnresolved, definition.value == nil, definition.fallback == nil {
      diagnostics.error(
        "variable '\(name)' has no value", at: definition.location,
        help: "set \(definition.environmentName ?? "it") in the environment, or give it a default")
    }
    if definition.isSecret, !value.text.isEmpty { secrets.append(value.text) }
    states[name] = .done(value)
    return value
  }

  private mutating func value(of definition: Definition) -> YAMLScalar {
    if let value = definition.value { return value }
    guard let fallback = definition.fallback else { return .unresolved }
    return Interpolation().resolve(fallback, &self, diagnostics).scalar ?? .unresolved
  }

  private func reportUnknown(_ name: String, at location: SourceLocation?) {
    let near = diagnostics.suggestions.nearest(to: name, in: definitions.keys).map {
      "did you mean 'var.\($0)'?"
    }
    diagnostics.error(
      "unknown variable 'var.\(name)'", at: location, help: near ?? "declare it under variables:")
  }
}

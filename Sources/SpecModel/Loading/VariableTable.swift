/// The variables of a spec and their values.
///
/// A variable is given with the run, or read from the environment (`env`) or a file (`file`), or has a `default`: the
/// first of them that is there. A default may use other variables.
struct VariableTable {
  /// What variables may be read from.
  struct Sources: Sendable {
    var environment: [String: String]
    /// What the run was given, which counts over all else.
    var given: [String: GivenVariables.Value] = [:]
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
  /// Files that references name, each read once, by path.
  private var texts: [String: YAMLScalar] = [:]
  private let diagnostics: Diagnostics
  private let sources: Sources
  /// False if `variables:` is no map: then nobody knows what it declares.
  private let isReadable: Bool
  /// The values of the variables that are marked as secret.
  private(set) var secrets: [String] = []
  var budget = ExpansionBudget()
  /// How many variables are being found out for one, now and at most.
  private var depth = 0
  private static let maximumDepth = 100
  private var isTooDeep = false

  init(_ reader: MappingReader, sources: Sources, diagnostics: Diagnostics) {
    self.diagnostics = diagnostics
    self.sources = sources
    let entries = reader.namedEntries("variables")
    isReadable = !entries.isEmpty || !reader.isUnreadable("variables")
    for (name, entry) in entries {
      let reportsBefore = diagnostics.reportCount
      let path = reader.path + "variables" + name.rawValue
      let definition = MappingReader(entry.value, at: path, diagnostics).map {
        Self.definition($0, named: name.rawValue, at: entry.keyLocation, sources)
      }
      if diagnostics.reportCount == reportsBefore {
        definitions[name.rawValue] = definition
      } else {
        // It is in error already: its uses are not.
        states[name.rawValue] = .done(.unresolved)
      }
    }
    if isReadable { checkGiven() }
    for name in definitions.keys.sorted() { _ = value(of: name, usedAt: nil) }
  }

  private static func definition(
    _ variable: MappingReader, named name: String, at location: SourceLocation, _ sources: Sources
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
    let given = sources.given[name]?.scalar
    if given == nil, !["default", "env", "file"].contains(where: variable.has) {
      variable.diagnostics.error(
        "this variable has nothing that gives it a value", at: location,
        help: "add a default, the env: of an environment variable or the file: to read, or give it with --var"
      )
    }
    var value = environmentName.flatMap { sources.environment[$0] }
    if given == nil, value == nil, let file {
      let place = variable.location(of: "file")
      value = variable.diagnostics.value(at: place) { () throws(ValueError) in
        try sources.readFile(resolve(file, besides: place.path))
      }
    }
    return Definition(
      location: location, fallback: fallback, value: given ?? value.map { YAMLScalar($0, style: .untyped) },
      environmentName: environmentName, isSecret: isSecret)
  }

  /// A name on the command line that names nothing is a slip of the pen; a file may be one for several specs.
  private func checkGiven() {
    let declared = Array(definitions.keys) + Array(states.keys)
    for (name, value) in sources.given.sorted(by: { $0.key < $1.key }) where !declared.contains(name) {
      let message = "this spec has no variable '\(name)'"
      let near = diagnostics.suggestions.nearest(to: name, in: declared).map { "did you mean '\($0)'?" }
      if let location = value.location {
        diagnostics.warning(message, at: location, help: near)
      } else {
        diagnostics.error(message, at: nil, help: near ?? "declare it under variables:")
      }
    }
  }

  /// The value of `${env:NAME}` or `${file:PATH}`; nil if `reference` is neither, unresolved if it has none.
  mutating func source(_ reference: String, usedAt location: SourceLocation) -> YAMLScalar? {
    if reference.hasPrefix("env:") {
      let name = String(reference.dropFirst(4))
      guard let value = sources.environment[name] else {
        diagnostics.error(
          "the environment has no '\(name)'", at: location,
          help: "set it, or use a variable, which can have a default")
        return .unresolved
      }
      return YAMLScalar(value, style: .untyped)
    }
    guard reference.hasPrefix("file:") else { return nil }
    let path = Self.resolve(String(reference.dropFirst(5)), besides: location.path)
    if let known = texts[path] { return known }
    let text = diagnostics.value(at: location) { () throws(ValueError) in try sources.readFile(path) }
    guard let text else { return .unresolved }
    let value = YAMLScalar(text, style: .untyped)
    texts[path] = value
    return value
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
    guard depth < Self.maximumDepth else {
      if !isTooDeep {
        diagnostics.error(
          "variables are made of each other more than \(Self.maximumDepth) levels deep",
          at: definition.location)
      }
      isTooDeep = true
      return .unresolved
    }
    states[name] = .inProgress
    depth += 1
    let value = value(of: definition)
    depth -= 1
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

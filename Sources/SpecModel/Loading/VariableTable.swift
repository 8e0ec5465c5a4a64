/// The variables of a spec and their values.
///
/// A variable has a `default`, or is read from the environment (`env`) or a file (`file`). A default may use
/// other variables.
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
    let isSecret: Bool
  }

  private enum State { case inProgress, done(YAMLScalar?) }

  private var definitions: [String: Definition] = [:]
  private var states: [String: State] = [:]
  private let diagnostics: Diagnostics
  /// The values of the variables that are marked as secret.
  private(set) var secrets: [String] = []

  init(_ reader: MappingReader, sources: Sources, diagnostics: Diagnostics) {
    self.diagnostics = diagnostics
    for (name, entry) in reader.namedEntries("variables") {
      guard let variable = MappingReader(entry.value, at: reader.path + "variables" + name.rawValue, diagnostics)
      else { continue }
      let fallback = variable.node("default")
      let fromEnvironment = variable.string("env").flatMap { sources.environment[$0] }
      let file = variable.string("file")
      let isSecret = variable.bool("secret") ?? false
      variable.finish()
      if let fallback, fallback.scalar == nil {
        variable.error("'default' must be a single value, not \(fallback.kind)", at: "default")
        continue
      }
      var value = fromEnvironment
      if value == nil, let file {
        value = diagnostics.value(at: variable.location(of: "file")) { () throws(ValueError) in
          try sources.readFile(Self.resolve(file, besides: variable.location(of: "file").path))
        }
        if value == nil { states[name.rawValue] = .done(nil) }
      }
      definitions[name.rawValue] = Definition(
        location: entry.keyLocation, fallback: fallback,
        value: value.map { YAMLScalar($0, style: .untyped) }, isSecret: isSecret)
    }
    for name in definitions.keys.sorted() { _ = value(of: name, usedAt: nil) }
  }

  /// Paths in a spec are relative to the file they stand in.
  static func resolve(_ path: String, besides specFile: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let slash = specFile.lastIndex(of: "/") else { return path }
    let plain = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return specFile[...slash] + plain
  }

  /// The value of a variable, or nil with a diagnostic.
  mutating func value(of name: String, usedAt location: SourceLocation?) -> YAMLScalar? {
    switch states[name] {
    case .done(let value): return value
    case .inProgress:
      diagnostics.error("variable '\(name)' depends on itself", at: definitions[name]?.location)
      return nil
    case nil: break
    }
    guard let definition = definitions[name] else {
      let near = nearest(to: name, in: definitions.keys.sorted()).map { "did you mean 'var.\($0)'?" }
      diagnostics.error("unknown variable 'var.\(name)'", at: location, help: near ?? "declare it under variables:")
      return nil
    }
    states[name] = .inProgress
    var value = definition.value
    if value == nil, let fallback = definition.fallback {
      value = Interpolation(extra: [:]).resolve(fallback, &self, diagnostics)?.scalar
    } else if value == nil {
      diagnostics.error(
        "variable '\(name)' has no value", at: definition.location,
        help: "set its environment variable, or give it a default")
    }
    if definition.isSecret, let text = value?.text, !text.isEmpty { secrets.append(text) }
    states[name] = .done(value)
    return value
  }
}

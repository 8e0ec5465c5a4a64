/// A map of the language with keys of its own.
public struct LanguageObject: Sendable {
  /// What it is called in a schema; unique.
  public let id: String
  /// What it is.
  public let summary: String
  /// True if parts of it may come from elsewhere: of a VM from its profile and the defaults. What is required may be
  /// missing at each of the places, then.
  public let isLayered: Bool
  /// In the order in which people are told of them.
  public let fields: [LanguageField]

  init(_ id: String, _ summary: String, isLayered: Bool = false, _ fields: [LanguageField]) {
    self.id = id
    self.summary = summary
    self.isLayered = isLayered
    self.fields = fields
  }

  public func field(_ name: String) -> LanguageField? { fields.first { $0.name == name } }
}

/// A key of a `LanguageObject`.
public struct LanguageField: Sendable {
  public enum Requirement: Sendable {
    case never
    case always
    /// When it has to be there, such as `for a URL`.
    case sometimes(String)
  }

  /// What a field comes to where it is left out.
  public enum Default: Sendable {
    case value(StructuredValue)
    /// What no single value says, such as `the VM's name`.
    case words(String)
  }

  public let name: String
  public let type: LanguageType
  /// One or two sentences in Markdown.
  public let summary: String
  public let requirement: Requirement
  /// nil where a field that is left out is nothing.
  public let defaultValue: Default?
  /// A value as it is written behind the key, in YAML.
  public let example: String?

  init(
    _ name: String, _ type: LanguageType, _ summary: String, required: Requirement = .never,
    default: Default? = nil, example: String? = nil
  ) {
    self.name = name
    self.type = type
    self.summary = summary
    requirement = required
    defaultValue = `default`
    self.example = example
  }

  /// The first sentence of the summary.
  public var headline: String {
    summary.firstRange(of: ". ").map { String(summary[..<$0.lowerBound]) + "." } ?? summary
  }

  /// `text: true`, as it stands in a spec.
  public var exampleLine: String? { example.map { "\(name): \($0)" } }
}

extension LanguageField.Default: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
  public init(booleanLiteral value: Bool) { self = .value(.bool(value)) }
  public init(integerLiteral value: Int) { self = .value(.int(value)) }
}

extension LanguageField.Default: CustomStringConvertible {
  public var description: String {
    switch self {
    case .value(.string(let text)), .words(let text): text
    case .value(let value): value.line
    }
  }
}

/// A scalar as written: its text, and whether its type may be read off the text.
///
/// Plain scalars follow the core schema of YAML 1.2: `4` is a number and `true` a boolean; `NO`, `0100`
/// and `52:54:00:12:34:56` are what they look like, never something that YAML 1.1 makes of them.
public struct YAMLScalar: Sendable, Hashable {
  public enum Style: Sendable {
    /// Without quotes: may be a number, a boolean or null.
    case plain
    /// Quoted or a block: always a string.
    case quoted
    /// From the environment or a file: a string or a number, as the field wants it.
    case untyped
    /// A value that could not be found out: the reason is among the diagnostics, or it is not known yet.
    case unresolved
  }

  /// Stands for a value of any type that is not known.
  static let unresolved = YAMLScalar("", style: .unresolved)

  var isUnresolved: Bool { style == .unresolved }

  public let text: String
  public let style: Style

  public init(_ text: String, style: Style) {
    self.text = text
    self.style = style
  }

  public var isNull: Bool { style == .plain && ["", "~", "null", "Null", "NULL"].contains(text) }

  public var bool: Bool? {
    guard style == .plain || style == .untyped else { return nil }
    return switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  /// Decimal digits with an optional sign; `0100` is no number.
  public var int: Int? {
    guard style == .plain || style == .untyped, let value = Int(text) else { return nil }
    let digits = text.drop { $0 == "+" || $0 == "-" }
    return digits.count > 1 && digits.first == "0" ? nil : value
  }

  /// The text, unless its plain spelling is a number, a boolean or null.
  public var string: String? {
    switch style {
    case .quoted, .untyped: text
    case .unresolved: nil
    case .plain: isNull || bool != nil || looksNumeric ? nil : text
    }
  }

  private var looksNumeric: Bool {
    guard let first = text.first, first.isNumber || "+-.".contains(first) else { return false }
    return Double(text) != nil
  }

  /// What a person would call this scalar in an error: its text, or the kind of it.
  var kind: String {
    if isNull { return "nothing" }
    let isShort = text.utf8.count <= 40 && !text.contains(where: \.isNewline)
    if style == .plain { return isShort ? text : "a text" }
    return isShort ? "the string \"\(text)\"" : "a string"
  }
}

/// A value that a key of an entry is to have: `hosts.rack1.state: drained`.
public struct SpecEdit: Hashable, Sendable {
  public enum Value: Hashable, Sendable {
    case one(String)
    /// A list in brackets.
    case list([String])
  }

  /// `hosts`, `vms`
  public let section: String
  /// The entry of the section.
  public let name: ResourceName
  public let key: String
  public let value: Value

  public init(_ section: String, _ name: ResourceName, _ key: String, _ value: Value) {
    self.section = section
    self.name = name
    self.key = key
    self.value = value
  }

  /// `vms.web.host`
  var path: String { "\(section).\(name).\(key)" }

  /// As YAML, with these quotes around a single value; nil for those that it needs.
  func text(quotes: Character? = nil) -> String {
    switch value {
    case .one(let word): quotes.map { "\($0)\(word)\($0)" } ?? Self.quoted(word)
    case .list(let words): "[" + words.map(Self.quoted).joined(separator: ", ") + "]"
    }
  }

  /// A name that looks like a number or a boolean is none without quotes.
  private static func quoted(_ word: String) -> String {
    YAMLScalar(word, style: .plain).string == nil ? "\"\(word)\"" : word
  }
}

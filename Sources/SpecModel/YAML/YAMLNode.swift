/// A node of a YAML document with the place where it stands.
public struct YAMLNode: Sendable {
  public enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping(YAMLMapping)
  }

  public var content: Content
  public var location: SourceLocation

  public init(_ content: Content, at location: SourceLocation) {
    self.content = content
    self.location = location
  }

  public var mapping: YAMLMapping? {
    if case .mapping(let mapping) = content { mapping } else { nil }
  }

  public var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  /// True for an empty value, `~` and `null`.
  public var isNull: Bool { scalar?.isNull ?? false }

  /// True for a value whose lack has been reported already.
  var isUnresolved: Bool { scalar?.isUnresolved ?? false }

  /// What a person would call this node in an error.
  var kind: String {
    switch content {
    case .mapping: "a map"
    case .sequence: "a list"
    case .scalar(let scalar): scalar.kind
    }
  }
}

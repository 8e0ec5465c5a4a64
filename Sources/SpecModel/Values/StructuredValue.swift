/// A value of YAML or JSON without places: what a spec passes on as it is.
public enum StructuredValue: Hashable, Sendable, Codable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case list([StructuredValue])
  case map([String: StructuredValue])

  /// The value of a node in which all references are replaced.
  ///
  /// Plain scalars follow the core schema of YAML 1.2, as all of a spec: `yes` and `0644` are texts.
  init(_ node: YAMLNode) {
    switch node.content {
    case .scalar(let scalar): self.init(scalar)
    case .sequence(let items): self = .list(items.map(StructuredValue.init))
    case .mapping(let mapping):
      self = .map(
        Dictionary(
          mapping.entries.map { ($0.key, StructuredValue($0.value)) }, uniquingKeysWith: { first, _ in first }
        ))
    }
  }

  private init(_ scalar: YAMLScalar) {
    guard scalar.style == .plain else {
      self = .string(scalar.text)
      return
    }
    if scalar.isNull {
      self = .null
    } else if let bool = scalar.bool {
      self = .bool(bool)
    } else if let int = scalar.int {
      self = .int(int)
    } else if scalar.string == nil, scalar.text.contains("."), let double = Double(scalar.text),
      double.isFinite
    {
      self = .double(double)
    } else {
      self = .string(scalar.text)
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([StructuredValue].self) {
      self = .list(values)
    } else {
      self = .map(try container.decode([String: StructuredValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .map(let values): try container.encode(values)
    }
  }
}

/// The side table from paths of the resolved spec to the places they were written at.
public struct Origins: Sendable {
  /// One value of the resolved spec.
  public struct Leaf: Sendable {
    public let path: SpecPath
    /// The value as text, as the resolved spec would print it.
    public let value: String
    public let location: SourceLocation
  }

  private var locations: [SpecPath: SourceLocation] = [:]
  /// Scalars in the order of the spec.
  public private(set) var leaves: [Leaf] = []

  public init() {}

  /// Records `node` and all below it at `path`.
  mutating func record(_ node: YAMLNode, at path: SpecPath) {
    locations[path] = node.location
    switch node.content {
    case .scalar(let scalar): leaves.append(Leaf(path: path, value: scalar.text, location: node.location))
    case .sequence(let items):
      for (index, item) in items.enumerated() { record(item, at: SpecPath("\(path)[\(index)]")) }
    case .mapping(let mapping):
      for entry in mapping.entries { record(entry.value, at: path + entry.key) }
    }
  }

  /// True if there is a value at `path` itself.
  func has(_ path: SpecPath) -> Bool { locations[path] != nil }

  /// Where the value at `path` was written, or else the nearest value that holds it.
  public func location(of path: SpecPath) -> SourceLocation? {
    var path: SpecPath? = path
    while let current = path {
      if let location = locations[current] { return location }
      path = current.parent
    }
    return nil
  }
}

import Synchronization

/// The side table from paths of the resolved spec to the places they were written at.
///
/// Most commands never ask it, so what was recorded is gone through only once somebody does.
public struct Origins: Sendable {
  /// One value of the resolved spec.
  public struct Leaf: Sendable {
    public let path: SpecPath
    /// The value as text, as the resolved spec would print it.
    public let value: String
    public let location: SourceLocation
  }

  private var recorded: [(path: SpecPath, node: YAMLNode)] = []
  private var table = LazyTable()

  public init() {}

  /// Records `node` and all below it at `path`.
  mutating func record(_ node: YAMLNode, at path: SpecPath) {
    recorded.append((path, node))
    // A copy may share the one before.
    table = LazyTable()
  }

  /// Scalars in the order of the spec.
  public var leaves: [Leaf] { table.of(recorded).leaves }

  /// True if there is a value at `path` itself.
  func has(_ path: SpecPath) -> Bool { table.of(recorded).locations[path] != nil }

  /// Where the value at `path` was written, or else the nearest value that holds it.
  public func location(of path: SpecPath) -> SourceLocation? {
    let locations = table.of(recorded).locations
    var path: SpecPath? = path
    while let current = path {
      if let location = locations[current] { return location }
      path = current.parent
    }
    return nil
  }

  /// All values by their paths.
  private struct Table: Sendable {
    var locations: [SpecPath: SourceLocation] = [:]
    var leaves: [Leaf] = []

    mutating func add(_ node: YAMLNode, at path: SpecPath) {
      locations[path] = node.location
      switch node.content {
      case .scalar(let scalar): leaves.append(Leaf(path: path, value: scalar.text, location: node.location))
      case .sequence(let items):
        for (index, item) in items.enumerated() { add(item, at: SpecPath("\(path)[\(index)]")) }
      case .mapping(let mapping):
        for entry in mapping.entries { add(entry.value, at: path + entry.key) }
      }
    }
  }

  /// The table of what is recorded, made when it is first asked for.
  private final class LazyTable: Sendable {
    private let table = Mutex<Table?>(nil)

    func of(_ recorded: [(path: SpecPath, node: YAMLNode)]) -> Table {
      table.withLock { table in
        if let table { return table }
        var new = Table()
        for (path, node) in recorded { new.add(node, at: path) }
        table = new
        return new
      }
    }
  }
}

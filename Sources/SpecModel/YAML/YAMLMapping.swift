/// A YAML mapping in the order it was written; its keys are unique strings.
public struct YAMLMapping: Sendable {
  public struct Entry: Sendable {
    public let key: String
    public let keyLocation: SourceLocation
    public var value: YAMLNode
  }

  public private(set) var entries: [Entry] = []
  /// Where keys are, as long as there are more of them than one finds faster by looking at each.
  private var index: [String: Int] = [:]
  private static let few = 8

  public init(_ entries: [Entry] = []) {
    for entry in entries { append(entry) }
  }

  public var isEmpty: Bool { entries.isEmpty }

  public subscript(key: String) -> Entry? { position(of: key).map { entries[$0] } }

  private func position(of key: String) -> Int? {
    entries.count <= Self.few ? entries.firstIndex { $0.key == key } : index[key]
  }

  /// Adds an entry. Returns the one that already has this key, in which case nothing is added.
  @discardableResult
  mutating func append(_ entry: Entry) -> Entry? {
    if let position = position(of: entry.key) { return entries[position] }
    entries.append(entry)
    if entries.count > Self.few {
      let new = index.isEmpty ? 0 : entries.count - 1
      for position in new..<entries.count { index[entries[position].key] = position }
    }
    return nil
  }

  /// This mapping with `other` laid over it: maps merge, everything else is replaced.
  ///
  /// Each value keeps the location of the file it came from, which is how a field's origin stays known.
  func merging(_ other: YAMLMapping) -> YAMLMapping {
    var result = self
    for entry in other.entries {
      guard let position = result.position(of: entry.key) else {
        result.append(entry)
        continue
      }
      var merged = entry
      if let under = result.entries[position].value.mapping, let over = entry.value.mapping {
        merged.value = YAMLNode(.mapping(under.merging(over)), at: entry.value.location)
      }
      result.entries[position] = merged
    }
    return result
  }

  /// The same keys with other values.
  func mapValues(_ transform: (YAMLNode) -> YAMLNode) -> YAMLMapping {
    var result = self
    for position in result.entries.indices {
      result.entries[position].value = transform(result.entries[position].value)
    }
    return result
  }

  /// Without `keys`.
  func removing(_ keys: Set<String>) -> YAMLMapping {
    YAMLMapping(entries.filter { !keys.contains($0.key) })
  }
}

/// A value of a spec that is being written: maps keep the order in which a person would write them.
indirect enum SpecValue: Hashable {
  case text(String)
  /// A text with references in it, such as `${index}`.
  case template(String)
  case number(Int)
  case flag(Bool)
  case list([SpecValue])
  case map(SpecMap)

  /// The same with every text as `transform` says.
  func mapTexts(_ transform: (String) -> SpecValue) -> SpecValue {
    switch self {
    case .text(let text): transform(text)
    case .list(let items): .list(items.map { $0.mapTexts(transform) })
    case .map(let map): .map(map.mapTexts(transform))
    case .number, .flag, .template: self
    }
  }

  /// All texts in it, in order.
  var texts: [String] {
    switch self {
    case .text(let text): [text]
    case .list(let items): items.flatMap(\.texts)
    case .map(let map): map.entries.flatMap(\.value.texts)
    case .number, .flag, .template: []
    }
  }
}

/// A map with its keys in order.
struct SpecMap: Hashable {
  struct Entry: Hashable {
    var key: String
    var value: SpecValue
    /// Lines that stand above it.
    var comments: [String] = []
  }

  private(set) var entries: [Entry] = []
  /// Lines that stand at its end.
  var closing: [String] = []

  init() {}

  init(_ entries: KeyValuePairs<String, SpecValue?>) {
    for (key, value) in entries { self[key] = value }
  }

  var isEmpty: Bool { entries.isEmpty }
  var keys: [String] { entries.map(\.key) }

  subscript(key: String) -> SpecValue? {
    get { entries.first { $0.key == key }?.value }
    set {
      let index = entries.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): entries[index].value = value
      case (let index?, nil): entries.remove(at: index)
      case (nil, let value?): entries.append(Entry(key: key, value: value))
      case (nil, nil): break
      }
    }
  }

  mutating func add(_ key: String, _ value: SpecValue, comments: [String]) {
    entries.append(Entry(key: key, value: value, comments: comments))
  }

  mutating func insertFirst(_ key: String, _ value: SpecValue) {
    entries.insert(Entry(key: key, value: value), at: 0)
  }

  func mapTexts(_ transform: (String) -> SpecValue) -> SpecMap {
    var map = self
    for index in map.entries.indices { map.entries[index].value = entries[index].value.mapTexts(transform) }
    return map
  }

  /// nil for an empty one.
  var value: SpecValue? { isEmpty ? nil : .map(self) }

  /// As a value that may be written shorter if it has but the key `short`.
  func value(short key: String) -> SpecValue? { keys == [key] ? self[key] : value }
}

extension SpecValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int) { self = .number(value) }
  init(booleanLiteral value: Bool) { self = .flag(value) }
}

/// The assignments of a configuration of xl (xl.cfg(5), "Syntax"): `key = value`, where a value is a number, a string in
/// either quotes, or a list of values.
final class XLFile {
  indirect enum Value {
    case text(String)
    case number(Int64)
    case list([Value])
  }

  final class Entry {
    let key: String
    var value: Value
    let line: Int
    var isRead = false

    init(key: String, value: Value, line: Int) {
      self.key = key
      self.value = value
      self.line = line
    }

    /// Whether it says nothing: 0 turns off what is off anyway.
    var isOff: Bool {
      switch value {
      case .number(let number): number == 0
      case .text(let text): text.isEmpty
      case .list(let values): values.isEmpty
      }
    }
  }

  private static let sizeLimit = 1 << 20

  private(set) var entries: [Entry] = []
  private var index: [String: Entry] = [:]

  init(_ estate: EstateBuilder) throws(ConversionError) {
    var lexer = XLLexer(try estate.file.text(maximum: Self.sizeLimit), path: estate.file.path)
    while let (key, value, line, isAddition) = try lexer.assignment() {
      if isAddition, let former = index[key] {
        former.value = Self.sum(former.value, value)
        continue
      }
      let entry = Entry(key: key, value: value, line: line)
      if let former = index[key] {
        former.isRead = true
        estate.note(estate.subject, line: line, "'\(key)' stands twice; the last one is taken")
      }
      index[key] = entry
      entries.append(entry)
    }
  }

  private static func sum(_ a: Value, _ b: Value) -> Value {
    switch (a, b) {
    case (.list(let a), .list(let b)): .list(a + b)
    case (.text(let a), .text(let b)): .text(a + b)
    default: b
    }
  }

  // MARK: Reading

  func line(_ key: String) -> Int? { index[key]?.line }

  func has(_ key: String) -> Bool { index[key] != nil }

  func value(_ key: String) -> Value? {
    guard let entry = index[key] else { return nil }
    entry.isRead = true
    return entry.value
  }

  func ignore(_ keys: String...) {
    for key in keys { index[key]?.isRead = true }
  }

  /// A text with something in it, or a number as one.
  func word(_ key: String) -> String? {
    switch index[key]?.value {
    case .text(let text)? where !text.isEmpty: read(key, text)
    case .text?: read(key, nil)
    case .number(let number)?: read(key, "\(number)")
    case .list?, nil: nil
    }
  }

  /// A whole number that is not negative.
  func natural(_ key: String) -> UInt64? {
    switch index[key]?.value {
    case .number(let number)?: UInt64(exactly: number).flatMap { read(key, $0) }
    case .text(let text)?: UInt64(text).flatMap { read(key, $0) }
    case .list?, nil: nil
    }
  }

  /// 0 is false, and any other number is true.
  func flag(_ key: String) -> Bool? {
    switch index[key]?.value {
    case .number(let number)?: return read(key, number != 0)
    case .text(let text)?:
      switch text.lowercased() {
      case "1", "true", "yes", "on": return read(key, true)
      case "0", "false", "no", "off", "": return read(key, false)
      default: return nil
      }
    case .list?, nil: return nil
    }
  }

  /// The texts of a list; a text alone counts as a list of it.
  func texts(_ key: String) -> [String] {
    switch index[key]?.value {
    case .text(let text)?: return read(key, text.isEmpty ? [] : [text]) ?? []
    case .number(let number)?: return read(key, ["\(number)"]) ?? []
    case .list(let values)?:
      let texts = values.compactMap { value -> String? in
        switch value {
        case .text(let text): text
        case .number(let number): "\(number)"
        case .list: nil
        }
      }
      return read(key, texts) ?? []
    case nil: return []
    }
  }

  private func read<Result>(_ key: String, _ result: Result?) -> Result? {
    index[key]?.isRead = true
    return result
  }
}

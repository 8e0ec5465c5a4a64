/// The entries of a VMX file: `key = "value"` lines whose keys have no case.
final class VMXFile {
  final class Entry {
    /// As it is written.
    let key: String
    let value: String
    let line: Int
    var isRead = false

    init(key: String, value: String, line: Int) {
      self.key = key
      self.value = value
      self.line = line
    }
  }

  private static let sizeLimit = 4 << 20

  private(set) var entries: [Entry] = []
  private var index: [String: Entry] = [:]

  init(_ estate: EstateBuilder) throws(ConversionError) {
    let file = estate.file
    let text = try Self.text(of: file)
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let line = line.trimmingSpaces
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let equals = line.firstIndex(of: "=") else {
        throw ConversionError(
          file.path, line: number, "is no entry of a VMX file",
          help: "entries are lines such as memsize = \"4096\"")
      }
      let key = line[..<equals].trimmingSpaces
      var value = line[line.index(after: equals)...].trimmingSpaces
      if value.hasPrefix("\""), value.count > 1, value.hasSuffix("\"") {
        value = String(value.dropFirst().dropLast())
      } else if value.hasPrefix("\"") {
        throw ConversionError(file.path, line: number, "the value of '\(key)' has no closing quote")
      }
      let entry = Entry(key: key, value: Self.unescaped(value), line: number)
      if let former = index[key.lowercased()] {
        former.isRead = true
        estate.note(estate.subject, line: number, "'\(key)' stands twice; the last one is taken")
      }
      index[key.lowercased()] = entry
      entries.append(entry)
    }
  }

  // MARK: Reading

  /// The entry of a key; asking for it does not read it.
  func entry(_ key: String) -> Entry? { index[key.lowercased()] }

  func text(_ key: String) -> String? {
    guard let entry = entry(key) else { return nil }
    entry.isRead = true
    return entry.value
  }

  /// A text with something in it.
  func word(_ key: String) -> String? { text(key).flatMap { $0.isEmpty ? nil : $0 } }

  func flag(_ key: String) -> Bool? {
    switch entry(key)?.value.lowercased() {
    case "true", "yes", "1":
      _ = text(key)
      return true
    case "false", "no", "0":
      _ = text(key)
      return false
    default: return nil
    }
  }

  /// A whole number that is not negative.
  func natural(_ key: String) -> UInt64? {
    guard let value = entry(key).flatMap({ UInt64($0.value) }) else { return nil }
    _ = text(key)
    return value
  }

  func line(_ key: String) -> Int? { entry(key)?.line }

  /// Reads all keys that begin so; nothing comes of them.
  func ignore(prefix: String) {
    let prefix = prefix.lowercased()
    for entry in entries where entry.key.lowercased().hasPrefix(prefix) { entry.isRead = true }
  }

  /// The numbers `n` of which there is an entry `PREFIXn.…` (or `PREFIXn:…`), in order.
  func numbers(_ prefix: String) -> [Int] {
    var numbers: Set<Int> = []
    for entry in entries {
      let key = entry.key.lowercased()
      guard key.hasPrefix(prefix) else { continue }
      let digits = key.dropFirst(prefix.count).prefix(while: \.isNumber)
      guard let number = Int(digits), let next = key.dropFirst(prefix.count + digits.count).first,
        next == "." || next == ":", (0..<1000).contains(number)
      else { continue }
      numbers.insert(number)
    }
    return numbers.sorted()
  }

  // MARK: Text

  private static func text(of file: SourceFile) throws(ConversionError) -> String {
    let bytes = try file.bytes(maximum: sizeLimit)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let latin = String(String.UnicodeScalarView(bytes.map { UnicodeScalar($0) }))
    let encoding = latin.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix(".encoding") }
    let name = encoding?.split(separator: "\"").dropFirst().first.map(String.init) ?? "windows-1252"
    switch name.lowercased() {
    case "iso-8859-1", "latin1": return latin
    case "windows-1252", "cp1252": return String(String.UnicodeScalarView(bytes.map(windowsScalar)))
    default:
      throw ConversionError(
        file.path, "is in the encoding '\(name)', which is not known",
        help: "convert it, such as with iconv -f \(name) -t UTF-8, and take its .encoding entry out")
    }
  }

  private static func windowsScalar(_ byte: UInt8) -> UnicodeScalar {
    let high: [UInt16] = [
      0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152,
      0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122,
      0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
    ]
    guard (0x80..<0xa0).contains(byte) else { return UnicodeScalar(byte) }
    return UnicodeScalar(high[Int(byte) - 0x80]) ?? "\u{fffd}"
  }

  /// `|22` stands for the character with the hexadecimal code 22.
  private static func unescaped(_ value: String) -> String {
    guard value.contains("|") else { return value }
    var bytes: [UInt8] = []
    var rest = Array(value.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "|"), rest.count >= 2,
        let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Reads JSON (RFC 8259) into nodes that know their line, within bounds that hostile input cannot pass.
struct JSONReader {
  static let sizeLimit = 64 << 20
  private static let depthLimit = 64
  private static let nodeLimit = 2_000_000

  private let path: String
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private var nodes = 0

  private init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// The value that a file is.
  static func read(_ file: SourceFile) throws(ConversionError) -> SourceNode {
    let text = try file.text(maximum: sizeLimit)
    return try read(Array(text.utf8), path: file.path)
  }

  static func read(_ bytes: [UInt8], path: String) throws(ConversionError) -> SourceNode {
    var reader = JSONReader(bytes, path: path)
    let node = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.error("there is something after its value") }
    return node
  }

  private mutating func value(depth: Int) throws(ConversionError) -> SourceNode {
    guard depth <= Self.depthLimit else { throw error("is nested deeper than \(Self.depthLimit) levels") }
    nodes += 1
    guard nodes <= Self.nodeLimit else { throw error("has more than \(Self.nodeLimit) values") }
    skipSpace()
    let start = line
    switch peek {
    case UInt8(ascii: "{"): return SourceNode(.map(try object(depth)), line: start)
    case UInt8(ascii: "["): return SourceNode(.list(try array(depth)), line: start)
    case UInt8(ascii: "\""): return SourceNode(.string(try string()), line: start)
    case UInt8(ascii: "t"):
      try word("true")
      return SourceNode(.bool(true), line: start)
    case UInt8(ascii: "f"):
      try word("false")
      return SourceNode(.bool(false), line: start)
    case UInt8(ascii: "n"):
      try word("null")
      return SourceNode(.null, line: start)
    default: return SourceNode(.number(try number()), line: start)
    }
  }

  private mutating func object(_ depth: Int) throws(ConversionError) -> [(key: String, value: SourceNode)] {
    position += 1
    var entries: [(key: String, value: SourceNode)] = []
    var keys: Set<String> = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return entries }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw error("there is no key where one belongs") }
      let key = try string()
      guard keys.insert(key).inserted else { throw error("has the key '\(key)' twice in one object") }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error("a ':' is missing after the key '\(key)'") }
      entries.append((key, try value(depth: depth + 1)))
      skipSpace()
      if take(UInt8(ascii: "}")) { return entries }
      guard take(UInt8(ascii: ",")) else { throw error("a ',' or a '}' is missing") }
    }
  }

  private mutating func array(_ depth: Int) throws(ConversionError) -> [SourceNode] {
    position += 1
    var items: [SourceNode] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return items }
    while true {
      items.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return items }
      guard take(UInt8(ascii: ",")) else { throw error("a ',' or a ']' is missing") }
    }
  }

  private mutating func string() throws(ConversionError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(&text)
      case 0..<0x20: throw error("a control character stands in a string")
      default: text.append(byte)
      }
    }
    throw error("ends in a string")
  }

  private mutating func escape(_ text: inout [UInt8]) throws(ConversionError) {
    guard let byte = peek else { throw error("ends in a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), peek == UInt8(ascii: "\\"), position + 1 < bytes.count,
        bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        units.append(try codeUnit())
      }
      // A lone surrogate becomes the replacement character.
      text += Array(String(decoding: units, as: UTF16.self).utf8)
    default: throw error("a string has an escape that JSON does not know")
    }
  }

  private mutating func codeUnit() throws(ConversionError) -> UInt16 {
    guard position + 4 <= bytes.count,
      let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw error("a string has an escape that JSON does not know") }
    position += 4
    return unit
  }

  private mutating func number() throws(ConversionError) -> String {
    let start = position
    while let byte = peek, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard !text.isEmpty, Double(text) != nil else { throw error("is not JSON") }
    return text
  }

  private mutating func word(_ word: String) throws(ConversionError) {
    guard bytes[position...].starts(with: word.utf8) else { throw error("is not JSON") }
    position += word.utf8.count
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
      if byte == 0x0a { line += 1 }
      position += 1
    }
  }

  private func error(_ message: String) -> ConversionError { ConversionError(path, line: line, message) }
}

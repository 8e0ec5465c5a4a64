/// Reads assignments off the text of a configuration of xl.
struct XLLexer {
  private static let depthLimit = 16
  private static let valueLimit = 100_000

  private let path: String
  private let text: [UnicodeScalar]
  private var position = 0
  private var line = 1
  private var values = 0

  init(_ text: String, path: String) {
    self.path = path
    self.text = Array(text.unicodeScalars)
  }

  /// The next one; nil at the end.
  mutating func assignment() throws(ConversionError) -> (
    key: String, value: XLFile.Value, line: Int, isAddition: Bool
  )? {
    skipSpace(lines: true)
    while peek == ";" {
      position += 1
      skipSpace(lines: true)
    }
    guard peek != nil else { return nil }
    let start = line
    let key = name()
    guard !key.isEmpty else { throw error("there is no key where one belongs", help: Self.grammar) }
    skipSpace(lines: false)
    let isAddition = peek == "+"
    if isAddition { position += 1 }
    guard peek == "=" else { throw error("a '=' is missing after '\(key)'", help: Self.grammar) }
    position += 1
    skipSpace(lines: false)
    let value = try value(depth: 0)
    skipSpace(lines: false)
    guard peek == nil || peek == "\n" || peek == ";" else {
      throw error("there is something after the value of '\(key)'", help: Self.grammar)
    }
    return (key, value, start, isAddition)
  }

  private static let grammar =
    "an entry is KEY = VALUE with a number, a string in quotes or a list in brackets; programs in Python are not run"

  private mutating func value(depth: Int) throws(ConversionError) -> XLFile.Value {
    values += 1
    guard depth <= Self.depthLimit, values <= Self.valueLimit else { throw error("its lists are too large") }
    switch peek {
    case "\"", "'": return .text(try string())
    case "[": return .list(try list(depth))
    default: return try number()
    }
  }

  private mutating func list(_ depth: Int) throws(ConversionError) -> [XLFile.Value] {
    position += 1
    var items: [XLFile.Value] = []
    while true {
      skipSpace(lines: true)
      if peek == "]" {
        position += 1
        return items
      }
      items.append(try value(depth: depth + 1))
      skipSpace(lines: true)
      if peek == "," {
        position += 1
      } else if peek != "]" {
        throw error("a ',' or a ']' is missing in a list")
      }
    }
  }

  private mutating func string() throws(ConversionError) -> String {
    let quote = text[position]
    if position + 2 < text.count, text[position + 1] == quote, text[position + 2] == quote {
      position += 3
      return try longString(quote)
    }
    position += 1
    var result = String.UnicodeScalarView()
    while let scalar = peek, scalar != "\n" {
      position += 1
      if scalar == quote { return String(result) }
      guard scalar == "\\", let escaped = peek else {
        result.append(scalar)
        continue
      }
      position += 1
      result.append(escaped == "n" ? "\n" : escaped == "t" ? "\t" : escaped)
    }
    throw error("a string has no closing quote")
  }

  private mutating func longString(_ quote: UnicodeScalar) throws(ConversionError) -> String {
    var result = String.UnicodeScalarView()
    while let scalar = peek {
      if scalar == quote, text[position...].prefix(3).elementsEqual([quote, quote, quote]) {
        position += 3
        return String(result)
      }
      if scalar == "\n" { line += 1 }
      result.append(scalar)
      position += 1
    }
    throw error("a string has no closing quotes")
  }

  private mutating func number() throws(ConversionError) -> XLFile.Value {
    let word = name(andAlso: "-+.")
    if let number = Int64(word) { return .number(number) }
    if word.lowercased().hasPrefix("0x"), let number = Int64(word.dropFirst(2), radix: 16) {
      return .number(number)
    }
    throw error("a value is neither a number, a string in quotes nor a list", help: Self.grammar)
  }

  private mutating func name(andAlso others: String = "") -> String {
    var result = String.UnicodeScalarView()
    while let scalar = peek,
      scalar == "_" || others.unicodeScalars.contains(scalar)
        || scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
    {
      result.append(scalar)
      position += 1
    }
    return String(result)
  }

  private var peek: UnicodeScalar? {
    guard position < text.count else { return nil }
    return text[position] == "\r" ? "\n" : text[position]
  }

  private mutating func skipSpace(lines: Bool) {
    while position < text.count {
      switch text[position] {
      case " ", "\t": position += 1
      case "\n", "\r":
        guard lines else { return }
        if text[position] == "\n" { line += 1 }
        position += 1
      case "#": while position < text.count, text[position] != "\n" { position += 1 }
      case "\\" where position + 1 < text.count && text[position + 1] == "\n":
        line += 1
        position += 2
      default: return
      }
    }
  }

  private func error(_ message: String, help: String? = nil) -> ConversionError {
    ConversionError(path, line: line, message, help: help)
  }
}

/// Counts what libxml2 takes quadratic time for: attributes of one element, which it compares with each other, and
/// namespaces, which it looks through for each element.
struct XMLAttributeBounds {
  /// Of an element, and namespaces of a document.
  static let limit = 1000

  /// The bytes of the shortest attribute: a space, a name, an equals sign and two quotes. A namespace has more.
  private static let shortest = 5

  /// What starts and ends parts that have no attributes.
  private static let verbatim: [(StaticString, StaticString)] = [
    ("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"),
  ]

  private var namespaces = 0

  /// True if a document has too many of them; of a text that is no XML anything may be said.
  static func areExceeded(in bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.count < limit * shortest { return false }
    var bounds = XMLAttributeBounds()
    var position = 0
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "<") else {
        position += 1
        continue
      }
      let (end, isExceeded) = bounds.readTag(bytes, from: position)
      if isExceeded { return true }
      position = end
    }
    return false
  }

  /// Reads a tag, a comment, a CDATA section or an instruction. Returns where it ends.
  private mutating func readTag(_ bytes: UnsafeRawBufferPointer, from start: Int) -> (end: Int, Bool) {
    // Most tags are none of these, which the second byte tells.
    let isPlain =
      start + 1 < bytes.count && bytes[start + 1] != UInt8(ascii: "!")
      && bytes[start + 1] != UInt8(ascii: "?")
    for (opening, closing) in Self.verbatim where !isPlain && Self.has(opening, bytes, at: start) {
      var position = start + opening.utf8CodeUnitCount
      while position < bytes.count, !Self.has(closing, bytes, at: position) { position += 1 }
      return (position + closing.utf8CodeUnitCount, false)
    }
    var attributes = 0
    var quote: UInt8?
    var position = start + 1
    while position < bytes.count {
      let byte = bytes[position]
      switch (byte, quote) {
      case (_, let open?): if byte == open { quote = nil }
      case (UInt8(ascii: "\""), nil), (UInt8(ascii: "'"), nil): quote = byte
      case (UInt8(ascii: ">"), nil): return (position + 1, false)
      case (UInt8(ascii: "="), nil): attributes += 1
      case (UInt8(ascii: "x"), nil): if Self.has("xmlns", bytes, at: position) { namespaces += 1 }
      default: break
      }
      if attributes > Self.limit || namespaces > Self.limit { return (position, true) }
      position += 1
    }
    return (position, false)
  }

  private static func has(_ text: StaticString, _ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
    guard position + text.utf8CodeUnitCount <= bytes.count else { return false }
    return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[position + $0] == text.utf8Start[$0] }
  }
}

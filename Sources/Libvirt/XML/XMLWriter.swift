/// Writes elements as text, following XML 1.0, sections 2.2 (characters) and 2.4 (escapes).
struct XMLWriter {
  private var bytes: [UInt8] = []

  var text: String { String(decoding: bytes, as: UTF8.self) }

  init() { bytes.reserveCapacity(4096) }

  private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends an element; its content gets lines of its own only if there is a level of indentation.
  mutating func write(_ element: XMLElement, level: Int?) throws(XMLError) {
    try check(name: element.name)
    add("<")
    add(element.name)
    for (index, attribute) in element.attributes.enumerated() {
      try check(name: attribute.name)
      if element.attributes[..<index].contains(where: { $0.name == attribute.name }) {
        throw .duplicateAttribute(attribute.name, element: element.name)
      }
      add(" ")
      add(attribute.name)
      add("=\"")
      try escape(attribute.value, in: element.name, isAttribute: true)
      add("\"")
    }
    let level = element.children.allSatisfy({ !$0.isText || $0.isWhitespace }) ? level : nil
    let hasLines = level != nil && element.children.contains { !$0.isText }
    let children = hasLines ? element.children.filter { !$0.isText } : element.children
    guard !children.isEmpty else {
      add("/>")
      return
    }
    add(">")
    for child in children {
      if hasLines, let level { startLine(level + 1) }
      switch child {
      case .element(let child):
        try write(child, level: level.map { $0 + 1 })
      case .text(let content):
        try escape(content, in: element.name, isAttribute: false)
      case .comment(let content):
        try write(comment: content, in: element.name)
      }
    }
    if hasLines, let level { startLine(level) }
    add("</")
    add(element.name)
    add(">")
  }

  mutating func endLine() { add("\n") }

  private mutating func startLine(_ level: Int) {
    add("\n")
    add(String(repeating: "  ", count: level))
  }

  private mutating func write(comment: String, in element: String) throws(XMLError) {
    if let scalar = comment.unicodeScalars.first(where: { !$0.isXMLCharacter || $0 == "\r" }) {
      throw .illegalCharacter(scalar, element: element)
    }
    let dash = UInt8(ascii: "-")
    let hasTwoDashes = zip(comment.utf8, comment.utf8.dropFirst()).contains { $0 == (dash, dash) }
    if comment.utf8.last == dash || hasTwoDashes { throw .illegalComment(comment) }
    add("<!--")
    add(comment)
    add("-->")
  }

  /// Appends character data. Escaped white space survives the normalisation of line ends and attributes.
  private mutating func escape(_ content: String, in element: String, isAttribute: Bool) throws(XMLError) {
    if content.utf8.allSatisfy({ $0.isPlainXML }) {
      add(content)
      return
    }
    for scalar in content.unicodeScalars {
      switch scalar {
      case "&": add("&amp;")
      case "<": add("&lt;")
      case ">": add("&gt;")
      case "\"" where isAttribute: add("&quot;")
      case "\r": add("&#13;")
      case "\n" where isAttribute: add("&#10;")
      case "\t" where isAttribute: add("&#9;")
      default:
        guard scalar.isXMLCharacter else { throw .illegalCharacter(scalar, element: element) }
        add(String(scalar))
      }
    }
  }

  private func check(name: String) throws(XMLError) {
    if name.utf8.allSatisfy({ $0.isLowercaseLetter }), !name.isEmpty { return }
    var parts = 0
    for part in name.split(separator: ":", omittingEmptySubsequences: false) {
      parts += 1
      guard let first = part.unicodeScalars.first, first.isXMLNameStart,
        part.unicodeScalars.allSatisfy(\.isXMLNameCharacter)
      else { throw .illegalName(name) }
    }
    if parts > 2 { throw .illegalName(name) }
  }
}

extension UInt8 {
  fileprivate var isLowercaseLetter: Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= self }

  /// Whether the byte is printable ASCII that never needs an escape.
  fileprivate var isPlainXML: Bool {
    switch self {
    case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""): false
    case 0x20...0x7E: true
    default: false
    }
  }
}

extension Unicode.Scalar {
  /// Production 2 of XML 1.0.
  var isXMLCharacter: Bool {
    switch value {
    case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }

  /// Production 4 of XML 1.0, without the colon.
  fileprivate var isXMLNameStart: Bool {
    switch value {
    case 0x41...0x5A, 0x5F, 0x61...0x7A: true
    case 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D, 0x37F...0x1FFF, 0x200C...0x200D: true
    case 0x2070...0x218F, 0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFFD: true
    case 0x10000...0xEFFFF: true
    default: false
    }
  }

  /// Production 4a of XML 1.0, without the colon.
  fileprivate var isXMLNameCharacter: Bool {
    switch value {
    case 0x2D, 0x2E, 0x30...0x39, 0xB7, 0x300...0x36F, 0x203F...0x2040: true
    default: isXMLNameStart
    }
  }
}

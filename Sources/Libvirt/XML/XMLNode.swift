/// What an element can contain.
public enum XMLNode: Hashable, Sendable {
  case element(XMLElement)
  /// Character data, unescaped. CDATA sections become this, too.
  case text(String)
  case comment(String)
}

extension XMLNode {
  /// The element, when the node is one.
  public var element: XMLElement? {
    if case .element(let element) = self { element } else { nil }
  }

  var isText: Bool {
    if case .text = self { true } else { false }
  }

  var isWhitespace: Bool {
    if case .text(let text) = self { text.utf8.allSatisfy { $0.isXMLWhitespace } } else { false }
  }
}

extension UInt8 {
  /// Whether the byte is white space by production 3 of XML 1.0.
  var isXMLWhitespace: Bool { self == 0x20 || self == 0x0A || self == 0x09 || self == 0x0D }
}

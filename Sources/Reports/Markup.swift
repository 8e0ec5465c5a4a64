import SpecModel

/// A piece of XML, SVG or HTML. What stands in it as text or as a value of an attribute is no markup.
struct Markup {
  let source: String

  private init(source: String) { self.source = source }

  /// Text on its own, where line breaks are spaces.
  static func text(_ text: String) -> Markup { Markup(source: escaped(text)) }

  /// What is markup already: a style sheet or a script of this module's.
  static func trusted(_ source: String) -> Markup { Markup(source: source) }

  /// Elements beside each other.
  static func sequence(_ parts: [Markup]) -> Markup { Markup(source: parts.map(\.source).joined()) }

  static let none = Markup(source: "")

  /// - Parameters:
  ///   - attributes: in their order; those without a value are left out.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ children: [Markup] = []
  ) -> Markup {
    let content = children.map(\.source).joined()
    let isVoid = content.isEmpty && voidElements.contains(name)
    let head = attributes.reduce("<\(name)") { text, attribute in
      attribute.value.map { "\(text) \(attribute.key)=\"\(escaped($0))\"" } ?? text
    }
    return Markup(source: isVoid ? "\(head)/>" : "\(head)>\(content)</\(name)>")
  }

  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ text: String
  ) -> Markup {
    element(name, attributes, [.text(text)])
  }

  /// HTML knows these by their names; to SVG all is one.
  private static let voidElements: Set = [
    "meta", "input", "br", "hr", "rect", "circle", "path", "line",
  ]

  /// `text` as a text or a value.
  static func escaped(_ text: String) -> String {
    printableLines(printable(text.replacingScalars("\n", with: " "))).replacingScalars("&", with: "&amp;")
      .replacingScalars("<", with: "&lt;").replacingScalars(">", with: "&gt;")
      .replacingScalars("\"", with: "&quot;")
  }
}

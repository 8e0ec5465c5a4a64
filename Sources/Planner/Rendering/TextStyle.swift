/// How text for people is marked up: with the colours of a terminal, or not at all.
public struct TextStyle: Sendable {
  public enum Colour: String, Sendable {
    case green = "32"
    case yellow = "33"
    case red = "31"
    case magenta = "35"
    case cyan = "36"
    case bold = "1"
    case dim = "2"
  }

  public static let plain = TextStyle(isColoured: false)
  public static let coloured = TextStyle(isColoured: true)

  private let isColoured: Bool

  public func callAsFunction(_ colour: Colour?, _ text: String) -> String {
    guard isColoured, let colour, !text.isEmpty else { return text }
    return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
  }
}

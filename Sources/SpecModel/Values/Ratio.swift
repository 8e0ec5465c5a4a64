/// How much of something there may be for each one that there is: `4`, `1.5`. Exact to a thousandth.
public struct Ratio: Hashable, Comparable, Sendable, CustomStringConvertible {
  private let thousandths: UInt64

  /// A whole number from 1 to 1000.
  init(_ whole: UInt64) { thousandths = whole * 1000 }

  /// Reads a decimal number above 0, up to 1000 and with up to three decimal places.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let (whole, fraction) = (parts[0], parts.count == 2 ? parts[1] : "0")
    let isDecimal = [whole, fraction].allSatisfy { digits in
      !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
    }
    guard isDecimal, fraction.count <= 3, let thousands = UInt64(whole),
      let rest = UInt64(fraction + String(repeating: "0", count: 3 - fraction.count))
    else { throw ValueError("'\(text)' is not a ratio", help: "write a number such as 4 or 1.5") }
    guard thousands < 1000 || (thousands == 1000 && rest == 0), thousands > 0 || rest > 0 else {
      throw ValueError("the ratio '\(text)' must be above 0 and at most 1000")
    }
    thousandths = thousands * 1000 + rest
  }

  /// `count` times the ratio, rounded down.
  public func of(_ count: UInt64) -> UInt64 {
    let (high, low) = count.multipliedFullWidth(by: thousandths)
    return high >= 1000 ? .max : UInt64(1000).dividingFullWidth((high, low)).quotient
  }

  public var description: String {
    let (whole, rest) = thousandths.quotientAndRemainder(dividingBy: 1000)
    guard rest > 0 else { return "\(whole)" }
    var digits = String(String(rest + 1000).dropFirst())
    while digits.last == "0" { digits.removeLast() }
    return "\(whole).\(digits)"
  }

  public static func < (a: Ratio, b: Ratio) -> Bool { a.thousandths < b.thousandths }
}

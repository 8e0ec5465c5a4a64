/// Digits in ASCII.
extension UInt8 {
  /// True for a decimal digit.
  public var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  /// Its two hexadecimal digits in lower case.
  public var hexDigits: (UInt8, UInt8) { (Self.hexDigit(self >> 4), Self.hexDigit(self & 15)) }

  /// The value of the hexadecimal digit that it is; nil if it is none.
  var hexDigitValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

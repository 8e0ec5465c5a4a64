/// An IPv4 address.
public struct IPv4Address: InternetAddress {
  /// In host byte order: 10.0.0.1 is 0x0A000001.
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static var family: AddressFamily { .ipv4 }

  /// Reads four decimal numbers without leading zeros.
  public init(parsing text: String) throws(ValueError) {
    guard let value = Self.value(of: text) else {
      throw ValueError("'\(text)' is not an IPv4 address", help: "write one such as 10.10.0.11")
    }
    rawValue = value
  }

  private static func value(of text: String) -> UInt32? {
    var (value, number, digits, numbers) = (UInt32(0), UInt32(0), 0, 1)
    for byte in text.utf8 {
      if byte == UInt8(ascii: ".") {
        guard digits > 0 else { return nil }
        (value, number, digits, numbers) = (value << 8 | number, 0, 0, numbers + 1)
      } else {
        guard byte.isDigit, digits == 0 || number > 0 else { return nil }
        number = number * 10 + UInt32(byte - UInt8(ascii: "0"))
        digits += 1
        guard number <= 255 else { return nil }
      }
    }
    return digits > 0 && numbers == 4 ? value << 8 | number : nil
  }

  public var description: String {
    [24, 16, 8, 0].map { String(rawValue >> UInt32($0) & 0xff) }.joined(separator: ".")
  }
}

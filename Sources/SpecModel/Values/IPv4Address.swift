/// An IPv4 address.
public struct IPv4Address: InternetAddress {
  /// In host byte order: 10.0.0.1 is 0x0A000001.
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static var family: AddressFamily { .ipv4 }

  /// Reads four decimal numbers without leading zeros.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    var value: UInt32 = 0
    for part in parts {
      guard parts.count == 4, part.allSatisfy({ $0.isASCII && $0.isNumber }), let byte = UInt8(part),
        part.count == 1 || part.first != "0"
      else { throw ValueError("'\(text)' is not an IPv4 address", help: "write one such as 10.10.0.11") }
      value = value << 8 | UInt32(byte)
    }
    guard parts.count == 4 else {
      throw ValueError("'\(text)' is not an IPv4 address", help: "write one such as 10.10.0.11")
    }
    rawValue = value
  }

  public var description: String {
    [24, 16, 8, 0].map { String(rawValue >> UInt32($0) & 0xff) }.joined(separator: ".")
  }
}

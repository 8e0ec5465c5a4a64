/// The hardware address of a network interface (IEEE 802 EUI-48).
public struct MACAddress: Hashable, Sendable, CustomStringConvertible {
  /// The first byte of the address is the highest of the lower six.
  private let rawValue: UInt64

  /// Six bytes, the first of the address first; nil unless there are six.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 6 else { return nil }
    rawValue = bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Reads `52:54:00:aa:00:10`; a multicast address or all zeros is no address of an interface.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    let digits = parts.joined().compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard parts.count == 6, parts.allSatisfy({ $0.count == 2 }), digits.count == 12 else {
      throw ValueError(
        "'\(text)' is not a MAC address", help: "write six pairs such as \"52:54:00:aa:00:10\"")
    }
    let value = digits.reduce(0) { $0 << 4 | UInt64($1) }
    guard value >> 40 & 1 == 0 else {
      throw ValueError(
        "'\(text)' is a multicast address, which no interface can have",
        help: "make the first byte even, such as 52")
    }
    guard value != 0 else {
      throw ValueError(
        "'\(text)' is all zeros, which is no address of an interface",
        help: "leave out 'mac' to have one derived from the names")
    }
    rawValue = value
  }

  /// Lower case with colons, as libvirt writes it.
  public var description: String {
    String(unsafeUninitializedCapacity: 17) { text in
      for (index, byte) in stride(from: 40, through: 0, by: -8).map({
        UInt8(truncatingIfNeeded: rawValue >> $0)
      })
      .enumerated() {
        if index > 0 { text[3 * index - 1] = UInt8(ascii: ":") }
        (text[3 * index], text[3 * index + 1]) = byte.hexDigits
      }
      return 17
    }
  }
}

extension UInt8 {
  /// Its two hexadecimal digits in lower case, as ASCII.
  public var hexDigits: (UInt8, UInt8) { (Self.hexDigit(self >> 4), Self.hexDigit(self & 15)) }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

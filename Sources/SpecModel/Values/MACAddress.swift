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
    var (value, length) = (UInt64(0), 0)
    for byte in text.utf8 {
      if length % 3 == 2 {
        guard byte == UInt8(ascii: ":") else { break }
      } else {
        guard let digit = byte.hexDigitValue else { break }
        value = value << 4 | UInt64(digit)
      }
      length += 1
    }
    guard length == 17, text.utf8.count == 17 else {
      throw ValueError(
        "'\(text)' is not a MAC address", help: "write six pairs such as \"52:54:00:aa:00:10\"")
    }
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

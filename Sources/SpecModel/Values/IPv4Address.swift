/// An IPv4 address.
public struct IPv4Address: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// In host byte order: 10.0.0.1 is 0x0A000001.
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

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

  public static func < (a: IPv4Address, b: IPv4Address) -> Bool { a.rawValue < b.rawValue }

  /// The address `offset` further on, or nil past the end of the address space.
  public func advanced(by offset: Int) -> IPv4Address? {
    UInt32(exactly: Int(rawValue) + offset).map(IPv4Address.init(rawValue:))
  }
}

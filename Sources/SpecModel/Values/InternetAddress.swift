/// An address of one family, a number of `bitWidth` bits.
public protocol InternetAddress: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible
where RawValue: FixedWidthInteger & UnsignedInteger & Sendable {
  /// The value in host byte order.
  init(rawValue: RawValue)
  init(parsing text: String) throws(ValueError)

  static var family: AddressFamily { get }
}

/// The two families of addresses, in the order in which they are tried.
public enum AddressFamily: String, CaseIterable, Sendable {
  case ipv4 = "IPv4"
  case ipv6 = "IPv6"
}

extension InternetAddress {
  /// 32 or 128.
  public static var bitWidth: Int { RawValue.bitWidth }

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The address `offset` further on, or nil past the end of the address space.
  public func advanced(by offset: Int) -> Self? {
    let distance = RawValue(offset.magnitude)
    let (value, overflow) =
      offset < 0
      ? rawValue.subtractingReportingOverflow(distance) : rawValue.addingReportingOverflow(distance)
    return overflow ? nil : Self(rawValue: value)
  }
}

/// A range of addresses handed out by DHCP, both ends included.
public struct AddressRange<Address: InternetAddress>: Hashable, Sendable, CustomStringConvertible {
  public let from: Address
  public let to: Address

  public init(from: Address, to: Address) {
    self.from = from
    self.to = to
  }

  public var description: String { "\(from) – \(to)" }
  public func contains(_ address: Address) -> Bool { from <= address && address <= to }
}

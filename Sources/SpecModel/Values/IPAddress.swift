/// An address of either family. IPv4 comes first.
public enum IPAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
  case ipv4(IPv4Address)
  case ipv6(IPv6Address)

  /// A colon tells the families apart.
  public init(parsing text: String) throws(ValueError) {
    if text.contains(":") {
      self = .ipv6(try IPv6Address(parsing: text))
    } else if text.contains(".") {
      self = .ipv4(try IPv4Address(parsing: text))
    } else {
      throw ValueError("'\(text)' is not an address", help: "write one such as 10.10.0.11 or fd00:10::11")
    }
  }

  public var family: AddressFamily {
    switch self {
    case .ipv4: .ipv4
    case .ipv6: .ipv6
    }
  }

  public var description: String {
    switch self {
    case .ipv4(let address): address.description
    case .ipv6(let address): address.description
    }
  }
}

/// A block of addresses of either family.
public enum IPBlock: Hashable, Sendable, CustomStringConvertible {
  case ipv4(CIDRBlock<IPv4Address>)
  case ipv6(CIDRBlock<IPv6Address>)

  /// Reads `10.0.0.0/8` or `fd00::/8`.
  public init(parsing text: String) throws(ValueError) {
    self =
      text.contains(":") ? .ipv6(try CIDRBlock(parsing: text)) : .ipv4(try CIDRBlock(parsing: text))
  }

  /// The block of one address.
  public init(_ address: IPAddress) {
    self =
      switch address {
      case .ipv4(let address): .ipv4(CIDRBlock(containing: address, prefix: IPv4Address.bitWidth))
      case .ipv6(let address): .ipv6(CIDRBlock(containing: address, prefix: IPv6Address.bitWidth))
      }
  }

  public var description: String {
    switch self {
    case .ipv4(let block): block.description
    case .ipv6(let block): block.description
    }
  }
}

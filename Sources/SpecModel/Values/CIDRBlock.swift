/// A block of addresses of one family: a network address and the length of its prefix.
public struct CIDRBlock<Address: InternetAddress>: Hashable, Sendable, CustomStringConvertible {
  public let network: Address
  /// 0…32 or 0…128
  public let prefix: Int

  /// The block that `address` lies in.
  public init(containing address: Address, prefix: Int) {
    precondition((0...Address.bitWidth).contains(prefix))
    self.prefix = prefix
    network = Address(rawValue: address.rawValue & Self.mask(prefix))
  }

  /// Reads `10.10.0.0/24` or `fd00:10::/64`; bits set behind the prefix are an error.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let prefix = Int(parts[1]), (0...Address.bitWidth).contains(prefix),
      String(prefix) == parts[1]
    else {
      let example = Address.family == .ipv4 ? "10.10.0.0/24" : "fd00:10::/64"
      throw ValueError(
        "'\(text)' is not a block of \(Address.family.rawValue) addresses",
        help: "write one such as \(example)")
    }
    let address = try Address(parsing: String(parts[0]))
    self.init(containing: address, prefix: prefix)
    guard network == address else {
      throw ValueError("'\(text)' is an address inside a block, not the block", help: "did you mean \(self)?")
    }
  }

  public var description: String { "\(network)/\(prefix)" }

  /// The netmask, as libvirt's network XML has it for IPv4.
  public var netmask: Address { Address(rawValue: Self.mask(prefix)) }

  /// The last address; of IPv4, the one which reaches every host of the block.
  public var last: Address { Address(rawValue: network.rawValue | ~Self.mask(prefix)) }

  /// The first address a host can have, by custom the gateway's.
  public var firstHost: Address { Address(rawValue: network.rawValue &+ 1) }

  /// True for addresses that a host in this block can have. IPv6 has no broadcast; its network's own address reaches any
  /// router.
  public func containsHost(_ address: Address) -> Bool {
    contains(address) && address != network && (Address.family == .ipv6 || address != last)
  }

  /// True for every address of the block, the network's own and the broadcast address included.
  public func contains(_ address: Address) -> Bool {
    address.rawValue & Self.mask(prefix) == network.rawValue
  }

  /// True if some address lies in both.
  public func overlaps(_ other: CIDRBlock) -> Bool {
    contains(other.network) || other.contains(network)
  }

  private static func mask(_ prefix: Int) -> Address.RawValue {
    prefix == 0 ? 0 : ~Address.RawValue(0) << (Address.bitWidth - prefix)
  }
}

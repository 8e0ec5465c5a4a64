/// A block of IPv4 addresses: a network address and the length of its prefix.
public struct CIDRBlock: Hashable, Sendable, CustomStringConvertible {
  public let network: IPv4Address
  /// 0…32
  public let prefix: Int

  /// The block that `address` lies in.
  public init(containing address: IPv4Address, prefix: Int) {
    precondition((0...32).contains(prefix))
    self.prefix = prefix
    network = IPv4Address(rawValue: address.rawValue & Self.mask(prefix))
  }

  /// Reads `10.10.0.0/24`; bits set behind the prefix are an error.
  public init(parsing text: String) throws(ValueError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let prefix = Int(parts[1]), (0...32).contains(prefix),
      String(prefix) == parts[1]
    else {
      throw ValueError("'\(text)' is not a block of IPv4 addresses", help: "write one such as 10.10.0.0/24")
    }
    let address = try IPv4Address(parsing: String(parts[0]))
    self.init(containing: address, prefix: prefix)
    guard network == address else {
      throw ValueError("'\(text)' is an address inside a block, not the block", help: "did you mean \(self)?")
    }
  }

  public var description: String { "\(network)/\(prefix)" }

  /// The netmask in dotted form, as libvirt's network XML has it.
  public var netmask: IPv4Address { IPv4Address(rawValue: Self.mask(prefix)) }

  /// The last address, which reaches every host of the block.
  public var broadcast: IPv4Address { IPv4Address(rawValue: network.rawValue | ~Self.mask(prefix)) }

  /// The first address a host can have, by custom the gateway's.
  public var firstHost: IPv4Address { IPv4Address(rawValue: network.rawValue &+ 1) }

  /// True for addresses that a host in this block can have.
  public func containsHost(_ address: IPv4Address) -> Bool {
    contains(address) && address != network && address != broadcast
  }

  /// True for every address of the block, the network's own and the broadcast address included.
  public func contains(_ address: IPv4Address) -> Bool {
    address.rawValue & Self.mask(prefix) == network.rawValue
  }

  /// True if some address lies in both.
  public func overlaps(_ other: CIDRBlock) -> Bool {
    contains(other.network) || other.contains(network)
  }

  private static func mask(_ prefix: Int) -> UInt32 { prefix == 0 ? 0 : ~UInt32(0) << (32 - UInt32(prefix)) }
}

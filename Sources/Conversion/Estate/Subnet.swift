import Libvirt
import SpecModel

/// The addresses of a subnet that tools give by rule.
struct Subnet {
  let prefix: Int
  let isIPv6: Bool
  /// The first addresses that hosts can have.
  private let first: (String, String)
  /// The last address that a host can have where the very last one reaches them all.
  let lastHost: String
  private let containsHost: (String) -> Bool

  /// Reads `192.168.1.0/24` or `fd00::/64`, with or without an address behind the prefix; nil if that is no subnet, or has
  /// no room for 8 addresses.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let prefix = UInt8(parts[1]).map(Int.init) else { return nil }
    if let address = try? IPv4Address(parsing: parts[0]) {
      self.init(containing: address, prefix: prefix)
    } else if let address = try? IPv6Address(parsing: parts[0]) {
      self.init(containing: address, prefix: prefix)
    } else {
      return nil
    }
  }

  private init?<Address: InternetAddress>(containing address: Address, prefix: Int) {
    guard (1...Address.bitWidth - 3).contains(prefix) else { return nil }
    let block = CIDRBlock(containing: address, prefix: prefix)
    self.prefix = prefix
    isIPv6 = Address.family == .ipv6
    first = (
      "\(Address(rawValue: block.network.rawValue + 1))", "\(Address(rawValue: block.network.rawValue + 2))"
    )
    lastHost = "\(Address(rawValue: block.last.rawValue - 1))"
    containsHost = { text in (try? Address(parsing: text)).map(block.containsHost) ?? false }
  }

  /// The length of the prefix that an IPv4 netmask leaves; nil if it is none.
  static func prefix(ofMask mask: String) -> String? {
    guard let bits = (try? IPv4Address(parsing: mask))?.rawValue else { return nil }
    let length = (~bits).leadingZeroBitCount
    return bits == (length == 0 ? 0 : ~UInt32(0) << UInt32(32 - length)) ? "\(length)" : nil
  }

  /// By custom the host's own.
  var gateway: String { first.0 }

  /// The first that a guest can have.
  var firstGuest: String { first.1 }

  func contains(_ address: String) -> Bool { containsHost(address) }

  /// `<ip>` of a network in which the host has the first address and DHCP gives out the others.
  ///
  /// - Parameter range: what DHCP gives out; nil if there is none.
  func element(range: (start: String, end: String)?) -> XMLElement {
    XMLElement("ip", ["family": isIPv6 ? "ipv6" : nil, "address": gateway, "prefix": "\(prefix)"]) {
      range.map { range in
        XMLElement("dhcp") { XMLElement("range", ["start": range.start, "end": range.end]) }
      }
    }
  }
}

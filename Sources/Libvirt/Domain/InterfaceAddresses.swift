internal import CLibvirt

/// An interface of a guest with its addresses (`virDomainInterface`).
public struct InterfaceAddresses: Hashable, Sendable {
  /// An IP address and the length of its network's prefix.
  public struct Address: Hashable, Sendable {
    public let address: String
    public let prefix: Int
    public let isIPv6: Bool
  }

  /// The guest's name for it when its agent was asked, else the host's.
  public let name: String
  public let mac: String?
  public let addresses: [Address]

  init(_ interface: virDomainInterface) {
    name = interface.name.map { String(cString: $0) } ?? ""
    mac = interface.hwaddr.map { String(cString: $0) }
    addresses = UnsafeBufferPointer(start: interface.addrs, count: Int(interface.naddrs)).compactMap { item in
      item.addr.map { address in
        Address(
          address: String(cString: address), prefix: Int(item.prefix),
          isIPv6: item.type == Int32(VIR_IP_ADDR_TYPE_IPV6.rawValue))
      }
    }
  }
}

/// Who is asked for a guest's addresses (`virDomainInterfaceAddressesSource`).
public enum InterfaceAddressSource: Hashable, Sendable {
  /// The DHCP servers of the host's networks.
  case lease
  /// The guest's agent.
  case agent
  /// The host's ARP table.
  case arp

  var number: UInt32 {
    switch self {
    case .lease: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE.rawValue
    case .agent: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT.rawValue
    case .arp: VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP.rawValue
    }
  }
}

internal import CLibvirt

/// What to do with one element of a network (`virNetworkUpdateCommand`).
public enum NetworkUpdateCommand: Hashable, Sendable {
  case modify
  case delete
  case addLast
  case addFirst

  var number: UInt32 {
    switch self {
    case .modify: VIR_NETWORK_UPDATE_COMMAND_MODIFY.rawValue
    case .delete: VIR_NETWORK_UPDATE_COMMAND_DELETE.rawValue
    case .addLast: VIR_NETWORK_UPDATE_COMMAND_ADD_LAST.rawValue
    case .addFirst: VIR_NETWORK_UPDATE_COMMAND_ADD_FIRST.rawValue
    }
  }
}

/// Which element of a network to update (`virNetworkUpdateSection`). Not every one can be modified.
public enum NetworkUpdateSection: Hashable, Sendable {
  /// `<host>` in `<dhcp>`.
  case dhcpHost
  /// `<range>` in `<dhcp>`; it can be added and deleted, not modified.
  case dhcpRange
  /// `<interface>` in `<forward>`.
  case forwardInterface
  case portgroup
  /// `<host>` in `<dns>`.
  case dnsHost
  /// `<txt>` in `<dns>`.
  case dnsTXT
  /// `<srv>` in `<dns>`.
  case dnsSRV

  var number: UInt32 {
    switch self {
    case .dhcpHost: VIR_NETWORK_SECTION_IP_DHCP_HOST.rawValue
    case .dhcpRange: VIR_NETWORK_SECTION_IP_DHCP_RANGE.rawValue
    case .forwardInterface: VIR_NETWORK_SECTION_FORWARD_INTERFACE.rawValue
    case .portgroup: VIR_NETWORK_SECTION_PORTGROUP.rawValue
    case .dnsHost: VIR_NETWORK_SECTION_DNS_HOST.rawValue
    case .dnsTXT: VIR_NETWORK_SECTION_DNS_TXT.rawValue
    case .dnsSRV: VIR_NETWORK_SECTION_DNS_SRV.rawValue
    }
  }
}

import SpecModel

/// The fields of a network, each with its rule, as `MachineField` has them for a VM.
public enum NetworkField: String, CaseIterable, Sendable {
  case mode, cidr, gateway, dhcp, dns, bridge, mtu, autostart

  func value(of network: Network) -> String? {
    switch self {
    case .mode: network.mode?.rawValue
    case .cidr: network.cidr?.description
    case .gateway: network.gateway?.description
    case .dhcp: network.dhcp?.description
    case .dns: network.domain
    case .bridge: network.bridge
    case .mtu: network.mtu.map(String.init)
    case .autostart: network.autostart.map(String.init)
    }
  }

  /// The fields whose place in the definition holds the reservations, too: writing one writes them all.
  static let carriesReservations: Set<NetworkField> = [.cidr, .gateway, .dhcp]

  /// What changing the field does to an active network.
  var effectWhileActive: Effect { self == .autostart ? .live : .restart }
}

internal import CLibvirt

/// Which networks to list (`virConnectListAllNetworksFlags`). The empty filter lists all.
public struct NetworkFilter: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public static let inactive = NetworkFilter(rawValue: VIR_CONNECT_LIST_NETWORKS_INACTIVE.rawValue)
  public static let active = NetworkFilter(rawValue: VIR_CONNECT_LIST_NETWORKS_ACTIVE.rawValue)
  public static let persistent = NetworkFilter(rawValue: VIR_CONNECT_LIST_NETWORKS_PERSISTENT.rawValue)
  public static let transient = NetworkFilter(rawValue: VIR_CONNECT_LIST_NETWORKS_TRANSIENT.rawValue)
  public static let autostart = NetworkFilter(rawValue: VIR_CONNECT_LIST_NETWORKS_AUTOSTART.rawValue)
  public static let noAutostart = NetworkFilter(rawValue: VIR_CONNECT_LIST_NETWORKS_NO_AUTOSTART.rawValue)
}

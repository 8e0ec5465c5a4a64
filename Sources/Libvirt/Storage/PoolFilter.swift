internal import CLibvirt

/// Which storage pools to list (`virConnectListAllStoragePoolsFlags`). The empty filter lists all.
public struct PoolFilter: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public static let inactive = PoolFilter(rawValue: VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE.rawValue)
  public static let active = PoolFilter(rawValue: VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE.rawValue)
  public static let persistent = PoolFilter(rawValue: VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT.rawValue)
  public static let transient = PoolFilter(rawValue: VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT.rawValue)
  public static let autostart = PoolFilter(rawValue: VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART.rawValue)
  public static let noAutostart = PoolFilter(rawValue: VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART.rawValue)
}

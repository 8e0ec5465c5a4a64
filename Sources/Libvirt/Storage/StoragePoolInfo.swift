internal import CLibvirt

/// State and sizes of a pool (`virStoragePoolInfo`).
public struct StoragePoolInfo: Hashable, Sendable {
  public let state: StoragePoolState
  /// All of it, in bytes.
  public let capacity: UInt64
  /// In use, in bytes.
  public let allocation: UInt64
  /// Free, in bytes.
  public let available: UInt64

  init(_ info: virStoragePoolInfo) {
    state = StoragePoolState(number: info.state)
    capacity = info.capacity
    allocation = info.allocation
    available = info.available
  }
}

/// What a pool is doing (`virStoragePoolState`).
public enum StoragePoolState: String, Hashable, Sendable, CaseIterable {
  case inactive
  case building
  case running
  case degraded
  /// Started, but out of reach; also any state of a later libvirt.
  case inaccessible

  init(number: Int32) {
    self =
      switch virStoragePoolState(rawValue: UInt32(bitPattern: number)) {
      case VIR_STORAGE_POOL_INACTIVE: .inactive
      case VIR_STORAGE_POOL_BUILDING: .building
      case VIR_STORAGE_POOL_RUNNING: .running
      case VIR_STORAGE_POOL_DEGRADED: .degraded
      default: .inaccessible
      }
  }
}

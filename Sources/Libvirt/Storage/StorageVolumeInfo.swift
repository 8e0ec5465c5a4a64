internal import CLibvirt

/// Kind and sizes of a volume (`virStorageVolInfo`).
public struct StorageVolumeInfo: Hashable, Sendable {
  public let kind: StorageVolumeKind
  /// What the guest sees, in bytes.
  public let capacity: UInt64
  /// What it takes from the pool, in bytes; or the size of its file, if that was asked for.
  public let allocation: UInt64

  init(_ info: virStorageVolInfo) {
    kind = StorageVolumeKind(number: info.type)
    capacity = info.capacity
    allocation = info.allocation
  }
}

/// What a volume is (`virStorageVolType`).
public enum StorageVolumeKind: String, Hashable, Sendable, CaseIterable {
  case file
  case block
  case directory
  case network
  case networkDirectory
  case ploop
  case unknown

  init(number: Int32) {
    self =
      switch virStorageVolType(rawValue: UInt32(bitPattern: number)) {
      case VIR_STORAGE_VOL_FILE: .file
      case VIR_STORAGE_VOL_BLOCK: .block
      case VIR_STORAGE_VOL_DIR: .directory
      case VIR_STORAGE_VOL_NETWORK: .network
      case VIR_STORAGE_VOL_NETDIR: .networkDirectory
      case VIR_STORAGE_VOL_PLOOP: .ploop
      default: .unknown
      }
  }
}

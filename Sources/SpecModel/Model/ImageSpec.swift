/// A local file that hosts get a copy of: a disk image that disks are clones of, a kernel or an initrd.
public struct ImageSpec: Hashable, Sendable {
  public let name: ResourceName
  /// Path of the file on this machine.
  public let file: String
  public let format: DiskFormat
  /// The size of a disk cloned from it.
  public let virtualSize: ByteCount
  /// Expected SHA-256 in lower-case hex.
  public let sha256: String?
  public let path: SpecPath
}

/// The format of the bytes in a volume.
public enum DiskFormat: String, CaseIterable, Sendable {
  case qcow2, raw
}

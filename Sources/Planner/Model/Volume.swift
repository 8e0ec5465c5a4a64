public import SpecModel

/// What a volume is on its host (`virStorageVolType`).
public enum VolumeType: String, Hashable, Sendable {
  case file, block, network
}

/// A storage volume, as wanted or as a host reports it.
public struct Volume: Hashable, Sendable {
  public var pool: String
  /// The file's name in the pool.
  public var name: String
  public var type = VolumeType.file
  /// Absolute path on the host; for an image of Ceph, `POOL/NAME`.
  public var path: String
  /// The size that a guest sees.
  public var capacity: ByteCount
  public var format: DiskFormat
  /// The path of the file that this one is a clone of.
  public var backingPath: String?
  /// True if a wanted volume takes all of its size from the pool when it is made.
  public var isThick = false
  /// True if nothing may delete a shared disk.
  public var isProtected = false
  /// The length of the file itself; nil for a wanted volume, whose length nobody prescribes.
  public var physical: ByteCount?

  public init(
    pool: String, name: String, path: String, capacity: ByteCount, format: DiskFormat,
    backingPath: String? = nil,
    physical: ByteCount? = nil
  ) {
    self.pool = pool
    self.name = name
    self.path = path
    self.capacity = capacity
    self.format = format
    self.backingPath = backingPath
    self.physical = physical
  }
}

/// What a disk is attached as.
public enum DiskBus: String, CaseIterable, Sendable {
  case virtio, scsi, sata
}

/// How a disk is made from its image.
public enum CloneKind: String, CaseIterable, Sendable {
  /// A qcow2 file that refers to the image and holds what differs from it.
  case linked
  /// A copy, which needs the image no more.
  case full
}

/// A disk with a life of its own: it outlives every VM that uses it.
public struct SharedDiskSpec: Hashable, Sendable {
  public let name: ResourceName
  public let size: ByteCount
  /// nil for what its pool takes best, see `PoolType.defaultFormat`.
  public let format: DiskFormat?
  public let pool: ResourceName
  /// The host that it is planned on: of a disk that several hosts see, that of the VM which uses it.
  public var host: ResourceName
  /// True if nothing may ever delete it.
  public let isProtected: Bool
  public let path: SpecPath
}

/// A disk of a VM, known by its name.
public struct DiskSpec: Hashable, Sendable {
  public enum Source: Hashable, Sendable {
    /// A volume made for this VM. `size` is nil only for a clone, which is then as large as its image; `format` is nil
    /// for what its pool takes best, see `PoolType.defaultFormat`.
    case own(size: ByteCount?, image: ResourceName?, format: DiskFormat?, pool: ResourceName)
    /// A volume that somebody else made: it is used, never made, grown or deleted. `format` is stated of a file, and nil of
    /// what is none.
    case existing(volume: String, pool: ResourceName, format: DiskFormat?)
    /// A file or a device of the host at an absolute path, in no pool of the spec's, which is used in the same way.
    case path(String, format: DiskFormat)
    /// A disk of the spec's own `disks:`.
    case shared(ResourceName)
    /// A CD-ROM drive with an image of the spec in it, which lies in `pool`; nil if it is empty.
    case cdrom(ResourceName?, pool: ResourceName?)
    /// A CD-ROM drive with a file of the host in it, by its absolute path.
    case hostMedium(String)
  }

  public let name: ResourceName
  public let source: Source
  public let bus: DiskBus?
  /// True if the disk stays when the VM goes, whatever the run allows.
  public let keep: Bool
  /// True if nothing may delete it.
  public let isProtected: Bool
  public let ioTune: IOTune?
  public let path: SpecPath
  /// nil where the spec leaves it to the pool, and for a disk without an image.
  public var clone: CloneKind?
}

/// The types of storage pool, and what libvirt's driver for each does with volumes.
public enum PoolType: String, CaseIterable, Sendable {
  case dir, fs, netfs, logical, disk, iscsi, zfs, rbd

  /// True for volumes that are files: of any format, as long as what was written, or empty.
  public var holdsFiles: Bool {
    switch self {
    case .dir, .fs, .netfs: true
    case .logical, .disk, .iscsi, .zfs, .rbd: false
    }
  }

  /// True where the volumes are elsewhere, so that several hosts may have the same.
  public var isOnNetwork: Bool {
    switch self {
    case .netfs, .iscsi, .rbd: true
    case .dir, .fs, .logical, .disk, .zfs: false
    }
  }

  /// False where volumes cannot be made, or not with a name that says whose they are: those that are there are used.
  public var makesVolumes: Bool { self != .iscsi && self != .disk }

  /// False where no bytes can be sent into a volume.
  public var takesUploads: Bool { self != .rbd }

  /// False where libvirt makes no volume larger.
  public var growsVolumes: Bool { holdsFiles || self == .rbd }

  /// True where a volume takes all of its size from the pool when it is made.
  public var isThick: Bool { self == .logical || self == .zfs }

  /// The format of a disk whose spec does not say.
  public var defaultFormat: DiskFormat { holdsFiles ? .qcow2 : .raw }

  /// How a disk is made from an image where the spec does not say.
  public var defaultClone: CloneKind { holdsFiles ? .linked : .full }

  /// Why no disk of `format` can be made in the pool called `name`; nil if one can.
  public func refusal(ofDiskIn format: DiskFormat?, pool name: ResourceName) -> ValueError? {
    switch self {
    case .iscsi:
      ValueError(
        "no disk can be made in pool '\(name)' (iscsi): its volumes are those of the target",
        help: "name the one to use, such as volume: \"unit:0:0:1\"; virsh vol-list \(name) shows them")
    case .disk:
      ValueError(
        "no disk can be made in pool '\(name)' (disk): the name of a partition does not say whose it is",
        help: "name the partition to use, such as volume: sdb1; virsh vol-list \(name) shows them")
    case .logical, .zfs, .rbd:
      format == .qcow2
        ? ValueError(
          "a disk in pool '\(name)' (\(rawValue)) cannot be qcow2: its volumes are no files",
          help: "leave out 'format', or use a pool of files") : nil
    case .dir, .fs, .netfs: nil
    }
  }

  /// Why no disk of `size` can be made in the pool called `name`; nil if one can.
  public func refusal(ofSize size: ByteCount, pool name: ResourceName) -> ValueError? {
    self == .zfs && size.rawValue % (1 << 20) != 0
      ? ValueError(
        "a disk of \(size) is not a whole number of blocks of pool '\(name)' (zfs)",
        help: "use a multiple of 1MiB")
      : nil
  }

  /// Why no disk in the pool called `name` can be made from an image in this way; nil if one can.
  public func refusal(of clone: CloneKind?, in name: ResourceName) -> ValueError? {
    if !holdsFiles, clone == .linked {
      return ValueError(
        "a disk in pool '\(name)' (\(rawValue)) cannot be a linked clone: its volumes are no files",
        help: "leave out 'clone': it is a full copy of its image there")
    }
    return takesUploads
      ? nil
      : ValueError(
        "no image can be copied into pool '\(name)' (\(rawValue)): libvirt sends no bytes there",
        help: "copy it with the tools of the pool, and name the volume that they make: volume: NAME")
  }

  /// Why no volume that is in the pool called `name` already can be a disk of that format; nil if one can.
  public func refusal(ofUseIn name: ResourceName, as format: DiskFormat?) -> ValueError? {
    // libvirt would tell the format of a file by its content, which may be what a guest has written.
    if holdsFiles, format == nil {
      return ValueError(
        "a volume of pool '\(name)' (\(rawValue)) is a file, whose format has to be stated",
        help: "such as format: qcow2")
    }
    return holdsFiles || format != .qcow2
      ? nil
      : ValueError(
        "a volume of pool '\(name)' (\(rawValue)) is no file and cannot be qcow2", help: "leave out 'format'")
  }

  /// Why the file `what` cannot lie in the pool called `name`; nil if it can.
  public func refusal(ofFile what: String, pool name: ResourceName) -> ValueError? {
    holdsFiles
      ? nil
      : ValueError(
        "\(what) is a file and cannot lie in pool '\(name)' (\(rawValue))",
        help: "let 'pool' of the VM name a pool of files (dir, fs or netfs), and that of its disks this one")
  }
}

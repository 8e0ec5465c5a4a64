/// What the volumes of a storage pool are made of, after <https://libvirt.org/storage.html>.
public enum PoolSource: Hashable, Sendable {
  /// Files in a directory of the host.
  case directory(path: String)
  /// Files on a device of the host, which is mounted at `path`. `format` is nil where it is left to `mount`.
  case fileSystem(device: String, format: FileSystemFormat?, path: String)
  /// Files in a directory of a server, which is mounted at `path`. `format` is nil where it is left to `mount`.
  case networkFileSystem(host: String, directory: String, format: NetworkFileSystemFormat?, path: String)
  /// Logical volumes of a volume group of LVM. `devices` are what it is made of, as far as they are known.
  case logical(group: String, devices: [String])
  /// Partitions of a disk.
  case disk(device: String, format: PartitionTableFormat?)
  /// Logical units of a SCSI target on the network.
  case iscsi(ISCSITarget)
  /// Volumes of a ZFS pool, or of a dataset in it. `devices` are what the ZFS pool is made of, as far as they are known.
  case zfs(dataset: String, devices: [String])
  /// Images in a pool of a Ceph cluster.
  case rbd(RBDPool)

  public var type: PoolType {
    switch self {
    case .directory: .dir
    case .fileSystem: .fs
    case .networkFileSystem: .netfs
    case .logical: .logical
    case .disk: .disk
    case .iscsi: .iscsi
    case .zfs: .zfs
    case .rbd: .rbd
    }
  }

  /// What stands before `/NAME` in the path of each volume; nil where the host chooses the paths.
  public var root: String? {
    switch self {
    case .directory(let path), .fileSystem(_, _, let path), .networkFileSystem(_, _, _, let path): path
    case .logical(let group, _): "/dev/\(group)"
    case .zfs(let dataset, _): "/dev/zvol/\(dataset)"
    case .disk: "/dev"
    case .rbd(let pool): pool.name
    case .iscsi: nil
    }
  }

  /// Where its content comes from, as people write it; nil for a directory, which is its own origin.
  public var origin: String? {
    switch self {
    case .directory: nil
    case .fileSystem(let device, _, _), .disk(let device, _): device
    case .networkFileSystem(let host, let directory, _, _): "\(host):\(directory)"
    case .logical(let group, _): group
    case .zfs(let dataset, _): dataset
    case .iscsi(let target): "\(target.name) at \(target.host):\(target.port)"
    case .rbd(let pool): "\(pool.name) at \(pool.monitors.map(\.description).joined(separator: ","))"
    }
  }

  /// Where it is mounted or lies on the host; nil for what is no tree of files.
  public var path: String? { type.holdsFiles ? root : nil }
}

/// What a file system on a device may be.
public enum FileSystemFormat: String, CaseIterable, Sendable {
  case ext2, ext3, ext4, xfs, vfat, gfs2, ocfs2
}

/// What a file system on the network may be.
public enum NetworkFileSystemFormat: String, CaseIterable, Sendable {
  case nfs, cifs, glusterfs
}

/// What a disk's table of partitions may be.
public enum PartitionTableFormat: String, CaseIterable, Sendable {
  case gpt, dos, dvh, mac, bsd, pc98, sun
}

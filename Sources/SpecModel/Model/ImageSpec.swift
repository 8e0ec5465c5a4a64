/// A file that hosts get a copy of: a disk image that disks are clones of, a kernel or an initrd.
public struct ImageSpec: Hashable, Sendable {
  /// Where the file comes from.
  public enum Source: Hashable, Sendable, CustomStringConvertible {
    /// The path of a file on this machine.
    case file(String)
    /// An HTTP or HTTPS URL.
    case url(String)

    public var description: String {
      switch self {
      case .file(let path): path
      case .url(let url): url
      }
    }
  }

  public let name: ResourceName
  public let source: Source
  /// What the source is, once it is decompressed.
  public let sourceFormat: ImageFormat
  public let compression: Compression?
  /// The disk's name in an OVA; nil if it has one disk only.
  public let member: String?
  /// The size of a disk cloned from it; nil while nobody has read it, since the source has to be downloaded,
  /// decompressed or converted before.
  public let virtualSize: ByteCount?
  /// Expected SHA-256 of the source in lower-case hex.
  public let sha256: String?
  public let path: SpecPath

  /// The format that hosts get it in.
  public var format: DiskFormat { sourceFormat == .raw ? .raw : .qcow2 }
}

/// The format of the bytes in a volume.
public enum DiskFormat: String, CaseIterable, Sendable {
  case qcow2, raw
}

/// The format of an image's source. All but qcow2 and raw are converted to qcow2.
public enum ImageFormat: String, CaseIterable, Sendable {
  case qcow2, raw, vmdk, vhdx, ova
  /// Hyper-V's and Azure's *.vhd, which QEMU calls vpc.
  case vpc

  public var isConverted: Bool { self != .qcow2 && self != .raw }
}

/// How an image's source is compressed.
public enum Compression: String, CaseIterable, Sendable {
  case gz, xz
}

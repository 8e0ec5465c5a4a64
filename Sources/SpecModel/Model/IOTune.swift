/// Limits of a disk's throughput (<https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms>,
/// `iotune`). nil is no limit; a total excludes the reading and the writing limit of the same kind.
public struct IOTune: Hashable, Sendable, CustomStringConvertible {
  /// Bytes a second.
  public var totalBytes: ByteCount?
  public var readBytes: ByteCount?
  public var writeBytes: ByteCount?
  /// Operations a second.
  public var totalIOPS: Int?
  public var readIOPS: Int?
  public var writeIOPS: Int?

  public init() {}

  public var isUnlimited: Bool { self == IOTune() }

  /// `read 50 MiB/s, write 100 IOPS`
  public var description: String {
    let bytes = [("total", totalBytes), ("read", readBytes), ("write", writeBytes)]
    let operations = [("total", totalIOPS), ("read", readIOPS), ("write", writeIOPS)]
    let parts =
      bytes.compactMap { name, value in value.map { "\(name) \($0)/s" } }
      + operations.compactMap { name, value in value.map { "\(name) \($0) IOPS" } }
    return parts.isEmpty ? "unlimited" : parts.joined(separator: ", ")
  }
}

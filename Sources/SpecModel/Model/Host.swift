/// A machine whose libvirt virtform drives.
public struct Host: Hashable, Sendable {
  public enum Connection: Hashable, Sendable {
    /// The user's own libvirt on this machine, which virtform starts when it is needed.
    case embedded
    case uri(HostURI)
  }

  public let name: ResourceName
  public let connection: Connection
  /// The accelerator of VMs that do not choose one.
  public let accel: Accelerator
  public let path: SpecPath

  public var isEmbedded: Bool { connection == .embedded }
}

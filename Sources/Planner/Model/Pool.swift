public import FoundationEssentials
public import SpecModel

/// A storage pool, as wanted or as a host reports it.
public struct Pool: Hashable, Sendable {
  public var name: String
  public var uuid: UUID
  /// The directory on the host; nil for pools of another type.
  public var directory: String?
  public var autostart: Bool?
  public var isActive: Bool
  /// Free space; nil where it is not known.
  public var available: ByteCount?
  /// The volumes that carry a tag of virtform; others are not read.
  public var volumes: [Volume]
  /// The paths that volumes of others have as their backing file.
  public var foreignBackingPaths: Set<String> = []
  /// The names of all volumes.
  public var volumeNames: Set<String>

  public init(
    name: String, uuid: UUID, directory: String?, autostart: Bool?, isActive: Bool,
    available: ByteCount? = nil,
    volumes: [Volume] = [], volumeNames: Set<String> = []
  ) {
    self.name = name
    self.uuid = uuid
    self.directory = directory
    self.autostart = autostart
    self.isActive = isActive
    self.available = available
    self.volumes = volumes
    self.volumeNames = volumeNames
  }
}

/// A storage pool that the spec wants (or, if external, relies on) on some hosts.
public struct PoolSpec: Hashable, Sendable {
  public let name: ResourceName
  /// nil for an external pool, which is whatever it is.
  public let source: PoolSource?
  /// True if what the pool needs may be made on devices that are empty: a file system, a table of partitions, a group.
  public let isBuilt: Bool
  /// Hosts that have the pool.
  public let hosts: [ResourceName]
  /// True for a pool that is there already: it is used, never created, changed or removed.
  public let isExternal: Bool
  /// True if all of its hosts see the same volumes in it.
  public var isShared = false
  public let autostart: Bool?
  public let path: SpecPath

  /// How a disk in the pool is made from its image where the spec does not say.
  public var defaultClone: CloneKind { source?.type.defaultClone ?? .linked }
}

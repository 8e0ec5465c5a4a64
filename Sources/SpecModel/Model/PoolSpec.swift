/// A storage pool that the spec wants (or, if external, relies on) on some hosts.
public struct PoolSpec: Hashable, Sendable {
  public let name: ResourceName
  /// The directory on the host; nil for an external pool.
  public let directory: String?
  /// Hosts that have the pool.
  public let hosts: [ResourceName]
  /// True for a pool that is there already: it is used, never created, changed or removed.
  public let isExternal: Bool
  public let autostart: Bool?
  public let path: SpecPath

  /// How a disk in the pool is made from its image where the spec does not say.
  public var defaultClone: CloneKind { .linked }
}

public import FoundationEssentials
public import SpecModel

/// A storage pool, as wanted or as a host reports it.
public struct Pool: Hashable, Sendable {
  public var name: String
  public var uuid: UUID
  /// nil for pools of a type that the language has no word for.
  public var source: PoolSource?
  /// True if what a wanted pool needs may be made on devices that are empty.
  public var isBuilt = false
  public var autostart: Bool?
  public var isActive: Bool
  /// True if it is active without a definition: once it stops, it is gone.
  public var isTransient = false
  /// All of its space; nil where it is not known.
  public var capacity: ByteCount?
  /// Free space; nil where it is not known.
  public var available: ByteCount?
  /// The volumes that carry a tag of virtform, and those that the spec names; others are not read.
  public var volumes: [Volume]
  /// The paths that volumes of others have as their backing file.
  public var foreignBackingPaths: Set<String> = []
  /// The names of all volumes.
  public var volumeNames: Set<String>

  public init(
    name: String, uuid: UUID, source: PoolSource?, autostart: Bool?, isActive: Bool,
    capacity: ByteCount? = nil, available: ByteCount? = nil,
    volumes: [Volume] = [], volumeNames: Set<String> = []
  ) {
    self.name = name
    self.uuid = uuid
    self.source = source
    self.autostart = autostart
    self.isActive = isActive
    self.capacity = capacity
    self.available = available
    self.volumes = volumes
    self.volumeNames = volumeNames
  }

  /// Bytes that the sizes of all its volumes are multiples of, as far as its figures tell: at least what it hands out.
  var unit: UInt64 {
    let figures = [capacity, available].compactMap { $0?.rawValue } + volumes.map(\.capacity.rawValue)
    return figures.reduce(0, Self.commonDivisor)
  }

  private static func commonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }

  /// True if the pool has its volumes from where `wanted` would have them. What `wanted` leaves to the host is not compared.
  func hasSource(of wanted: PoolSource) -> Bool { source.map { wanted.settled(by: $0) == $0 } ?? false }
}

extension PoolSource {
  /// The same, with what it leaves open as `actual` has it.
  func settled(by actual: PoolSource) -> PoolSource {
    switch (self, actual) {
    case (.fileSystem(let device, nil, let path), .fileSystem(_, let format, _)):
      .fileSystem(device: device, format: format, path: path)
    case (.networkFileSystem(let host, let directory, nil, let path), .networkFileSystem(_, _, let format, _)):
      .networkFileSystem(host: host, directory: directory, format: format, path: path)
    // What a group is made of grows and shrinks beside libvirt.
    case (.logical(let group, _), .logical(_, let devices)): .logical(group: group, devices: devices)
    case (.zfs(let dataset, _), .zfs(_, let devices)): .zfs(dataset: dataset, devices: devices)
    case (.disk(let device, nil), .disk(_, let format)): .disk(device: device, format: format)
    default: self
    }
  }
}

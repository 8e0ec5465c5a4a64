/// A whole spec, checked and resolved: what `plan` compares with the hosts.
public struct Site: Sendable {
  public let stack: ResourceName
  /// Everything below is sorted by name.
  public let hosts: [Host]
  public let pools: [PoolSpec]
  public let images: [ImageSpec]
  public let networks: [NetworkSpec]
  public let disks: [SharedDiskSpec]
  public let machines: [MachineSpec]
  /// Where each value of the resolved spec was written.
  public let origins: Origins
  /// Values that no output may show.
  public let secrets: [String]

  public func host(_ name: ResourceName) -> Host? { hosts.first { $0.name == name } }
  public func image(_ name: ResourceName) -> ImageSpec? { images.first { $0.name == name } }
  public func network(_ name: ResourceName) -> NetworkSpec? { networks.first { $0.name == name } }
  public func disk(_ name: ResourceName) -> SharedDiskSpec? { disks.first { $0.name == name } }
  public func pool(_ name: ResourceName) -> PoolSpec? { pools.first { $0.name == name } }
}

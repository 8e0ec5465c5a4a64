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
  /// What it has, for plans that are made without asking it; nil where the spec does not say.
  public var size: HostSize?
  /// What people say of the host: VMs choose by it.
  public var labels: [ResourceName: String] = [:]
  /// What is left to the host itself where virtform chooses.
  public var reserve = HostReserve()
  /// How much VMs that virtform chooses the host for may have for each that there is.
  public var overcommit = HostOvercommit()
  public var state = HostPhase.active
  public var migration = HostMigration()
  public let path: SpecPath

  public var isEmbedded: Bool { connection == .embedded }

  /// True if its libvirt is reached by QEMU's driver.
  var isQEMU: Bool {
    switch connection {
    case .embedded: true
    case .uri(let uri): uri.driver == "qemu"
    }
  }
}

/// What a host has.
public struct HostSize: Hashable, Sendable {
  public var cpus: Int
  public var memory: ByteCount

  public init(cpus: Int, memory: ByteCount) {
    self.cpus = cpus
    self.memory = memory
  }
}

/// What a host keeps for itself.
public struct HostReserve: Hashable, Sendable {
  public var memory = ByteCount(rawValue: 0)
  public var cpus = 0
}

/// How much VMs may have of a host's, relative to what there is.
public struct HostOvercommit: Hashable, Sendable {
  public var memory = Ratio(1)
  public var cpus = Ratio(4)
}

/// What a host is for at the moment.
public enum HostPhase: String, CaseIterable, Sendable {
  /// It runs VMs.
  case active
  /// Its VMs have to leave, and none comes.
  case drained
  /// It is not reached: nobody knows what its VMs do.
  case down
}

/// How guests arrive at a host.
public struct HostMigration: Hashable, Sendable {
  /// Where other hosts reach its QEMU; nil for the name that its libvirt gives.
  public var address: String?
  /// Where the libvirt of other hosts reaches its libvirt, for hosts that migrate among themselves; nil if virtform leads.
  public var uri: HostURI?
  /// Whether guests are sent encrypted, with the certificates of QEMU on both hosts.
  public var usesTLS = false

  public init() {}
}

/// What may be done to a running guest for a change that it cannot take while it runs.
public enum ChangePolicy: String, CaseIterable, Sendable {
  /// Refuse it: only what the guest can take while it runs is changed.
  case liveOnly = "live-only"
  /// Write it to the persistent definition; it counts from the guest's next start.
  case stage
  /// Restart the guest for it.
  case restartIfNeeded = "restart-if-needed"
}

/// What becomes of a VM's disks whose image is another one than they were made from.
public enum ImageChangePolicy: String, CaseIterable, Sendable {
  /// They stay as they are.
  case keep
  /// They are made anew, which destroys their content and takes consent.
  case replace
}

/// How a guest is stopped.
public struct ShutdownPolicy: Hashable, Sendable, CustomStringConvertible {
  /// How long the guest has to shut down by itself.
  public var timeout: TimeSpan
  /// Whether a guest that has not shut down by then is powered off.
  public var force: Bool

  public init(timeout: TimeSpan = TimeSpan(seconds: 60), force: Bool = false) {
    self.timeout = timeout
    self.force = force
  }

  /// Reads what `description` writes; nil for anything else.
  public init?(recorded text: String) {
    let words = text.split(separator: ",", maxSplits: 1)
    guard let first = words.first, let timeout = try? TimeSpan(parsing: String(first)) else { return nil }
    self.init(timeout: timeout, force: words.count == 2)
  }

  /// `60s`, or `60s, then power off`
  public var description: String { force ? "\(timeout), then power off" : "\(timeout)" }
}

/// A VM that the spec wants, after profiles, counts and variables.
public struct MachineSpec: Hashable, Sendable {
  public let name: ResourceName
  /// The host that it is to run on. Where virtform chooses, that is the first one until it has (`Site.placing`).
  public private(set) var host: ResourceName
  public var placement: PlacementSpec
  public var migration = MigrationSpec()
  public var settings: MachineSettings
  public let kernel: ResourceName?
  public let initrd: ResourceName?
  /// Where the VM's kernel, initrd and disks lie unless they say otherwise; nil if it needs none.
  public let pool: ResourceName?
  /// In the order of the spec, which is the boot order.
  public let disks: [DiskSpec]
  public let nics: [NICSpec]
  /// Sorted by name, as the following ones.
  public let memoryDevices: [MemoryDevice]
  public var shares: [HostShare] = []
  public var hostDevices: [HostDevice] = []
  /// Names of disks and NICs in the order the firmware tries them; nil where the spec leaves it to the order of disks.
  public let boot: [ResourceName]?
  /// What cloud-init sets up in the guest; nil if it gets no seed.
  public let cloudInit: CloudInitSpec?
  /// What Ignition sets up in the guest; nil if it is handed no config.
  public var ignition: IgnitionSpec?
  /// What libvirt gets beside what the language says, when the VM is made: a `<domain>` with parts of one.
  public var xml: String?
  /// True if nothing may remove the VM.
  public let isProtected: Bool
  public let onChange: ChangePolicy
  public var onImageChange = ImageChangePolicy.keep
  public let shutdown: ShutdownPolicy
  public let path: SpecPath
  /// The entry of `vms:` whose `count` or `for_each` made it; nil for a VM by itself.
  public var group: ResourceName?
  /// Further groups for an inventory, sorted.
  public var groups: [ResourceName] = []
  /// What people say of the VM, for policies and inventories; no host keeps it.
  public var labels: [ResourceName: String] = [:]
  /// The VMs that are up before this one starts, sorted.
  public var startAfter: [ResourceName] = []
  /// What is waited for after a start; nil if nothing is.
  public var readiness: Readiness?
  public var ssh: SSHAccess?

  /// True if nothing may delete the disk: its own word, or that of the VM that it was made for.
  public func protects(_ disk: DiskSpec) -> Bool {
    if case .own = disk.source { disk.isProtected || isProtected } else { disk.isProtected }
  }

  /// The same on another host.
  public func on(_ host: ResourceName) -> MachineSpec {
    var machine = self
    machine.host = host
    return machine
  }

  /// What the guest calls itself, as far as the spec has a say.
  public var guestName: String { cloudInit?.hostname ?? name.rawValue }
}

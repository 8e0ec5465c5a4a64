/// Virtual CPUs of a VM.
public struct VCPUs: Hashable, Sendable, CustomStringConvertible {
  /// vCPUs that are plugged in.
  public let count: Int
  /// vCPUs that could be plugged in while the guest runs.
  public let max: Int

  public init(count: Int, max: Int? = nil) {
    self.count = count
    self.max = max ?? count
  }

  public var description: String { max == count ? "\(count)" : "\(count) (max \(max))" }
}

/// Memory of a VM.
public struct MemoryAmount: Hashable, Sendable, CustomStringConvertible {
  /// What the guest has.
  public let size: ByteCount
  /// What the guest could be given while it runs.
  public let max: ByteCount

  public init(size: ByteCount, max: ByteCount? = nil) {
    self.size = size
    self.max = max ?? size
  }

  public var description: String { max == size ? "\(size)" : "\(size) (max \(max))" }
}

/// Memory that is plugged into a VM like a module (<https://libvirt.org/formatdomain.html#memory-devices>).
public struct MemoryDevice: Hashable, Sendable {
  public let name: String
  public let size: ByteCount

  public init(name: String, size: ByteCount) {
    self.name = name
    self.size = size
  }
}

public enum Firmware: String, CaseIterable, Sendable {
  case bios, uefi
}

/// Where the guest's screen can be seen.
public enum Graphics: String, CaseIterable, Sendable {
  case none
  /// VNC on the host's loopback address.
  case vnc
  /// SPICE on the host's loopback address.
  case spice
}

/// What a VM is set to. The same type describes what is wanted and what a host reports; nil means that the
/// spec does not set the field (then it is not compared) or that the host does not report it.
public struct MachineSettings: Hashable, Sendable {
  public var title: String?
  public var description: String?
  public var accel: Accelerator?
  public var virt: Virtualization?
  public var cpus: VCPUs?
  /// The VM's weight when CPU time is short, relative to others (`cputune/shares`).
  public var cpuShares: Int?
  /// The most CPU time that the VM gets, however much there is.
  public var cpuLimit: CPULimit?
  public var cpuPinning: VCPUPinning?
  public var cpuTopology: CPUTopology?
  public var memory: MemoryAmount?
  /// The most memory that the VM could have with all devices plugged in; nil if none can be.
  public var memoryLimit: ByteCount?
  public var hugePages: OptionalDevice<HugePages>?
  /// Two or more; nil where all vCPUs and all memory are in one.
  public var numaCells: [NUMACell]?
  /// The NUMA nodes of the host that the VM's memory comes from.
  public var numaNodes: CPUSet?
  /// QEMU's machine type, an alias such as `q35` or a versioned name.
  public var machine: String?
  public var firmware: Firmware?
  /// Whether UEFI boots only what is signed; nil where it is left to the host's firmware.
  public var secureBoot: Bool?
  /// `host-passthrough`, `host-model`, `max` or a model that libvirt knows.
  public var cpu: String?
  public var cmdline: String?
  public var graphics: Graphics?
  /// The password of the screen. Hosts report it to nobody who may only read.
  public var graphicsPassword: String?
  /// True if the guest has a serial console.
  public var console: Bool?
  /// Absolute path of the file on the host that keeps what the serial console says.
  public var consoleLog: String?
  public var tpm: OptionalDevice<TPMModel>?
  public var randomSource: OptionalDevice<RandomSource>?
  public var watchdog: OptionalDevice<Watchdog>?
  public var autostart: Bool?
  public var state: PowerState?

  public init() {}
}

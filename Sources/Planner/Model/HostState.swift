public import FoundationEssentials
public import SpecModel

/// What a host's libvirt reports: everything the planner compares a spec with.
public struct HostState: Hashable, Sendable {
  public var name: ResourceName
  /// How people reach it beside virtform.
  public var virsh = Virsh()
  public var capabilities: HostCapabilities
  /// True if the host's libvirt runs as root, which networks need.
  public var isPrivileged: Bool
  public var pools: [Pool]
  public var networks: [Network]
  /// The live states of the stack's own networks that are active, by UUID; their definitions are in `networks`.
  public var liveNetworks: [UUID: Network] = [:]
  /// The stack's own network filters; nil where the driver has none.
  public var firewalls: [Firewall]?
  /// The names of all network filters of the host; nil where the driver has none.
  public var filterNames: Set<String>?
  /// The devices on its PCI and USB buses; nil where nobody asked, or libvirt does not know.
  public var devices: Set<HostDevice.ID>?
  /// The persistent definitions. Xen's dom0 is none of them.
  public var machines: [Machine]
  /// The memory that Xen's dom0 has of the host; zero elsewhere, where guests run beside what the host does.
  public var dom0Memory = ByteCount(rawValue: 0)
  /// What the guests of the stack's running VMs run with.
  public var guests: [UUID: Machine]
  /// The VMs and networks that become the stack's in this plan, by UUID.
  var adoptees: Set<UUID> = []
  /// What libvirt knows of snapshots of the stack's VMs, by UUID; empty where no VM can move.
  public var snapshots: [UUID: [Snapshot]] = [:]
  /// The files that VMs of the stack name and that are not there, as far as the host was asked for them.
  public var absentFiles: Set<String> = []
  /// The stack's VMs that have checkpoints; empty where no VM can move.
  public var checkpointed: Set<UUID> = []

  public init(
    name: ResourceName, capabilities: HostCapabilities, isPrivileged: Bool = true, pools: [Pool] = [],
    networks: [Network] = [], machines: [Machine] = [], guests: [UUID: Machine] = [:]
  ) {
    self.name = name
    self.capabilities = capabilities
    self.isPrivileged = isPrivileged
    self.pools = pools
    self.networks = networks
    self.machines = machines
    self.guests = guests
  }
}

extension HostState {
  /// Takes dom0 from the VMs, among which libvirt lists it: it is what runs them, and nobody's to change.
  public mutating func separateDom0() {
    guard let index = machines.firstIndex(where: \.isDom0) else { return }
    dom0Memory = ByteCount(rawValue: machines.remove(at: index).totalMemory ?? 0)
  }

  /// The files that `machine` uses at this moment.
  public func liveFiles(of machine: Machine) -> Set<String> {
    machine.isActive ? guests[machine.uuid]?.files ?? machine.files : []
  }

  /// The networks that `machine` is plugged into at this moment.
  public func liveNetworks(of machine: Machine) -> Set<String> {
    machine.isActive ? guests[machine.uuid]?.networks ?? machine.networks : []
  }
}

/// What a host can run, from <https://libvirt.org/formatcaps.html>.
public struct HostCapabilities: Hashable, Sendable {
  public enum Driver: Hashable, Sendable {
    case qemu, xen, esx, test
    case other(String)

    /// What people call it.
    public var title: String {
      switch self {
      case .qemu: "QEMU"
      case .xen: "Xen"
      case .esx: "ESX"
      case .test: "test"
      case .other(let name): name
      }
    }
  }

  public var driver: Driver
  /// Identifies the physical host, however it is reached.
  public var hostUUID: String
  /// `x86_64`, `aarch64` …
  public var architecture: String
  /// How it can virtualize guests of its own architecture.
  public var virtualizations: Set<Virtualization> = [.hvm]
  /// What guests have by how they are virtualized, where the host says so.
  public var guests: [Virtualization: GuestCapabilities] = [:]
  /// True if the host accelerates guests of its own architecture.
  public var hasKVM: Bool
  /// Names of the machine types by their aliases: `q35` → `pc-q35-7.2`.
  public var machineAliases: [String: String]
  /// All machine types, aliases included.
  public var machines: Set<String>
  /// The processors of the host; nil where it does not say.
  public var cpus: Int?
  /// The model of its CPU and what that can do; nil where it does not say.
  public var cpu: String?
  /// The memory of the host; nil where it does not say.
  public var memory: ByteCount?

  public init(
    driver: Driver, hostUUID: String, architecture: String = "x86_64", hasKVM: Bool = false,
    machineAliases: [String: String] = [:], machines: Set<String> = []
  ) {
    self.driver = driver
    self.hostUUID = hostUUID
    self.architecture = architecture
    self.hasKVM = hasKVM
    self.machineAliases = machineAliases
    self.machines = machines
  }
}

extension HostCapabilities {
  /// How a guest is virtualized of which the spec does not say it: one without a kernel of its own as a whole machine, with
  /// firmware that finds a boot loader on its disk.
  public func virtualization(hasKernel: Bool) -> Virtualization {
    let wanted: [Virtualization] = hasKernel ? [.pvh, .pv, .hvm] : [.hvm, .pv, .pvh]
    return wanted.first(where: virtualizations.contains) ?? .hvm
  }

  /// What the host has of both; nil if it does not say one of them.
  public var size: (cpus: Int, memory: ByteCount)? {
    guard let cpus, let memory, cpus > 0, memory.rawValue > 0 else { return nil }
    return (cpus, memory)
  }
}

extension HostState {
  /// The VM of the stack that the spec calls `name`, whatever libvirt calls it.
  public func machine(named name: ResourceName, of stack: ResourceName) -> Machine? {
    let identity = Identity(stack: stack)
    return machines.first { identity.owns($0) && ($0.mark?.name ?? $0.name) == name.rawValue }
  }
}

public import FoundationEssentials
public import SpecModel

/// A virtual machine, as wanted or as a host reports it: its persistent definition, or what its guest runs with.
public struct Machine: Hashable, Sendable {
  /// A disk known by its name. Devices without a name are somebody else's and are left alone.
  public struct Disk: Hashable, Sendable {
    /// How a guest's host reaches a wanted disk.
    public enum Access: Hashable, Sendable {
      /// A file, a device, or nothing to tell: the path is all.
      case file, block
      /// An image of Ceph, which QEMU opens itself.
      case rbd(RBDPool)
      /// A volume of a pool that says the path when it is active.
      case volume(pool: String, name: String)
    }

    public var name: String
    /// Absolute path of the volume on the host; for an image of Ceph, `POOL/NAME`.
    public var path: String
    /// What lies over the volume, so that the guest writes there.
    public var overlay: Overlay?
    public var access = Access.file
    public var format: DiskFormat?
    public var bus: DiskBus?
    /// The device the guest sees, such as `vda`; nil until it is attached.
    public var target: String?
    /// True if its content stays when the VM goes.
    public var keep: Bool
    /// True if nothing may delete its content.
    public var isProtected: Bool
    public var ioTune: IOTune?

    public init(
      name: String, path: String, format: DiskFormat?, bus: DiskBus?, target: String? = nil,
      keep: Bool = false, isProtected: Bool = false, ioTune: IOTune? = nil
    ) {
      self.name = name
      self.path = path
      self.format = format
      self.bus = bus
      self.target = target
      self.keep = keep
      self.isProtected = isProtected
      self.ioTune = ioTune
    }

    /// The file that a guest has opened for it.
    public var file: String { overlay?.path ?? path }
  }

  /// A file that a person has put over a disk's own, as external snapshots do.
  public struct Overlay: Hashable, Sendable {
    /// Absolute path on the host.
    public let path: String
    /// False if nobody can look into the file: it lies in the disk's place and may be based on its volume.
    public let isProven: Bool

    public init(path: String, isProven: Bool) {
      self.path = path
      self.isProven = isProven
    }
  }

  /// A CD-ROM drive known by its name.
  public struct Drive: Hashable, Sendable {
    public var name: String
    /// Absolute path of the image on the host; nil for an empty drive.
    public var media: String?
    public var bus: DiskBus?
    /// The device the guest sees, such as `sda`; nil until it is attached.
    public var target: String?

    public init(name: String, media: String?, bus: DiskBus?, target: String? = nil) {
      self.name = name
      self.media = media
      self.bus = bus
      self.target = target
    }
  }

  /// What an interface is plugged into.
  public enum Link: Hashable, Sendable, CustomStringConvertible {
    case network(String)
    /// A bridge of the host's, without a network of libvirt's.
    case bridge(String)
    case user
    /// Something the language has no word for.
    case other(String)

    public var description: String {
      switch self {
      case .network(let name), .bridge(let name): name
      case .user: "user-mode network"
      case .other(let text): text
      }
    }
  }

  /// The port group of its network that an interface is in.
  public struct PortgroupUse: Hashable, Sendable, CustomStringConvertible {
    /// Empty in a wanted NIC that is to leave the one it is in.
    public var name: String
    /// What the interface has from it: nothing that it says of itself.
    public var vlan: VLAN?
    public var qos: QoS?

    public init(name: String, vlan: VLAN? = nil, qos: QoS? = nil) {
      self.name = name
      self.vlan = vlan
      self.qos = qos
    }

    /// `web (VLAN 40, in 10 MiB/s)`
    public var description: String {
      let parts = [vlan.map { "VLAN \($0)" }, qos?.description].compactMap { $0 }
      return name + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }
  }

  /// A network interface known by its name.
  public struct NIC: Hashable, Sendable {
    public var name: String
    public var link: Link
    /// nil in a wanted NIC whose address virtform may choose.
    public var mac: MACAddress?
    public var model: String?
    public var linkState: LinkState?
    public var portgroup: PortgroupUse?
    /// `VLAN.none` in a wanted NIC that is to leave those it is on.
    public var vlan: VLAN?
    public var qos: QoS?
    /// libvirt's name of the filter between it and its network; empty in a wanted NIC that is to lose the one it has.
    public var firewall: String?
    /// False on a network from and to which libvirt moves no interface of a running guest: of Open vSwitch and of macvtap.
    public var isMovable = true

    public init(
      name: String, link: Link, mac: MACAddress?, model: String?, linkState: LinkState? = nil,
      portgroup: PortgroupUse? = nil, vlan: VLAN? = nil, qos: QoS? = nil, firewall: String? = nil
    ) {
      self.name = name
      self.link = link
      self.mac = mac
      self.model = model
      self.linkState = linkState
      self.portgroup = portgroup
      self.vlan = vlan
      self.qos = qos
      self.firewall = firewall
    }
  }

  /// What libvirt calls Xen's dom0.
  static let dom0Name = "Domain-0"
  /// True for Xen's dom0, which libvirt lists among the VMs that it runs.
  var isDom0: Bool { name == Self.dom0Name && uuid.uuidString.allSatisfy { "0-".contains($0) } }

  /// Devices of which no mark says what the spec calls them.
  public struct UnnamedDevices: Hashable, Sendable {
    public var disks: [Disk] = []
    public var drives: [Drive] = []
    public var nics: [NIC] = []
    /// Those that the firmware tries, in this order.
    public var boot: [BootDevice] = []

    public init() {}
  }

  /// A device without a name that the firmware tries: a disk by its file, a CD-ROM drive by its target, a NIC by its address.
  public enum BootDevice: Hashable, Sendable {
    case disk(String)
    case drive(String)
    case nic(MACAddress)
  }

  /// The name in the spec. It is libvirt's, too, but for a VM that was renamed while it ran.
  public var name: String
  /// libvirt's name of the domain.
  public var domainName: String
  public var uuid: UUID
  @CopyOnWrite public var settings: MachineSettings
  /// Absolute paths on the host.
  public var kernel: String?
  public var initrd: String?
  /// Absolute path on the host of the config that its Ignition reads.
  public var ignition: String?
  public var disks: [Disk]
  public var drives: [Drive]
  public var nics: [NIC]
  /// What tells the documents of a wanted VM's seed from others, by their names.
  public var seedTraces: [String: String] = [:]
  public var memoryDevices: [MemoryDevice]
  public var shares: [HostShare] = []
  public var hostDevices: [HostDevice] = []
  /// Names of disks, drives and NICs in the order of booting; nil where the spec does not say.
  public var boot: [String]?
  /// How it is stopped; nil where the spec does not say.
  public var shutdown: ShutdownPolicy?
  /// True if nothing may remove it.
  public var isProtected: Bool
  /// What a wanted VM gets beside what the fields say when it is made: a `<domain>` with parts of one.
  public var xml: String?
  @CopyOnWrite public var mark: Mark? = nil
  /// What is wrong with the mark, if there is one that this virtform cannot go by.
  public var markFault: MarkFault?
  /// True if it is off and its next start goes on from a state that was saved.
  public var hasSavedState = false
  /// The snapshots that a move has taken off and not put back, parents first.
  public var carriedSnapshots: [String] = []
  /// Of a paused guest, what a move has to do with that.
  public var transit: Transit?
  /// True if its guest runs without a definition: once it stops, the VM is gone.
  public var isTransient = false
  /// The paths of all files that the VM uses, by name or not.
  public var files: Set<String>
  /// The devices without a name: each has the empty one.
  @CopyOnWrite public var unnamed = UnnamedDevices()
  /// The networks that interfaces without a name are on, and how many.
  public var otherNetworks: [String: Int]
  /// The network filters that interfaces without a name have.
  public var otherFilters: Set<String> = []
  /// The MAC addresses of all its interfaces, by name or not.
  public var macs: Set<MACAddress>

  public init(name: String, uuid: UUID, settings: MachineSettings) {
    self.name = name
    domainName = name
    self.uuid = uuid
    self.settings = settings
    disks = []
    drives = []
    nics = []
    memoryDevices = []
    isProtected = false
    files = []
    otherNetworks = [:]
    macs = []
  }

  /// True if it has a guest, running or paused.
  public var isActive: Bool { settings.state?.isActive ?? false }

  /// The networks that it has interfaces on, by name or not.
  public var networks: Set<String> {
    Set(otherNetworks.keys).union(
      nics.compactMap { if case .network(let name) = $0.link { name } else { nil } })
  }

  /// The network filters that its interfaces have, by name or not.
  var filters: Set<String> { otherFilters.union(nics.compactMap(\.firewall)) }

  /// How many interfaces it has on the network, by name or not.
  func interfaces(on network: String) -> Int {
    nics.count { $0.link == .network(network) } + otherNetworks[network, default: 0]
  }

  /// The files that it uses as they are: a kernel, an initrd, a config, CDs.
  public var imageFiles: [String] { ([kernel, initrd, ignition] + drives.map(\.media)).compactMap { $0 } }
}

public import SpecModel

/// The fields of a VM's disk, each with its rule. What the disk holds is a volume, see `VolumeField`.
public enum DiskField: String, CaseIterable, Sendable {
  case attached, bus, iotune, keep, protect

  public var rule: FieldRule<Machine.Disk> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<Machine.Disk> {
    switch self {
    case .attached:
      .init(
        "the disk itself: a file of the host", "<disk>",
        by: "virDomainAttachDeviceFlags, virDomainDetachDeviceFlags",
        live: .on(.qemu, .xen, if: "its bus is virtio, scsi or Xen's", { $1.bus != .sata }), unset: .removed
      ) { $0.path }
    case .bus: .init("what it is attached as", "<target bus>", lacking: [.xen]) { $0.bus?.rawValue }
    case .iotune:
      .init(
        "limits of its throughput", "<iotune>", by: "virDomainSetBlockIoTune", live: .on(.qemu),
        unset: .removed, lacking: [.xen]
      ) { disk in disk.ioTune.flatMap { $0.isUnlimited ? nil : $0.description } }
    case .keep:
      .init("whether its content stays when the VM goes", "the mark", scope: .definition, unset: .removed) {
        $0.keep ? "true" : nil
      }
    case .protect:
      .init("whether nothing may delete it", "the mark", scope: .definition, unset: .removed) {
        $0.isProtected ? "true" : nil
      }
    }
  }
}

/// The fields of a memory device, each with its rule.
public enum MemoryDeviceField: String, CaseIterable, Sendable {
  case attached

  public var rule: FieldRule<MemoryDevice> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<MemoryDevice> {
    switch self {
    case .attached:
      .init(
        "memory that is plugged in like a module; a guest rarely gives it back", "<memory model='dimm'>",
        by: "virDomainAttachDeviceFlags", live: .on(.qemu, if: "it is added", { _, _ in true }),
        unset: .removed, lacking: [.xen]
      ) { $0.size.description }
    }
  }
}

/// The fields of a directory that a guest has of its host.
public enum ShareField: String, CaseIterable, Sendable {
  case attached

  public var rule: FieldRule<HostShare> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<HostShare> {
    switch self {
    case .attached:
      .init(
        "a directory of the host that the guest mounts by this name", "<filesystem>", unset: .removed,
        lacking: [.xen]
      ) { $0.description }
    }
  }
}

/// The fields of a device of the host that a guest has for itself.
public enum HostDeviceField: String, CaseIterable, Sendable {
  case attached

  public var rule: FieldRule<HostDevice> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<HostDevice> {
    switch self {
    case .attached:
      .init(
        "a device of the host that the guest has for itself", "<hostdev>",
        by: "virDomainAttachDeviceFlags, virDomainDetachDeviceFlags",
        live: .on(.qemu, if: "it is on USB", { if case .usb = $1.id { true } else { false } }),
        unset: .removed
      ) { $0.id.description }
    }
  }
}

/// The fields of a VM's CD-ROM drive, each with its rule.
public enum DriveField: String, CaseIterable, Sendable {
  case attached, media, bus

  public var rule: FieldRule<Machine.Drive> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<Machine.Drive> {
    switch self {
    case .attached:
      .init(
        "the CD-ROM drive itself", "<disk device='cdrom'>",
        by: "virDomainAttachDeviceFlags, virDomainDetachDeviceFlags",
        live: .on(.qemu, if: "its bus is scsi, and it does not come empty", { $1.bus != .sata }),
        unset: .removed
      ) { $0.media ?? "empty" }
    case .media:
      .init("the image in the drive", "<source file>", by: "virDomainUpdateDeviceFlags", live: .on(.qemu)) {
        $0.media ?? "empty"
      }
    case .bus: .init("what it is attached as", "<target bus>", lacking: [.xen]) { $0.bus?.rawValue }
    }
  }
}

/// The fields of a VM's network interface, each with its rule.
public enum NICField: String, CaseIterable, Sendable {
  case attached, network, portgroup, mac, model, link, vlan, qos, firewall

  public var rule: FieldRule<Machine.NIC> { Self.rules[self, default: row] }

  private static let rules = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.row) })

  private var row: FieldRule<Machine.NIC> {
    switch self {
    case .attached:
      .init(
        "the network interface itself", "<interface>",
        by: "virDomainAttachDeviceFlags, virDomainDetachDeviceFlags",
        live: .on(.qemu, .xen), unset: .removed
      ) { "\($0.link)" }
    case .network:
      .init(
        "the network that it is plugged into", "<source network>", by: "virDomainUpdateDeviceFlags",
        live: .on(.qemu, if: "both are of a Linux bridge", Self.canMove), unset: .required
      ) { "\($0.link)" }
    case .portgroup:
      .init(
        "the port group of the network that it is in, with what it has from it", "<source portgroup>",
        by: "virDomainUpdateDeviceFlags",
        live: .on(.qemu, if: "the network changes live, or stays", Self.canStay),
        unset: .removed
      ) { nic in nic.portgroup.flatMap { $0.name.isEmpty ? nil : $0.description } }
    case .mac: .init("its MAC address", "<mac address>") { $0.mac?.description }
    case .model: .init("the card that the guest sees", "<model type>") { $0.model }
    case .link:
      .init(
        "whether its cable is plugged in", "<link state>", by: "virDomainUpdateDeviceFlags", live: .on(.qemu),
        unset: .back(to: "up", { $0.linkState = .up })
      ) { $0.linkState?.rawValue }
    case .vlan:
      .init(
        "the VLAN that it is on, or those of a trunk", "<vlan trunk><tag id nativeMode>",
        by: "virDomainUpdateDeviceFlags",
        live: .on(.qemu, if: "the network changes live, or stays", Self.canStay),
        unset: .removed
      ) { nic in nic.vlan.flatMap { $0.isNone ? nil : $0.description } }
    case .qos:
      .init(
        "limits of its traffic", "<bandwidth>", by: "virDomainUpdateDeviceFlags", live: .on(.qemu),
        unset: .removed
      ) { nic in nic.qos.flatMap { $0.isUnlimited ? nil : $0.description } }
    case .firewall:
      .init(
        "the filter between it and its network", "<filterref>", by: "virDomainUpdateDeviceFlags",
        live: .on(.qemu), unset: .removed
      ) { nic in nic.firewall.flatMap { $0.isEmpty ? nil : $0 } }
    }
  }

  /// libvirt moves an interface of a running guest from one Linux bridge to another, and nowhere else.
  @Sendable private static func canMove(_ guest: Machine.NIC, _ wanted: Machine.NIC) -> Bool {
    guard case .network = guest.link, case .network = wanted.link else { return false }
    return guest.isMovable && wanted.isMovable
  }

  @Sendable private static func canStay(_ guest: Machine.NIC, _ wanted: Machine.NIC) -> Bool {
    guest.link == wanted.link || canMove(guest, wanted)
  }
}

import SpecModel

/// A device of which a VM may have several, each known by its name.
protocol NamedDevice: Hashable, Sendable {
  associatedtype Field: DeviceField where Field.Device == Self

  var name: String { get }
  static func all(of machine: Machine) -> [Self]

  /// What plugs it into a running guest, and what unplugs it; nil if nothing does.
  var attachment: DeviceChange? { get }
  var detachment: DeviceChange? { get }
  /// True for what stays, whatever the spec says, because somebody has put something over it.
  var isCovered: Bool { get }
  /// False for what a guest is as good without until it restarts.
  var isMissed: Bool { get }
  /// True if the guest has it, under whatever name.
  func isAttached(to guest: Machine) -> Bool
  /// True if a guest that lacks it has room for it.
  func canPlugIn(to guest: Machine, of wanted: Machine) -> Bool
  /// True if the definition's device of this name can become this one.
  func canReplace(_ there: Self) -> Bool
  /// Sets a field that has no value any more to what writes that.
  mutating func clear(_ field: Field)
  /// Takes over what the definition's device keeps where the spec is silent.
  mutating func inherit(from there: Self)
  /// What is done to the guest's device for `changes`.
  func adjustments(of live: Self?, for changes: [(field: Field, change: FieldChange)]) -> [DeviceChange]
}

extension NamedDevice {
  var isCovered: Bool { false }
  var isMissed: Bool { true }
  func isAttached(to guest: Machine) -> Bool { false }
  func canPlugIn(to guest: Machine, of wanted: Machine) -> Bool { isMissed }
  func canReplace(_ there: Self) -> Bool { true }
  mutating func clear(_ field: Field) {}
  mutating func inherit(from there: Self) {}
  func adjustments(of live: Self?, for changes: [(field: Field, change: FieldChange)]) -> [DeviceChange] {
    []
  }
}

/// The table of the fields of one kind of named devices.
protocol DeviceField: RawRepresentable, CaseIterable, Equatable, Sendable where RawValue == String {
  associatedtype Device: Sendable

  /// The device itself.
  static var attached: Self { get }
  /// Where the devices stand in a VM of the spec: `disks`.
  static var section: String { get }
  var rule: FieldRule<Device> { get }
}

extension DeviceField {
  /// `disks.root.bus`; `disks.root` is the disk itself.
  func path(of name: String) -> String {
    "\(Self.section).\(name)" + (self == .attached ? "" : ".\(rawValue)")
  }
}

extension Machine.Disk: NamedDevice {
  private var isRaw: Bool { (format ?? .raw) == .raw }
  typealias Field = DiskField
  static func all(of machine: Machine) -> [Machine.Disk] { machine.disks }
  var attachment: DeviceChange? { .attachDisk(self) }
  var detachment: DeviceChange? { .detachDisk(self) }
  var isCovered: Bool { overlay != nil }
  func isAttached(to guest: Machine) -> Bool { guest.files.contains(path) }
  /// What is not raw takes a QEMU to serve it, which only a disk that was there at the start brings to a guest of Xen's.
  func canPlugIn(to guest: Machine, of wanted: Machine) -> Bool {
    guard let virt = guest.settings.virt, virt != .hvm else { return true }
    return isRaw || guest.disks.contains { !$0.isRaw }
  }
  func canReplace(_ there: Machine.Disk) -> Bool { there.path == path }
  mutating func clear(_ field: DiskField) { if field == .iotune { ioTune = IOTune() } }

  func adjustments(
    of live: Machine.Disk?, for changes: [(field: DiskField, change: FieldChange)]
  ) -> [DeviceChange] {
    changes.contains { $0.field == .iotune && $0.change.effect == .live } ? [.throttleDisk(self)] : []
  }
}

extension Machine.Drive: NamedDevice {
  typealias Field = DriveField
  static func all(of machine: Machine) -> [Machine.Drive] { machine.drives }
  var attachment: DeviceChange? { .attachDrive(self) }
  var detachment: DeviceChange? { .detachDrive(self) }
  /// QEMU takes no empty drive while the guest runs, and a guest without the drive is as good as one with it.
  var isMissed: Bool { media != nil }

  func adjustments(
    of live: Machine.Drive?, for changes: [(field: DriveField, change: FieldChange)]
  ) -> [DeviceChange] {
    changes.contains { $0.field == .media && $0.change.effect == .live } ? [.changeMedia(self)] : []
  }
}

extension Machine.NIC: NamedDevice {
  typealias Field = NICField
  static func all(of machine: Machine) -> [Machine.NIC] { machine.nics }
  var attachment: DeviceChange? { .attachNIC(self) }
  var detachment: DeviceChange? { .detachNIC(self) }
  func isAttached(to guest: Machine) -> Bool { mac.map(guest.macs.contains) ?? false }

  mutating func clear(_ field: NICField) {
    switch field {
    case .portgroup: portgroup = .init(name: "")
    case .vlan: vlan = VLAN.none
    case .qos: qos = QoS()
    case .firewall: firewall = ""
    case .attached, .network, .mac, .model, .link: break
    }
  }

  /// A redefinition without the address would give the interface a new one.
  mutating func inherit(from there: Machine.NIC) {
    mac = mac ?? there.mac
    model = model ?? there.model
  }

  func adjustments(
    of live: Machine.NIC?, for changes: [(field: NICField, change: FieldChange)]
  ) -> [DeviceChange] {
    guard let live, changes.contains(where: { $0.change.effect == .live }) else { return [] }
    // What waits for a restart is not asked of the guest: libvirt would refuse all of it.
    var update = self
    (update.mac, update.model) = (live.mac, live.model)
    if changes.contains(where: { $0.field == .network && $0.change.effect == .restart }) {
      (update.link, update.portgroup, update.vlan) = (live.link, live.portgroup, live.vlan)
    }
    return [.updateNIC(update)]
  }
}

extension MemoryDevice: NamedDevice {
  typealias Field = MemoryDeviceField
  static func all(of machine: Machine) -> [MemoryDevice] { machine.memoryDevices }
  var attachment: DeviceChange? { .attachMemory(self) }
  var detachment: DeviceChange? { nil }

  /// Room for devices is made at the start of a guest.
  func canPlugIn(to guest: Machine, of wanted: Machine) -> Bool {
    guest.settings.memoryLimit == wanted.settings.memoryLimit
  }
}

/// QEMU's shares come with its start.
extension HostShare: NamedDevice {
  typealias Field = ShareField
  static func all(of machine: Machine) -> [HostShare] { machine.shares }
  var attachment: DeviceChange? { nil }
  var detachment: DeviceChange? { nil }
}

extension HostDevice: NamedDevice {
  typealias Field = HostDeviceField
  static func all(of machine: Machine) -> [HostDevice] { machine.hostDevices }
  var attachment: DeviceChange? { .attachHostDevice(self) }
  var detachment: DeviceChange? { .detachHostDevice(self) }
}

extension DiskField: DeviceField { static var section: String { "disks" } }
extension DriveField: DeviceField { static var section: String { "disks" } }
extension NICField: DeviceField { static var section: String { "nics" } }
extension MemoryDeviceField: DeviceField { static var section: String { "memory.devices" } }
extension ShareField: DeviceField { static var section: String { "shares" } }
extension HostDeviceField: DeviceField { static var section: String { "host_devices" } }

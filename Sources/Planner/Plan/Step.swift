public import CloudInit
public import FoundationEssentials
public import SpecModel

/// One operation on one host, with all that is needed to carry it out and to explain it.
public struct Step: Equatable, Sendable, Identifiable {
  public let id: Int
  public let address: Address
  public let operation: Operation
  /// Steps that must be done before; if one of them fails, this one is skipped.
  public let dependsOn: [Int]
  /// The worst that this step does to what runs.
  public let effect: Effect
  /// Where the spec asks for it.
  public let path: SpecPath?
}

/// What a step does. Each operation may be repeated: done twice, it leaves what it leaves done once.
public indirect enum Operation: Equatable, Sendable {
  /// Defines (where it is missing), builds and starts a pool.
  case ensurePool(Pool)
  case setPoolAutostart(uuid: UUID, Bool)
  /// Stops and undefines the pool; its volumes stay.
  case removePool(uuid: UUID)

  /// Copies a local file into a volume. `replaces`: what is there is of the right length, but nothing uses it, so it
  /// may be what a run left that was cut off.
  case uploadImage(file: String, content: ImageContent, into: Volume, replaces: Bool)
  /// Makes a volume that a guest's cloud-init reads; `replaces` as above.
  case uploadSeed(Seed, into: Volume, replaces: Bool)
  /// Makes a volume with the config that a guest's Ignition reads; `replaces` as above.
  case uploadIgnition(IgnitionConfig, into: Volume, replaces: Bool)
  /// Makes a volume, as a copy of another one if there is one. A copy that was cut off is made again.
  case createVolume(Volume, from: Volume?)
  /// Makes a volume and sends an image of that format into it. What only has a part of it is made anew.
  /// `name` is what is remembered of it: the image with the start of its digest.
  case copyImage(ImageContent, DiskFormat, name: String, into: Volume)
  /// Grows a volume; `guest` is the running VM that uses it.
  case growVolume(Volume, guest: UUID?)
  /// Makes or deletes an empty volume (or the smallest that there can be) whose name says something of a disk, see
  /// `Identity`.
  case noteVolume(pool: String, name: String, Bool)
  /// Deletes a volume that nothing uses.
  case deleteVolume(pool: String, name: String)

  /// Defines a network where it is missing, starts it, and plugs in the running guests that were on it before.
  case ensureNetwork(Network, guests: Set<UUID>)
  /// Edits the definition, and what the active network takes; what the change does not own stays as it is.
  case updateNetwork(NetworkUpdate)
  /// Stops the network and starts it as it is defined. `guests`, the running VMs on it, keep their interfaces.
  case restartNetwork(uuid: UUID, guests: Set<UUID>)
  /// Plugs in the running VMs whose interfaces on the network lead nowhere.
  case reconnectGuests(uuid: UUID, guests: Set<UUID>)
  case setNetworkAutostart(uuid: UUID, Bool)
  case removeNetwork(uuid: UUID)
  /// Takes the mark off; nothing else of the network changes.
  case forgetNetwork(uuid: UUID)

  /// Makes a firewall, or gives the one that is there its rules.
  case defineFirewall(Firewall)
  case removeFirewall(uuid: UUID)

  case defineMachine(Machine)
  /// Edits the persistent definition; what the change does not own stays as it is.
  case updateMachine(MachineUpdate)
  /// Defines the VM of a running guest that has no definition, as the guest runs.
  case redefineMachine(uuid: UUID)
  /// Changes the devices of the running guest only; the definition follows.
  case changeDevices(uuid: UUID, [DeviceChange])
  /// Gives a VM that is off the name that the spec has for it.
  case renameMachine(uuid: UUID, to: String)
  /// Starts the guest; `paused`: its processors stay stopped.
  case startMachine(uuid: UUID, paused: Bool)
  /// Waits until the guest that was just started is ready; changes nothing.
  case awaitReady(ReadinessWait)
  case suspendMachine(uuid: UUID)
  case resumeMachine(uuid: UUID)
  /// Asks the guest to shut down, then waits.
  case stopMachine(uuid: UUID, ShutdownPolicy)
  /// Stops the guest, whatever it does, before its VM is removed.
  case powerOffMachine(uuid: UUID, ShutdownPolicy)
  /// `keepsState`: what is the guest's own beside its disks, such as UEFI variables or what its TPM holds, stays.
  case undefineMachine(uuid: UUID, keepsState: Bool)
  /// Takes the mark off; nothing else of the VM changes.
  case forgetMachine(uuid: UUID)
  /// Brings a VM from another host, whose libvirt forgets it.
  case migrateMachine(Migration)
  /// Takes away what a move that was cut off has left of a VM that is on `place`.
  case removeRemains(uuid: UUID, place: ResourceName)
  /// Has libvirt know the snapshots again that a move has taken off when it was cut off.
  case restoreSnapshots(uuid: UUID)

  /// The verb of progress and reports: "creating", "starting".
  public var verb: Verb {
    switch self {
    case .ensurePool, .ensureNetwork, .createVolume, .defineMachine, .redefineMachine: .create
    case .defineFirewall: .update
    case .uploadImage, .uploadSeed, .uploadIgnition, .copyImage: .upload
    case .growVolume: .grow
    case .setPoolAutostart, .noteVolume, .updateNetwork, .reconnectGuests, .setNetworkAutostart,
      .updateMachine,
      .changeDevices, .renameMachine, .restoreSnapshots:
      .update
    case .restartNetwork: .restart
    case .startMachine: .start
    case .awaitReady: .await
    case .suspendMachine: .pause
    case .resumeMachine: .resume
    case .forgetMachine, .forgetNetwork: .forget
    case .migrateMachine: .move
    case .stopMachine, .powerOffMachine: .stop
    case .removePool, .deleteVolume, .removeNetwork, .removeFirewall, .undefineMachine, .removeRemains:
      .remove
    }
  }

  /// The VM that is off once the step is done.
  var stopped: UUID? {
    switch self {
    case .stopMachine(let uuid, _), .powerOffMachine(let uuid, _): uuid
    case .migrateMachine(let migration) where migration.mode == .cold: migration.uuid
    default: nil
    }
  }

  /// True if the step only waits, for as long as a guest may take.
  public var isWait: Bool { if case .awaitReady = self { true } else { false } }
}

/// How a step is spoken of while it runs and when it is done.
public enum Verb: String, Sendable {
  case create, upload, grow, update, start, await, pause, resume, restart, stop, remove, forget, move

  public var present: String {
    switch self {
    case .create: "creating"
    case .upload: "uploading"
    case .grow: "growing"
    case .update: "updating"
    case .start: "starting"
    case .await: "waiting until ready"
    case .pause: "pausing"
    case .resume: "resuming"
    case .forget: "letting go"
    case .move: "moving"
    case .restart: "restarting"
    case .stop: "stopping"
    case .remove: "removing"
    }
  }

  public var past: String {
    switch self {
    case .create: "created"
    case .upload: "uploaded"
    case .grow: "grown"
    case .update: "updated"
    case .start: "started"
    case .await: "ready"
    case .pause: "paused"
    case .resume: "resumed"
    case .forget: "let go"
    case .move: "moved"
    case .restart: "restarted"
    case .stop: "stopped"
    case .remove: "removed"
    }
  }
}

/// What a guest that was started is waited for.
public struct ReadinessWait: Hashable, Sendable {
  /// A NIC, and what the plan knows of where it is.
  public struct Interface: Hashable, Sendable {
    public let name: String
    public let mac: MACAddress?
    /// libvirt's name of the network that it is on, if it is on one.
    public let network: String?
    /// The addresses that the spec gives it.
    public let stated: [IPAddress]

    public init(name: String, mac: MACAddress?, network: String?, stated: [IPAddress]) {
      self.name = name
      self.mac = mac
      self.network = network
      self.stated = stated
    }
  }

  public let uuid: UUID
  public let readiness: Readiness
  /// In the order of the spec.
  public let interfaces: [Interface]

  public init(uuid: UUID, readiness: Readiness, interfaces: [Interface]) {
    self.uuid = uuid
    self.readiness = readiness
    self.interfaces = interfaces
  }
}

/// An edit of a VM's persistent definition.
public struct MachineUpdate: Equatable, Sendable {
  /// The VM with the wanted values in the fields to change.
  public let wanted: Machine
  public let fields: Set<MachineField>
  /// Those of `fields` that the running guest is to have at once.
  public let liveFields: Set<MachineField>
  /// What the running guest's devices are changed in before.
  public var devices: [DeviceChange]
  /// New paths of disks and NICs by their old ones: `disks.data` → `disks.store`.
  public let renamedDevices: [String: String]
  /// What lies over the files of the VM's disks, by the file.
  public let overlays: [String: Machine.Overlay]
  /// The names of the devices of a VM that becomes the stack's; nil for one that has a mark.
  public var adopting: Mark?
  /// Disks to add or to change, by name.
  public var setDisks: [Machine.Disk]
  /// Names of disks and CD-ROM drives to detach.
  public let removeDisks: [String]
  public let setDrives: [Machine.Drive]
  /// Memory devices to add, or to have another size.
  public let setMemory: [MemoryDevice]
  public let removeMemory: [String]
  public let setNICs: [Machine.NIC]
  public let removeNICs: [String]
  public let setShares: [HostShare]
  public let removeShares: [String]
  public let setHostDevices: [HostDevice]
  public let removeHostDevices: [String]

  public init(
    wanted: Machine, fields: Set<MachineField>, liveFields: Set<MachineField> = [],
    devices: [DeviceChange] = [], renamedDevices: [String: String] = [:],
    overlays: [String: Machine.Overlay] = [:],
    setDisks: [Machine.Disk] = [], removeDisks: [String] = [], setDrives: [Machine.Drive] = [],
    setMemory: [MemoryDevice] = [], removeMemory: [String] = [],
    setNICs: [Machine.NIC] = [], removeNICs: [String] = [],
    setShares: [HostShare] = [], removeShares: [String] = [],
    setHostDevices: [HostDevice] = [], removeHostDevices: [String] = []
  ) {
    self.wanted = wanted
    self.fields = fields
    self.liveFields = liveFields
    self.setDisks = setDisks
    self.removeDisks = removeDisks
    self.devices = devices
    self.renamedDevices = renamedDevices
    self.overlays = overlays
    self.setDrives = setDrives
    self.setMemory = setMemory
    self.removeMemory = removeMemory
    self.setNICs = setNICs
    self.removeNICs = removeNICs
    self.setShares = setShares
    self.removeShares = removeShares
    self.setHostDevices = setHostDevices
    self.removeHostDevices = removeHostDevices
  }

  /// True if nothing but the mark is written.
  public var isOnlyMark: Bool {
    fields.isEmpty && devices.isEmpty && setDisks.isEmpty && removeDisks.isEmpty && setDrives.isEmpty
      && setMemory.isEmpty && removeMemory.isEmpty && setNICs.isEmpty && removeNICs.isEmpty
      && setShares.isEmpty
      && removeShares.isEmpty && setHostDevices.isEmpty && removeHostDevices.isEmpty
  }

  /// The paths of the fields that the running guest is given: `title`, `disks.root.iotune`.
  public var livePaths: [String] {
    liveFields.map(\.rawValue)
      + devices.flatMap { device -> [String] in
        switch device {
        case .throttleDisk(let disk): [DiskField.iotune.path(of: disk.name)]
        case .changeMedia(let drive): [DriveField.media.path(of: drive.name)]
        // Its address and its model it has for good.
        case .updateNIC(let nic):
          NICField.allCases.filter { ![.attached, .mac, .model].contains($0) }.map { $0.path(of: nic.name) }
        case .attachMemory, .attachDisk, .detachDisk, .attachDrive, .detachDrive, .attachNIC, .detachNIC,
          .attachHostDevice, .detachHostDevice:
          []
        }
      }
  }
}

/// A change of a running guest's devices. A device is found by the file it has, its target or its MAC address.
public enum DeviceChange: Hashable, Sendable {
  case attachDisk(Machine.Disk)
  case detachDisk(Machine.Disk)
  /// Sets the limits of its throughput.
  case throttleDisk(Machine.Disk)
  case attachDrive(Machine.Drive)
  case detachDrive(Machine.Drive)
  case changeMedia(Machine.Drive)
  case attachMemory(MemoryDevice)
  case attachNIC(Machine.NIC)
  case detachNIC(Machine.NIC)
  case updateNIC(Machine.NIC)
  case attachHostDevice(HostDevice)
  case detachHostDevice(HostDevice)
}

extension Machine {
  /// What becomes of a guest's networks and media by a change of its devices.
  mutating func change(_ device: DeviceChange) {
    switch device {
    case .attachNIC(let nic): nics.append(nic)
    case .detachNIC(let nic): nics.removeAll { $0.mac == nic.mac }
    case .updateNIC(let nic):
      for index in nics.indices where nics[index].mac == nic.mac {
        nics[index].link = nic.link
        nics[index].firewall = nic.firewall?.isEmpty == true ? nil : nic.firewall ?? nics[index].firewall
      }
    case .attachDrive(let drive): drives.append(drive)
    case .detachDrive(let drive): drives.removeAll { $0.name == drive.name }
    case .changeMedia(let drive):
      for index in drives.indices where drives[index].name == drive.name { drives[index].media = drive.media }
    case .attachMemory, .attachDisk, .detachDisk, .throttleDisk, .attachHostDevice, .detachHostDevice: break
    }
  }
}

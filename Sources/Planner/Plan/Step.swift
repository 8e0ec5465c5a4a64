public import FoundationEssentials
public import SpecModel

/// One operation on one host, with all that is needed to carry it out and to explain it.
public struct Step: Sendable, Identifiable {
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
public enum Operation: Sendable {
  /// Defines (where it is missing), builds and starts a pool.
  case ensurePool(Pool)
  case setPoolAutostart(uuid: UUID, Bool)
  /// Stops and undefines the pool; the files in its directory stay.
  case removePool(uuid: UUID)

  /// Copies a local file into a volume. `replaces`: what is there is of the right length, but nothing uses it, so it
  /// may be what a run left that was cut off.
  case uploadImage(file: String, content: ImageContent, into: Volume, replaces: Bool)
  case createVolume(Volume)
  /// Grows a volume; `guest` is the running VM that uses it.
  case growVolume(Volume, guest: UUID?)
  /// Deletes a volume that nothing uses.
  case deleteVolume(pool: String, name: String)

  /// Defines a network and starts it.
  case ensureNetwork(Network)
  /// Writes the network's definition; `restart` if it is to take effect now.
  case redefineNetwork(Network, fields: Set<NetworkField>, restart: Bool)
  case updateReservations(uuid: UUID, remove: [Network.Reservation], add: [Network.Reservation])
  case setNetworkAutostart(uuid: UUID, Bool)
  case removeNetwork(uuid: UUID)

  case defineMachine(Machine)
  /// Edits the persistent definition; what the change does not own stays as it is.
  case updateMachine(MachineUpdate)
  case startMachine(uuid: UUID)
  /// Asks the guest to shut down, then waits.
  case stopMachine(uuid: UUID, ShutdownPolicy)
  /// Stops the guest, whatever it does, before its VM is removed.
  case powerOffMachine(uuid: UUID, ShutdownPolicy)
  /// `keepsState`: what is the guest's own beside its disks, such as UEFI variables, stays.
  case undefineMachine(uuid: UUID, keepsState: Bool)

  /// The verb of progress and reports: "creating", "starting".
  public var verb: Verb {
    switch self {
    case .ensurePool, .ensureNetwork, .createVolume, .defineMachine: .create
    case .uploadImage: .upload
    case .growVolume: .grow
    case .setPoolAutostart, .redefineNetwork, .updateReservations, .setNetworkAutostart, .updateMachine:
      .update
    case .startMachine: .start
    case .stopMachine, .powerOffMachine: .stop
    case .removePool, .deleteVolume, .removeNetwork, .undefineMachine: .remove
    }
  }
}

/// How a step is spoken of while it runs and when it is done.
public enum Verb: Sendable {
  case create, upload, grow, update, start, stop, remove

  public var present: String {
    switch self {
    case .create: "creating"
    case .upload: "uploading"
    case .grow: "growing"
    case .update: "updating"
    case .start: "starting"
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
    case .stop: "stopped"
    case .remove: "removed"
    }
  }
}

/// An edit of a VM's persistent definition.
public struct MachineUpdate: Sendable {
  /// The VM with the wanted values in the fields to change.
  public let wanted: Machine
  public let fields: Set<MachineField>
  /// Those of `fields` that the running guest is to have at once.
  public let liveFields: Set<MachineField>
  /// Disks to add or to change, by name.
  public let setDisks: [Machine.Disk]
  /// Names of disks to detach.
  public let removeDisks: [String]
  public let setNICs: [Machine.NIC]
  public let removeNICs: [String]

  public init(
    wanted: Machine, fields: Set<MachineField>, liveFields: Set<MachineField> = [],
    setDisks: [Machine.Disk] = [], removeDisks: [String] = [],
    setNICs: [Machine.NIC] = [], removeNICs: [String] = []
  ) {
    self.wanted = wanted
    self.fields = fields
    self.liveFields = liveFields
    self.setDisks = setDisks
    self.removeDisks = removeDisks
    self.setNICs = setNICs
    self.removeNICs = removeNICs
  }
}

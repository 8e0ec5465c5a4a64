public import FoundationEssentials
public import SpecModel

/// A virtual machine, as wanted or as a host reports it (its persistent definition).
public struct Machine: Hashable, Sendable {
  /// A disk known by its name. Devices without a name are somebody else's and are left alone.
  public struct Disk: Hashable, Sendable {
    public var name: String
    /// Absolute path of the volume on the host.
    public var path: String
    public var format: DiskFormat?
    public var bus: DiskBus?
    /// The device the guest sees, such as `vda`; nil until it is attached.
    public var target: String?
    /// True if its content stays when the VM goes.
    public var keep: Bool

    public init(
      name: String, path: String, format: DiskFormat?, bus: DiskBus?, target: String? = nil,
      keep: Bool = false
    ) {
      self.name = name
      self.path = path
      self.format = format
      self.bus = bus
      self.target = target
      self.keep = keep
    }
  }

  /// What an interface is plugged into.
  public enum Link: Hashable, Sendable, CustomStringConvertible {
    case network(String)
    case user
    /// Something the language has no word for.
    case other(String)

    public var description: String {
      switch self {
      case .network(let name): name
      case .user: "user-mode network"
      case .other(let text): text
      }
    }
  }

  /// A network interface known by its name.
  public struct NIC: Hashable, Sendable {
    public var name: String
    public var link: Link
    /// nil in a wanted NIC whose address virtform may choose.
    public var mac: MACAddress?
    public var model: String?

    public init(name: String, link: Link, mac: MACAddress?, model: String?) {
      self.name = name
      self.link = link
      self.mac = mac
      self.model = model
    }
  }

  /// What a running guest was started with.
  public struct Guest: Hashable, Sendable {
    public var files: Set<String>
    public var networks: Set<String>

    public init(files: Set<String>, networks: Set<String>) {
      self.files = files
      self.networks = networks
    }
  }

  public var name: String
  public var uuid: UUID
  public var settings: MachineSettings
  /// Absolute paths on the host.
  public var kernel: String?
  public var initrd: String?
  public var disks: [Disk]
  public var nics: [NIC]
  public var mark: Mark?
  /// The paths of all files that the VM uses, by name or not.
  public var files: Set<String>
  /// The networks that it has interfaces on, by name or not.
  public var networks: Set<String>
  /// Fields that a running guest will take up at its next start.
  public var pendingRestart: [String]
  /// What the running guest has where that may differ from the definition; nil where it does not.
  public var guest: Guest?

  public init(name: String, uuid: UUID, settings: MachineSettings) {
    self.name = name
    self.uuid = uuid
    self.settings = settings
    disks = []
    nics = []
    files = []
    networks = []
    pendingRestart = []
  }

  public var isRunning: Bool { settings.running == true }
}

extension Machine {
  /// Takes in what `running`, the same VM's live state, has otherwise than this definition.
  public mutating func compare(withRunning running: Machine) {
    pendingRestart = pendingFields(comparedWith: running)
    guest = Guest(files: running.files, networks: running.networks)
  }

  /// The files that the VM uses at this moment.
  var liveFiles: Set<String> { isRunning ? guest?.files ?? files : [] }
  /// The networks that the VM is plugged into at this moment.
  var liveNetworks: Set<String> { isRunning ? guest?.networks ?? networks : [] }

  /// The staged fields that `running`, the same VM's live state, has not taken up.
  public func pendingFields(comparedWith running: Machine) -> [String] {
    // A guest that was started since carries the mark that was staged.
    guard let mark, running.mark != mark else { return [] }
    return mark.staged.filter { path in
      guard let field = MachineField(rawValue: path) else { return true }
      return field.value(of: running) != field.value(of: self)
    }
  }
}

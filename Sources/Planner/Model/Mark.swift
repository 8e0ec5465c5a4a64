public import FoundationEssentials

/// What virtform writes into the metadata of a domain or a network that it manages.
public struct Mark: Hashable, Sendable {
  public var stack: String
  /// The name in the spec: of a VM always, of a network if it is not libvirt's, which is the one it was made with.
  public var name: String?
  /// The name that the UUID was computed from, if it is not `name`.
  public var origin: String?
  /// The UUID of an object that was there before it became the stack's; nil for what virtform made. A copy of the object
  /// has another one.
  public var adopted: UUID?
  /// The values that the spec set when it was last applied, as text, by the path of the field.
  public var applied: [String: String]
  /// Fields that were written while the guest ran and that its next start takes up.
  public var staged: [String]
  /// Fields that a run was giving the running guest: if they are here still, it was cut off.
  public var unfinished: [String] = []
  /// Disks by their files, and CD-ROM drives by the device the guest sees, such as `sda`.
  public var disks: [DiskMark]
  /// NICs by their MAC address.
  public var nics: [NICMark]

  public struct DiskMark: Hashable, Sendable {
    public var name: String
    public var target: String
    /// The disk's own file, which tells it from what a person has put in its place; nil for a CD-ROM drive, whose medium
    /// changes.
    public var file: String?
    /// True if the disk's content stays when the VM goes.
    public var keep: Bool
    /// True if nothing may delete the disk's content.
    public var isProtected: Bool

    public init(
      name: String, target: String, file: String? = nil, keep: Bool = false, isProtected: Bool = false
    ) {
      self.name = name
      self.target = target
      self.file = file
      self.keep = keep
      self.isProtected = isProtected
    }
  }

  public struct NICMark: Hashable, Sendable {
    public var name: String
    public var mac: String

    public init(name: String, mac: String) {
      self.name = name
      self.mac = mac
    }
  }

  public init(
    stack: String, applied: [String: String] = [:], staged: [String] = [], disks: [DiskMark] = [],
    nics: [NICMark] = []
  ) {
    self.stack = stack
    self.applied = applied
    self.staged = staged
    self.disks = disks
    self.nics = nics
  }
}

/// Why virtform cannot go by a mark that is there.
public enum MarkFault: Hashable, Sendable {
  /// A part of it is missing or makes no sense; what that is, in words.
  case unreadable(String)
  /// It is of a format that this version does not know: its namespace.
  case otherFormat(String)
}

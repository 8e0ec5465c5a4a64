/// What virtform writes into the metadata of a domain or a network that it manages.
public struct Mark: Hashable, Sendable {
  public var stack: String
  /// The values that the spec set when it was last applied, as text, by the path of the field.
  public var applied: [String: String]
  /// Fields that were written while the guest ran and that its next start takes up.
  public var staged: [String]
  /// Disks by the device the guest sees, such as `vda`.
  public var disks: [DiskMark]
  /// NICs by their MAC address.
  public var nics: [NICMark]

  public struct DiskMark: Hashable, Sendable {
    public var name: String
    public var target: String
    /// True if the disk's content stays when the VM goes.
    public var keep: Bool

    public init(name: String, target: String, keep: Bool) {
      self.name = name
      self.target = target
      self.keep = keep
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

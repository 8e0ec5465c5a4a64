/// What cloud-init sets up in a guest at its first boot (<https://cloudinit.readthedocs.io>).
public struct CloudInitSpec: Hashable, Sendable {
  /// A user of the guest.
  public struct User: Hashable, Sendable {
    public let name: String
    /// Public keys, as lines of `authorized_keys`.
    public let sshKeys: [String]
    /// A rule as in `sudoers`, such as `ALL=(ALL) NOPASSWD:ALL`.
    public let sudo: String?
    public let shell: String?
    public let groups: [String]
    public let password: Password?
  }

  public enum Password: Hashable, Sendable {
    /// As `/etc/shadow` has it.
    case hash(String)
    case text(String)
  }

  /// A file that is written in the guest.
  public struct File: Hashable, Sendable {
    /// Absolute, in the guest.
    public let path: String
    public let content: [UInt8]
    /// In octal, such as `0644`.
    public let mode: String?
    /// `user` or `user:group`
    public let owner: String?
  }

  /// A part of the user data in its own words.
  public enum Part: Hashable, Sendable {
    /// Keys of cloud-config, which are laid over what the other words come to.
    case config([String: StructuredValue])
    /// A document that cloud-init gets as it is; its first line says what it is.
    case document(String)
  }

  /// Who configures the guest's network.
  public enum Network: Hashable, Sendable {
    /// cloud-init, as the VM's NICs say.
    case automatic
    /// The guest, as its image says.
    case none
    /// cloud-init, by this document.
    case document(String)
  }

  public let hostname: String
  public let fqdn: String?
  /// Public keys of the image's own user.
  public let sshKeys: [String]
  /// Sorted by name.
  public let users: [User]
  public let packages: [String]
  /// Sorted by path.
  public let files: [File]
  /// Commands, each a line for a shell or a list of words.
  public let commands: [StructuredValue]
  public let parts: [Part]
  /// Further keys of the meta-data.
  public let metaData: [String: StructuredValue]
  public let network: Network
  /// Raised to have cloud-init take the guest for a new one.
  public let instance: Int
}

/// An address of a NIC that the guest gives itself.
public struct StaticAddress: Hashable, Sendable, CustomStringConvertible {
  public let address: IPAddress
  /// 1…32 or 1…128
  public let prefix: Int
  /// Of the same family; nil if the guest reaches nothing beyond the network by this address.
  public let gateway: IPAddress?

  public var description: String { "\(address)/\(prefix)" }
}

/// The CD-ROM drive that a VM with cloud-init has its seed in. No disk of the spec has its name then.
public enum SeedDrive {
  public static let name = "seed"
}

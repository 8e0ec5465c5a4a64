public import Planner
public import SpecModel

/// A host that is imported: what its libvirt reports, with the volumes of all its pools.
public struct ImportedHost: Sendable {
  public let name: ResourceName
  /// nil for machines that were read from files and have no host yet.
  public let uri: String?
  public var state: HostState
  /// What disks are to be made of, where nobody has them yet.
  public var images: [ImportedImage] = []
  /// How large disks are to be that nobody has yet.
  public var sizes: [ImportedImage.Use: ByteCount] = [:]
  /// Addresses of NICs that virtform may choose.
  public var freeAddresses: Set<MACAddress> = []

  public init(name: ResourceName, uri: String?, state: HostState) {
    self.name = name
    self.uri = uri
    self.state = state
  }
}

/// A file that disks of machines from files are to be made of.
public struct ImportedImage: Hashable, Sendable {
  /// A disk: libvirt's names of the domain and of the target.
  public struct Use: Hashable, Sendable {
    public let domain: String
    public let target: String

    public init(domain: String, target: String) {
      self.domain = domain
      self.target = target
    }
  }

  public let name: ResourceName
  /// A path or a URL.
  public var source: String
  /// As the language has it; nil to leave it to the name of the file.
  public let format: String?
  /// Of an archive.
  public let member: String?
  public let sha256: String?
  public let uses: Set<Use>

  public init(
    name: ResourceName, source: String, format: String?, member: String?, sha256: String?, uses: Set<Use>
  ) {
    self.name = name
    self.source = source
    self.format = format
    self.member = member
    self.sha256 = sha256
    self.uses = uses
  }
}

/// What an import takes along.
public struct ImportChoice: Sendable {
  /// The VMs, by libvirt's names; empty: all.
  public var machines: Set<String> = []
  public var stack: ResourceName
  /// Says of what it is, for the head of the file.
  public var origin: [String] = []

  public init(stack: ResourceName) { self.stack = stack }
}

/// A spec that describes what is there.
public struct ImportedSpec: Sendable {
  /// YAML.
  public let text: String
  /// The VMs in it: where each is, and what libvirt calls it there.
  public let machines: [ImportedMachine]
  /// What is there and not in the spec, and why.
  public let omissions: [Omission]
}

public struct ImportedMachine: Hashable, Sendable {
  public let name: ResourceName
  public let host: ResourceName
}

/// Something that is there and is not in the spec.
public struct Omission: Hashable, Sendable, CustomStringConvertible {
  public let host: ResourceName
  /// `VM 'web'`
  public let subject: String
  public let reason: String

  /// `VM 'web' on rack1: it belongs to stack 'shop'`
  public var description: String { "\(subject) on \(host): \(reason)" }
}

public import Planner
public import SpecModel

/// A host that is imported: what its libvirt reports, with the volumes of all its pools.
public struct ImportedHost: Sendable {
  public let name: ResourceName
  /// nil for machines that were read from files and have no host yet.
  public let uri: String?
  public var state: HostState

  public init(name: ResourceName, uri: String?, state: HostState) {
    self.name = name
    self.uri = uri
    self.state = state
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

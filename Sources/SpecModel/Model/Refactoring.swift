/// That an object has a new name in the spec: `moved: {vms.web: vms.frontend}`. It is renamed where it is, never
/// made again.
public struct MovedSpec: Hashable, Sendable {
  /// What can be renamed.
  public enum Subject: Hashable, Sendable {
    case machine(from: ResourceName, to: ResourceName)
    /// A disk of the VM that is called `machine` now.
    case machineDisk(machine: ResourceName, from: ResourceName, to: ResourceName)
    /// A NIC of the VM that is called `machine` now.
    case nic(machine: ResourceName, from: ResourceName, to: ResourceName)
    case network(from: ResourceName, to: ResourceName)
    case sharedDisk(from: ResourceName, to: ResourceName)
  }

  public let subject: Subject
  public let path: SpecPath

  public init(_ subject: Subject, path: SpecPath) {
    self.subject = subject
    self.path = path
  }
}

/// That an object which is there already becomes the stack's: `adopt: [vms.web]`. It gets a mark, and is otherwise left as it
/// is.
public struct AdoptedSpec: Hashable, Sendable {
  public enum Subject: Hashable, Sendable {
    /// All VMs of the spec, or all networks.
    case machines, networks
    case machine(ResourceName)
    case network(ResourceName)
  }

  public let subject: Subject
  public let location: SourceLocation?

  public init(_ subject: Subject, at location: SourceLocation? = nil) {
    self.subject = subject
    self.location = location
  }
}

/// That an object is no longer the stack's: `removed: {vms.web: {forget: true}}`. It loses its mark and is otherwise
/// left as it is.
public struct ForgottenSpec: Hashable, Sendable {
  public enum Subject: Hashable, Sendable {
    case machine(ResourceName)
    case network(ResourceName)
  }

  public let subject: Subject
  public let path: SpecPath

  public init(_ subject: Subject, path: SpecPath) {
    self.subject = subject
    self.path = path
  }
}

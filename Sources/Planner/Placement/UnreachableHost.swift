public import SpecModel

/// A host that could not be read: what is on it nobody knows.
public struct UnreachableHost: Hashable, Sendable {
  public let name: ResourceName
  public let reason: String

  public init(name: ResourceName, reason: String) {
    self.name = name
    self.reason = reason
  }
}

extension Plan {
  /// An unreachable host, and the VMs that a plan leaves out for it.
  public struct UnknownHost: Hashable, Sendable {
    public let host: ResourceName
    public let reason: String
    /// The VMs of the spec that may be on it, sorted.
    public let machines: [ResourceName]

    public init(host: ResourceName, reason: String, machines: [ResourceName]) {
      self.host = host
      self.reason = reason
      self.machines = machines
    }

    /// `VM 'web-1' and 2 others are unknown`, or that none is.
    public var consequence: String {
      switch machines.count {
      case 0: "no VM of the spec is left out for it"
      case 1: "VM '\(machines[0])' is unknown and left out"
      default:
        "\(machines.count) VMs are unknown and left out: "
          + machines.prefix(10).map(\.rawValue).joined(separator: ", ") + (machines.count > 10 ? " …" : "")
      }
    }
  }
}

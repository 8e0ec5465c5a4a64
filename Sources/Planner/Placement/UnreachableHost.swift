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

    /// What is left out for it, and what would change that.
    public var consequence: String {
      let names =
        machines.prefix(10).map { "'\($0)'" }.joined(separator: ", ") + (machines.count > 10 ? " …" : "")
      switch machines.count {
      case 0: return "no VM of the spec is left out for it"
      case 1: return "VM \(names) may be there and is left out"
      default: return "\(machines.count) VMs may be there and are left out: \(names)"
      }
    }
  }
}

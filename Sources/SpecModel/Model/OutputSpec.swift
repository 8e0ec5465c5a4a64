/// A value that the spec hands on: text with what is known of VMs filled in.
public struct OutputSpec: Hashable, Sendable {
  public enum Part: Hashable, Sendable {
    case text(String)
    case value(Value, ofVM: ResourceName)
  }

  /// What is known of a VM.
  public enum Value: Hashable, Sendable {
    case host
    /// The first address that any NIC has.
    case ip
    case nicIP(ResourceName)
    case nicMAC(ResourceName)
  }

  public let name: ResourceName
  public let parts: [Part]
  public let path: SpecPath
}

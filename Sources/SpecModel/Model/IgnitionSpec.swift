/// What Ignition sets up in a guest at its first boot (<https://coreos.github.io/ignition/specs/>).
public struct IgnitionSpec: Hashable, Sendable {
  /// A config of version 3, as its specification has it.
  public let config: [String: StructuredValue]
  /// What the guest is called; nil where the config, or the guest's network, says it.
  public let hostname: String?
  /// Public keys of the user `core`, beside those of the config.
  public let sshKeys: [String]

  /// The file that a host name is written to.
  public static let hostnameFile = "/etc/hostname"
}

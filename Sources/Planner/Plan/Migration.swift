public import FoundationEssentials
public import SpecModel

/// How a VM comes from another host.
public struct Migration: Sendable {
  public enum Mode: String, Sendable {
    /// Its guest runs, and goes on running.
    case live
    /// It is off, and nothing but its definition has to move.
    case offline
    /// It is off, and its guest is started with its processors stopped, so that its disks and all that is its own move with it.
    case withoutRunning
  }

  public var uuid: UUID { machine.uuid }
  /// As the old host has it.
  public let machine: Machine
  /// The host that it is on. The step is one of the host that it comes to.
  public let from: ResourceName
  public let mode: Mode
  /// The disks whose content is sent, by what the guest sees them as: `vda`.
  public let copies: [String]
  /// The pools with disks that both hosts see.
  public let pools: [String]
  public let terms: MigrationSpec
  public let arrival: HostMigration
  /// True if the spec's word that both hosts see the same files counts more than libvirt's doubt.
  public let trustsStorage: Bool
}

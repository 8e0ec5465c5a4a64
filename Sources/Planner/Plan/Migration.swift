public import FoundationEssentials
public import SpecModel

/// How a VM comes from another host.
public struct Migration: Equatable, Sendable {
  public enum Mode: String, Sendable {
    /// Its guest runs, and goes on running.
    case live
    /// It is off, and nothing but its definition has to move.
    case offline
    /// It is off, and its guest is started with its processors stopped, so that its disks and all that is its own move with it.
    case withoutRunning
    /// It runs, and cannot move while it does: it is shut down, moved, and started again.
    case cold
  }

  /// A disk that is made on the new host, filled while the VM moves, and then deleted on the old one. While that is under
  /// way, a note beside it (`Identity.movingName`) tells on both hosts that where the VM is not, what lies there is worth
  /// nothing.
  public struct Copy: Equatable, Sendable {
    /// What the guest sees it as: `vda`.
    public let target: String
    /// As it is on the old host.
    public let volume: Volume
    /// True if what lies in its place on the new host is a copy that was cut off.
    public let replaces: Bool
  }

  public var uuid: UUID { machine.uuid }
  /// As the old host has it.
  public let machine: Machine
  /// The host that it is on. The step is one of the host that it comes to.
  public let from: ResourceName
  public let mode: Mode
  /// The disks whose content is sent.
  public let copies: [Copy]
  /// The pools with disks that both hosts see.
  public let pools: [String]
  public let terms: MigrationSpec
  /// How its guest is stopped where it cannot move while it runs.
  public let shutdown: ShutdownPolicy
  public let arrival: HostMigration
  /// True if the spec's word that both hosts see the same files counts more than libvirt's doubt.
  public let trustsStorage: Bool
}

extension Migration.Copy {
  init?(_ copy: Move.Copy) {
    guard let target = copy.disk.target else { return nil }
    self.target = target
    volume = copy.volume
    replaces = copy.obstacle != nil
  }
}

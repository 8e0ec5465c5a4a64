import FoundationEssentials
import SpecModel

/// A VM that is on another host than it is wanted on.
struct Move {
  /// A disk whose content goes with the VM, since the new host does not see it.
  struct Copy {
    let disk: Machine.Disk
    /// As it is on the old host.
    let volume: Volume
    /// What the new host has in its place.
    let obstacle: Obstacle?
  }

  enum Obstacle {
    /// A copy that was cut off, as the note beside it says.
    case unfinishedCopy
    /// A file that nobody has said to be worthless.
    case file
  }

  let name: ResourceName
  let from: ResourceName
  let to: ResourceName
  /// As the old host has it.
  let machine: Machine
  let guest: Machine?
  let reason: String
  let copies: [Copy]
  /// What libvirt knows of its snapshots, or did before another move was cut off.
  let snapshots: Set<String>
  /// Why it cannot be moved although it has to be; nil if it can.
  let obstacle: String?
  /// Why it cannot be moved while it runs; nil if it can, and if it does not run.
  let obstacleToLive: String?
}

/// What a move that was cut off has left: a definition, or a guest that does not run, of a VM that is elsewhere.
struct MoveRemains {
  let name: ResourceName
  let host: ResourceName
  let machine: Machine
  /// The host that the VM is on.
  let place: ResourceName
  /// True if no move has left it: the VM was started elsewhere when its host was lost.
  let isLost: Bool
}

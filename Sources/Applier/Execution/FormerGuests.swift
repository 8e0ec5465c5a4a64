import FoundationEssentials
import Libvirt
import Planner

/// What the VMs whose guests a run stops were before: a guest that does not start again as the spec has it is started as it
/// was.
actor FormerGuests {
  private var documents: [UUID: XMLElement] = [:]
  private var marks: [UUID: Mark] = [:]

  /// What the guest runs with.
  func remember(_ document: XMLElement, of guest: UUID) { documents[guest] = document }

  func document(of guest: UUID) -> XMLElement? { documents[guest] }

  /// What its host remembered of the VM when the run began: the first word counts.
  func remember(_ mark: Mark, of guest: UUID) { marks[guest] = marks[guest] ?? mark }

  func mark(of guest: UUID) -> Mark? { marks[guest] }
}

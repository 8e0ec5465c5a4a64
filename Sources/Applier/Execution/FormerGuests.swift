import FoundationEssentials
import Libvirt
import Planner

/// What a run knows of VMs by its own doings: those that it made, and what those whose guests it stops were before. A guest
/// that does not start again as the spec has it is started as it was.
actor FormerGuests {
  private var documents: [UUID: XMLElement] = [:]
  private var marks: [UUID: Mark] = [:]
  private var made: [UUID: Domain] = [:]

  func keep(_ domain: Domain) { made[domain.uuid] = domain }

  /// The VM if the run has defined it anew there.
  func made(_ uuid: UUID, on connection: Connection) -> Domain? {
    made[uuid].flatMap { $0.connection === connection ? $0 : nil }
  }

  /// What the guest runs with.
  func remember(_ document: XMLElement, of guest: UUID) { documents[guest] = document }

  func document(of guest: UUID) -> XMLElement? { documents[guest] }

  /// What its host remembered of the VM when the run began: the first word counts.
  func remember(_ mark: Mark, of guest: UUID) { marks[guest] = marks[guest] ?? mark }

  func mark(of guest: UUID) -> Mark? { marks[guest] }
}

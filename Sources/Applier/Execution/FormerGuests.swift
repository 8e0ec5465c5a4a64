import FoundationEssentials
import Libvirt
import Planner
import Synchronization

/// What a run knows of VMs by its own doings: those that it made, and what those whose guests it stops were before. A guest
/// that does not start again as the spec has it is started as it was.
final class FormerGuests: Sendable {
  private struct State {
    var documents: [UUID: XMLElement] = [:]
    var marks: [UUID: Mark] = [:]
    var made: [UUID: Domain] = [:]
  }

  private let state = Mutex(State())

  func keep(_ domain: Domain) { state.withLock { $0.made[domain.uuid] = domain } }

  /// The VM if the run has defined it anew there.
  func made(_ uuid: UUID, on connection: Connection) -> Domain? {
    state.withLock { $0.made[uuid] }.flatMap { $0.connection === connection ? $0 : nil }
  }

  /// What the guest runs with.
  func remember(_ document: XMLElement, of guest: UUID) { state.withLock { $0.documents[guest] = document } }

  func document(of guest: UUID) -> XMLElement? { state.withLock { $0.documents[guest] } }

  /// What its host remembered of the VM when the run began: the first word counts.
  func remember(_ mark: Mark, of guest: UUID) {
    state.withLock { $0.marks[guest] = $0.marks[guest] ?? mark }
  }

  func mark(of guest: UUID) -> Mark? { state.withLock { $0.marks[guest] } }
}

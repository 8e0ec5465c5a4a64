import FoundationEssentials
import Libvirt

/// What the guests that a run stops were running with: one that does not start again as the spec has it is started as it was.
actor FormerGuests {
  private var documents: [UUID: XMLElement] = [:]

  func remember(_ document: XMLElement, of guest: UUID) { documents[guest] = document }

  func document(of guest: UUID) -> XMLElement? { documents[guest] }
}

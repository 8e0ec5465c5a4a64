import Libvirt
import Planner

/// What the live document of a guest remembers of moves, until the guest ends.
enum TransitDocument {
  private static let namespace = "urn:virtform:transit:1"
  private static let prefix = "virtform-transit"

  static func note(_ domain: Domain, _ state: Transit?) async throws {
    try await domain.setMetadata(
      element: state.map { XMLElement("transit", ["state": $0.rawValue]) }, prefix: prefix, uri: namespace,
      affecting: .live)
  }

  static func read(from document: XMLElement) -> Transit? {
    document.first("metadata")?.elements.first { $0.declares(namespace) }?[attribute: "state"].flatMap(
      Transit.init)
  }
}

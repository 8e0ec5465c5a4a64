import Libvirt

/// Snapshots that libvirt is to know of a VM.
struct CarriedSnapshots {
  /// libvirt's documents of them, parents first.
  var documents: [XMLElement] = []
  /// The name of the one that the next is a child of.
  var current: String?

  var names: [String] { documents.map(SnapshotsDocument.name) }
}

/// Snapshots in a domain's metadata, where they are while a move has taken them off.
///
/// Their documents are text there: of elements libvirt would change the names. Whoever may read a domain may read its
/// metadata, so no secret is in it. Where a password was is an empty one, which lets nobody in.
enum SnapshotsDocument {
  static let namespace = "urn:virtform:snapshots:1"
  static let prefix = "virtform-snapshots"

  /// Without prefix and declaration, which libvirt writes itself.
  static func element(_ snapshots: CarriedSnapshots) throws -> XMLElement {
    let documents = try snapshots.documents.map { document in
      let text = try rewriting(document) { element in
        if element[attribute: "passwd"] != nil { element[attribute: "passwd"] = "" }
        element.removeChildren(named: "cookies")
      }.serialized(indented: false)
      return XMLElement("snapshot", ["name": name(of: document)], text: text)
    }
    return XMLElement("snapshots", ["current": snapshots.current]) { documents }
  }

  /// The snapshots in the metadata of a definition, with the password that it has in the place of lost ones; nil if there
  /// are none.
  static func read(from definition: XMLElement) throws -> CarriedSnapshots? {
    guard let element = element(in: definition) else { return nil }
    let password = definition.all(at: "devices", "graphics").lazy.compactMap { $0[attribute: "passwd"] }.first
    let documents = try element.elements.map { element in
      rewriting(try XMLElement(parsing: element.text)) { element in
        if element[attribute: "passwd"] == "" { element[attribute: "passwd"] = password ?? "" }
      }
    }
    return CarriedSnapshots(documents: documents, current: element[attribute: "current"])
  }

  /// The names of the snapshots in the metadata of a definition.
  static func names(in definition: XMLElement) -> [String] {
    element(in: definition)?.elements.compactMap { $0[attribute: "name"] } ?? []
  }

  static func name(of snapshot: XMLElement) -> String { snapshot.first("name")?.text ?? "" }

  /// The files beside the domain's disks that a snapshot is made of.
  static func files(of snapshot: XMLElement) -> Set<String> {
    let disks = snapshot.all(at: "disks", "disk").filter { $0[attribute: "snapshot"] == "external" }
    return Set(
      (disks.map(DomainDocument.path) + [snapshot.first("memory")?[attribute: "file"]]).compactMap { $0 })
  }

  private static func element(in definition: XMLElement) -> XMLElement? {
    definition.first("metadata")?.elements.first { $0.declares(namespace) }
  }

  /// The same with every element changed.
  private static func rewriting(_ element: XMLElement, _ change: (inout XMLElement) -> Void) -> XMLElement {
    var element = element
    change(&element)
    element.children = element.children.map { node in
      node.element.map { .element(rewriting($0, change)) } ?? node
    }
    return element
  }
}

import Libvirt

/// What the live document of a guest remembers that was moved while it was paused: QEMU before 10.0 opens its disks for
/// writing only when it runs, and crashes if it is to hand them on before.
enum ArrivalDocument {
  static let namespace = "urn:virtform:arrival:1"

  /// - Parameter isIdle: false forgets it, once the guest runs.
  static func note(_ domain: Domain, isIdle: Bool) async throws {
    try await domain.setMetadata(
      element: isIdle ? XMLElement("arrival", ["state": "paused"]) : nil, prefix: "virtform-arrival",
      uri: namespace, affecting: .live)
  }

  static func isIdle(_ document: XMLElement) -> Bool {
    document.first("metadata")?.elements.contains { element in
      element.name.hasSuffix(":arrival") && element.attributes.contains { $0.value == namespace }
    } ?? false
  }
}

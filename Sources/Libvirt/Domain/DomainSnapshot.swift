internal import CLibvirt

/// What libvirt knows of a snapshot of a domain: its metadata. The content lies in the domain's disks, or in files beside
/// them. Keeps its domain.
public final class DomainSnapshot: Sendable {
  public let name: String
  public let domain: Domain

  /// Owned.
  private let handle: Handle

  /// Takes over a reference of the caller's.
  init(adopting pointer: OpaquePointer, of domain: Domain) {
    self.domain = domain
    handle = Handle(pointer)
    name = virDomainSnapshotGetName(pointer).map { String(cString: $0) } ?? ""
  }

  deinit {
    domain.connection.release(handle, virDomainSnapshotFree)
  }

  /// Runs and counts a call that gets the snapshot; the snapshot lives until it has returned.
  private func call<Value: Sendable>(
    _ function: String, _ effect: CallEffect = .reads,
    _ body: @escaping @Sendable (Call, OpaquePointer) throws -> Value
  ) async throws -> Value {
    try await domain.connection.call(function, effect) { [self] in try body($0, handle.pointer) }
  }

  /// The snapshot's document, following `virDomainSnapshotGetXMLDesc`: with the domain's as it was then.
  ///
  /// - Parameter secure: Includes passwords; refused on a read-only connection.
  public func xml(secure: Bool = false) async throws -> XMLElement {
    let flags = secure ? VIR_DOMAIN_SNAPSHOT_XML_SECURE.rawValue : 0
    return try await call("virDomainSnapshotGetXMLDesc") { call, snapshot in
      try call.document(virDomainSnapshotGetXMLDesc(snapshot, flags))
    }
  }

  /// Whether the next snapshot is a child of this one, following `virDomainSnapshotIsCurrent`.
  public func isCurrent() async throws -> Bool {
    try await call("virDomainSnapshotIsCurrent") { try $0.check(virDomainSnapshotIsCurrent($1, 0)) == 1 }
  }

  /// Lets libvirt forget the snapshot, following `virDomainSnapshotDelete`; its content stays. If it was the current one,
  /// its parent is.
  public func deleteMetadata() async throws {
    let flags = VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY.rawValue
    try await call("virDomainSnapshotDelete", .changes) { call, snapshot in
      _ = try call.check(virDomainSnapshotDelete(snapshot, flags))
    }
  }
}

extension Domain {
  /// The snapshots that libvirt knows of the domain, parents before their children; follows `virDomainListAllSnapshots`.
  ///
  /// - Parameter external: Only those that are made of files beside the domain's disks.
  public func snapshots(external: Bool = false) async throws -> [DomainSnapshot] {
    var flags = VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL.rawValue
    if external { flags |= VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL.rawValue }
    return try await call("virDomainListAllSnapshots") { [flags] call, domain in
      try call.list({ virDomainListAllSnapshots(domain, $0, flags) }) {
        DomainSnapshot(adopting: $0, of: self)
      }
    }
  }

  /// Has libvirt know of a snapshot whose content is there, following `virDomainSnapshotCreateXML`. Its parent has to be
  /// known before.
  ///
  /// - Parameter xml: As ``DomainSnapshot/xml(secure:)`` says it.
  public func redefineSnapshot(_ xml: XMLElement, isCurrent: Bool) async throws {
    let text = try xml.serialized(indented: false)
    var flags = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE.rawValue
    if isCurrent { flags |= VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT.rawValue }
    try await call("virDomainSnapshotCreateXML", .changes) { [flags] call, domain in
      _ = virDomainSnapshotFree(try call.check(virDomainSnapshotCreateXML(domain, text, flags)))
    }
  }
}

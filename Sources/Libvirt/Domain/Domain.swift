internal import CLibvirt
public import FoundationEssentials

/// A domain: a virtual machine, defined or running. Keeps its connection.
public final class Domain: Sendable {
  /// The name when the handle was made.
  public let name: String
  public let uuid: UUID
  public let connection: Connection

  /// Owned.
  let handle: Handle

  /// Takes over a reference of the caller's.
  init(adopting pointer: OpaquePointer, of connection: Connection) {
    self.connection = connection
    handle = Handle(pointer)
    name = virDomainGetName(pointer).map { String(cString: $0) } ?? ""
    uuid = UUID { virDomainGetUUID(pointer, $0) }
  }

  deinit {
    connection.release(handle, virDomainFree)
  }

  /// Runs and counts a call that gets the domain; the domain lives until it has returned.
  func call<Value: Sendable>(
    _ function: String, _ effect: CallEffect = .reads,
    _ body: @escaping @Sendable (Call, OpaquePointer) throws -> Value
  ) async throws -> Value {
    try await connection.call(function, effect) { [self] in try body($0, handle.pointer) }
  }

  /// The domain's document, following `virDomainGetXMLDesc`.
  ///
  /// - Parameter secure: Includes passwords; refused on a read-only connection.
  public func xml(_ view: XMLView, secure: Bool = false) async throws -> XMLElement {
    let flags = view.domainFlags | (secure ? VIR_DOMAIN_XML_SECURE.rawValue : 0)
    return try await call("virDomainGetXMLDesc") { call, domain in
      try call.document(virDomainGetXMLDesc(domain, flags))
    }
  }

  /// What the running guest has, with passwords, as a document that defines it; follows `virDomainGetXMLDesc` with
  /// `VIR_DOMAIN_XML_MIGRATABLE`. Refused on a read-only connection.
  public func migratableXML() async throws -> XMLElement {
    let flags = VIR_DOMAIN_XML_MIGRATABLE.rawValue | VIR_DOMAIN_XML_SECURE.rawValue
    return try await call("virDomainGetXMLDesc") { call, domain in
      try call.document(virDomainGetXMLDesc(domain, flags))
    }
  }

  /// What the domain is doing, following `virDomainGetState`.
  public func state() async throws -> DomainState {
    try await stateAndReason().state
  }

  /// What the domain is doing, and libvirt's number for why: its meaning depends on the state
  /// (`virDomainShutoffReason` and the like).
  public func stateAndReason() async throws -> (state: DomainState, reason: Int) {
    try await call("virDomainGetState") { call, domain in
      var state: Int32 = 0
      var reason: Int32 = 0
      try call.check(virDomainGetState(domain, &state, &reason, 0))
      return (DomainState(number: state), Int(reason))
    }
  }

  /// Whether the domain is anything but shut off, following `virDomainIsActive`.
  public func isActive() async throws -> Bool {
    try await call("virDomainIsActive") { try $0.check(virDomainIsActive($1)) == 1 }
  }

  /// Whether the definition outlives a shutdown, following `virDomainIsPersistent`.
  public func isPersistent() async throws -> Bool {
    try await call("virDomainIsPersistent") { try $0.check(virDomainIsPersistent($1)) == 1 }
  }

  /// Whether the running guest lacks what was defined since its start, following `virDomainIsUpdated`.
  public func isUpdated() async throws -> Bool {
    try await call("virDomainIsUpdated") { try $0.check(virDomainIsUpdated($1)) == 1 }
  }
}

extension XMLView {
  /// `virDomainXMLFlags`.
  var domainFlags: UInt32 {
    switch self {
    case .live: 0
    case .inactive: VIR_DOMAIN_XML_INACTIVE.rawValue
    }
  }
}

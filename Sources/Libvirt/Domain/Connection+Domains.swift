internal import CLibvirt
public import FoundationEssentials

extension Connection {
  /// The domains of the host, sorted by name; follows `virConnectListAllDomains`.
  ///
  /// A daemon refuses to list more than 16,384 at once. More are asked for in parts: those that run and those that do not,
  /// and so on; an error remains if one of the smallest parts is too large.
  public func domains(_ filter: DomainFilter = []) async throws -> [Domain] {
    try await domains(filter, halves: DomainFilter.halves[...]).sorted { $0.name < $1.name }
  }

  private func domains(_ filter: DomainFilter, halves: ArraySlice<(DomainFilter, DomainFilter)>) async throws
    -> [Domain]
  {
    do {
      return try await call("virConnectListAllDomains") { call in
        try call.list({ virConnectListAllDomains(call.connection, $0, filter.rawValue) }) {
          Domain(adopting: $0, of: self)
        }
      }
    } catch let error as LibvirtError where error.message.contains("Too many domains") {
      let left = halves.drop { filter.contains($0.0) || filter.contains($0.1) }
      guard let (one, other) = left.first else { throw error }
      // What changes from one half to the other while they are listed is in both, or in none, as it may be in any two calls.
      let both =
        try await domains(filter.union(one), halves: left.dropFirst())
        + domains(filter.union(other), halves: left.dropFirst())
      var known: Set<UUID> = []
      return both.filter { known.insert($0.uuid).inserted }
    }
  }

  /// What `read` makes of the documents of `domains`, following `virDomainGetXMLDesc`; nil for those that are gone.
  ///
  /// Many at once take much less time than ``Domain/xml(_:secure:)`` for each.
  ///
  /// - Parameter read: called on any thread, and for several documents at once.
  public func documents<Value: Sendable>(
    of domains: [Domain], _ view: XMLView, _ read: @escaping @Sendable (Domain, XMLElement) throws -> Value
  ) async throws -> [Value?] {
    try await calls("virDomainGetXMLDesc", forEach: domains) { call, domain in
      try call.present(unless: { $0.code == .noDomain }) {
        try call.document(virDomainGetXMLDesc(domain.handle.pointer, view.domainFlags))
      }.map { try read(domain, $0) }
    }
  }

  /// The domain of that name, following `virDomainLookupByName`; `nil` only if the host says that it has
  /// none.
  public func domain(named name: String) async throws -> Domain? {
    try await call("virDomainLookupByName") { call in
      try call.found(virDomainLookupByName(call.connection, name), unless: .noDomain).map {
        Domain(adopting: $0, of: self)
      }
    }
  }

  /// The domain with that UUID, following `virDomainLookupByUUID`; `nil` only if the host says that it has
  /// none.
  public func domain(uuid: UUID) async throws -> Domain? {
    try await call("virDomainLookupByUUID") { call in
      try call.found(uuid.withBytes { virDomainLookupByUUID(call.connection, $0) }, unless: .noDomain).map {
        Domain(adopting: $0, of: self)
      }
    }
  }

  /// Makes a persistent definition, or replaces the one with the same name and UUID; follows
  /// `virDomainDefineXMLFlags`. A running guest keeps what it has until its next start.
  ///
  /// - Parameter validate: Refuses what libvirt's schema does not know, instead of dropping it.
  public func defineDomain(_ xml: XMLElement, validate: Bool) async throws -> Domain {
    let text = try xml.serialized(indented: false)
    let flags = validate ? VIR_DOMAIN_DEFINE_VALIDATE.rawValue : 0
    var attempts = 0
    while true {
      do {
        return try await call("virDomainDefineXMLFlags", .changes) { call in
          Domain(adopting: try call.check(virDomainDefineXMLFlags(call.connection, text, flags)), of: self)
        }
      } catch let error as LibvirtError where attempts < 5 && error.message.contains("Unable to parse RNG") {
        // A daemon that reads its schema for the first time in several threads at once may trip over itself.
        attempts += 1
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}

public import Libvirt
public import Planner
public import SpecModel

/// The connections to all hosts of a site.
public struct Fleet: Sendable {
  public let sessions: [ResourceName: HostSession]

  /// Some hosts that could not be reached.
  public struct Failure: Error, Sendable {
    public let hosts: [HostError]
  }

  /// Opens all hosts at once, or those of `names`. If some cannot be reached, all of them are named.
  ///
  /// - Parameter terms: how long calls of a host may take, and which are made again.
  public static func open(
    _ site: Site, only names: Set<ResourceName>? = nil, access: Connection.Access, embedded: EmbeddedLibvirt,
    terms: @escaping @Sendable (Host) -> CallTerms = { _ in CallTerms() }
  ) async throws(Failure) -> Fleet {
    let hosts = site.hosts.filter { names?.contains($0.name) ?? true }
    let results = await concurrently(hosts) { host in
      await result { () async throws(HostError) in
        try await HostSession.open(host, access: access, embedded: embedded, terms: terms(host))
      }
    }
    let sessions = try all(results)
    return Fleet(sessions: Dictionary(uniqueKeysWithValues: sessions.map { ($0.host.name, $0) }))
  }

  /// The state of every host, all read at once.
  public func inspect(_ site: Site) async throws(Failure) -> [HostState] {
    let sessions = site.hosts.compactMap { self.sessions[$0.name] }
    let results = await concurrently(sessions) { session in
      await result { () async throws(HostError) in
        do {
          return try await Inspector(session: session, site: site).inspect()
        } catch {
          throw HostError(host: session.host.name, uri: session.connection.uri, reason: "\(error)")
        }
      }
    }
    return try Self.all(results)
  }

  /// How many calls that change something were made on the hosts, failed ones included.
  public var mutatingCalls: Int { sessions.values.map(\.connection.calls.mutating).reduce(0, +) }

  /// Closes all connections.
  public func close() async {
    for session in sessions.values { await session.connection.close() }
  }

  private static func all<Value>(_ results: [Result<Value, HostError>]) throws(Failure) -> [Value] {
    var failures: [HostError] = []
    var values: [Value] = []
    for result in results {
      switch result {
      case .success(let value): values.append(value)
      case .failure(let error): failures.append(error)
      }
    }
    if !failures.isEmpty { throw Failure(hosts: failures) }
    return values
  }
}

/// What `body` returns or throws, as a value.
private func result<Value>(_ body: () async throws(HostError) -> Value) async -> Result<Value, HostError> {
  do {
    return .success(try await body())
  } catch {
    return .failure(error)
  }
}

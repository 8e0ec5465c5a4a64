public import Libvirt
public import Planner
public import SpecModel

/// The connections to all hosts of a site.
public struct Fleet: Sendable {
  public let sessions: [ResourceName: HostSession]
  /// The hosts without a session, and why.
  public let unreachable: [HostError]

  init(sessions: [ResourceName: HostSession], unreachable: [HostError] = []) {
    self.sessions = sessions
    self.unreachable = unreachable
  }

  /// Opens all hosts at once, or those of `names`. What cannot be reached, or is down by the spec, is among `unreachable`.
  ///
  /// - Parameter terms: how long calls of a host may take, and which are made again.
  public static func open(
    _ site: Site, only names: Set<ResourceName>? = nil, access: Connection.Access, embedded: EmbeddedLibvirt,
    terms: @escaping @Sendable (Host) -> CallTerms = { _ in CallTerms() }
  ) async -> Fleet {
    let hosts = site.hosts.filter { names?.contains($0.name) ?? true }
    let results = await concurrently(hosts) { host in
      await result { () async throws(HostError) in
        if host.state == .down {
          throw HostError(host: host.name, uri: "state: down", reason: "the spec says that it is down")
        }
        return try await HostSession.open(host, access: access, embedded: embedded, terms: terms(host))
      }
    }
    let (sessions, failures) = divided(results)
    return Fleet(
      sessions: Dictionary(uniqueKeysWithValues: sessions.map { ($0.host.name, $0) }), unreachable: failures)
  }

  /// The state of every host that answers, all read at once, and why others do not.
  public func inspect(_ site: Site) async -> (states: [HostState], failures: [HostError]) {
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
    let (states, failures) = Self.divided(results)
    return (states, unreachable + failures)
  }

  /// Has each host look at the files of the pools that others write to, too.
  public func refreshSharedPools(of site: Site) async {
    let names = Set(site.pools.filter(\.isShared).map(\.name.rawValue))
    guard !names.isEmpty else { return }
    _ = await concurrently(Array(sessions.values)) { session in
      let pools = (try? await session.connection.storagePools(.active)) ?? []
      // A pool that is busy is looked at by whoever keeps it busy.
      for pool in pools where names.contains(pool.name) { try? await pool.refresh() }
    }
  }

  /// How many calls that change something were made on the hosts, failed ones included.
  public var mutatingCalls: Int { sessions.values.map(\.connection.calls.mutating).reduce(0, +) }

  /// Closes all connections.
  public func close() async {
    _ = await concurrently(Array(sessions.values)) { session in await session.connection.close() }
  }

  private static func divided<Value>(_ results: [Result<Value, HostError>]) -> (
    values: [Value], failures: [HostError]
  ) {
    var (values, failures): ([Value], [HostError]) = ([], [])
    for result in results {
      switch result {
      case .success(let value): values.append(value)
      case .failure(let error): failures.append(error)
      }
    }
    return (values, failures)
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

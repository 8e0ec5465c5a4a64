import FoundationEssentials
import Libvirt

/// All that a test driver's host has, so that it can be had again: much faster than by runs of virtform.
struct HostContents: Sendable {
  private struct Object: Sendable {
    let document: XMLElement
    let isActive: Bool
    let autostart: Bool
    var volumes: [XMLElement] = []
  }

  private let pools: [Object]
  private let networks: [Object]
  private let domains: [Object]

  /// An empty host.
  static let nothing = HostContents(pools: [], networks: [], domains: [])

  private init(pools: [Object], networks: [Object], domains: [Object]) {
    (self.pools, self.networks, self.domains) = (pools, networks, domains)
  }

  /// Reads what is there, but for what the test driver has of itself.
  init(of connection: Connection) async throws {
    pools = try await Self.poolsOfTests(connection).asyncMap { pool in
      let isActive = try await pool.isActive()
      var volumes: [XMLElement] = []
      if isActive {
        for volume in try await pool.volumes() { volumes.append(try await volume.xml()) }
      }
      return Object(
        document: try await pool.xml(inactive: true), isActive: isActive,
        autostart: try await pool.autostart(),
        volumes: volumes)
    }
    networks = try await Self.networksOfTests(connection).asyncMap { network in
      Object(
        document: try await network.xml(.inactive), isActive: try await network.isActive(),
        autostart: try await network.autostart())
    }
    domains = try await Self.domainsOfTests(connection).asyncMap { domain in
      Object(
        document: try await domain.xml(.inactive, secure: true), isActive: try await domain.isActive(),
        autostart: try await domain.autostart())
    }
  }

  private static func poolsOfTests(_ connection: Connection) async throws -> [StoragePool] {
    try await connection.storagePools().filter { $0.name != "default-pool" }
  }
  private static func networksOfTests(_ connection: Connection) async throws -> [VirtualNetwork] {
    try await connection.networks().filter { $0.name != "default" }
  }
  private static func domainsOfTests(_ connection: Connection) async throws -> [Domain] {
    try await connection.domains().filter { $0.name != "test" }
  }

  /// Makes the host have this and nothing else.
  func restore(on connection: Connection) async throws {
    for domain in try await Self.domainsOfTests(connection) {
      if try await domain.isActive() { try await domain.powerOff() }
      try await domain.undefine([.snapshotsMetadata, .managedSave])
    }
    for network in try await Self.networksOfTests(connection) {
      if try await network.isActive() { try await network.stop() }
      try await network.undefine()
    }
    for pool in try await Self.poolsOfTests(connection) {
      if try await pool.isActive() { try await pool.stop() }
      try await pool.undefine()
    }
    for object in pools {
      let pool = try await connection.defineStoragePool(object.document)
      if object.isActive { try await pool.start() }
      for volume in object.volumes { _ = try await pool.createVolume(volume) }
      if object.autostart { try await pool.setAutostart(true) }
    }
    for object in networks {
      let network = try await connection.defineNetwork(object.document)
      if object.isActive { try await network.start() }
      if object.autostart { try await network.setAutostart(true) }
    }
    for object in domains {
      let domain = try await connection.defineDomain(object.document, validate: false)
      if object.isActive { try await domain.start() }
      if object.autostart { try await domain.setAutostart(true) }
    }
  }
}

extension Array {
  fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await transform(element)) }
    return values
  }
}

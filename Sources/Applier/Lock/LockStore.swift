import FoundationEssentials
import Libvirt
import SpecModel

/// Where a host keeps the lock of a stack.
///
/// libvirt refuses a second object of the same name under another UUID, and each taker brings a UUID of its own: of
/// any number of takers, one gets the name. Whoever removes a lock names it by the UUID that they have read, so a
/// successor is never hit.
struct LockStore: Sendable {
  let host: ResourceName
  var connection: Connection
  let name: String
  /// Whether a lock is a domain even where the host has networks.
  var usesDomains = false

  init(host: ResourceName, connection: Connection, stack: ResourceName) {
    self.host = host
    self.connection = connection
    name = ResourceName.lockPrefix + stack.rawValue
  }

  /// The lock that is there, whoever holds it.
  func find() async throws -> HeldLock? {
    for object in [try await network { try await $0.network(named: name) }, try await domainNamed()] {
      if let object, let document = try await object.document() {
        return HeldLock(host: host, record: LockDocument.read(document, uuid: object.uuid), uuid: object.uuid)
      }
    }
    return nil
  }

  /// Makes the lock, or renews it if there is one with the same UUID.
  ///
  /// - Throws: an error for which `isCollision` holds if there is one with another UUID.
  func define(_ record: LockRecord) async throws {
    if !usesDomains {
      do {
        _ = try await connection.defineNetwork(LockDocument.network(record, name: name))
        return
      } catch let error as LibvirtError where error.code == .noSupport {}
    }
    let document = LockDocument.domain(record, name: name, capabilities: try await connection.capabilities())
    _ = try await connection.defineDomain(document, validate: false)
  }

  /// Removes the lock with that UUID; returns false if there is none.
  @discardableResult
  func remove(_ uuid: UUID) async throws -> Bool {
    guard let object = try await object(uuid) else { return false }
    do {
      return try await object.remove()
    } catch {
      // Somebody else who removes it at the same time makes this fail, too, and is done in a moment.
      try await Task.sleep(for: .milliseconds(100))
      guard let left = try await self.object(uuid), let document = try await left.document() else {
        return false
      }
      guard let record = LockDocument.read(document, uuid: uuid) else { throw error }
      return try await removeWithoutFile(left, record)
    }
  }

  /// Removes a network that libvirt cannot remove because its file is missing. Files go by the name, so two that
  /// remove the lock before this one at the same time can take its file away; defining it again writes the file.
  private func removeWithoutFile(_ object: LockObject, _ record: LockRecord) async throws -> Bool {
    do {
      try await define(record)
    } catch let error as LibvirtError where error.isCollision {
      return false
    }
    return try await object.remove()
  }

  func contains(_ uuid: UUID) async throws -> Bool { try await object(uuid) != nil }

  private func object(_ uuid: UUID) async throws -> LockObject? {
    if let network = try await network({ try await $0.network(uuid: uuid) }) { return network }
    return try await connection.domain(uuid: uuid).map(LockObject.domain)
  }

  private func domainNamed() async throws -> LockObject? {
    try await connection.domain(named: name).map(LockObject.domain)
  }

  /// nil also where the host has no networks.
  private func network(_ lookUp: (Connection) async throws -> VirtualNetwork?) async throws -> LockObject? {
    do {
      return try await lookUp(connection).map(LockObject.network)
    } catch let error as LibvirtError where error.code == .noSupport {
      return nil
    }
  }
}

extension LibvirtError {
  /// True if a definition failed because its name is taken, in the words of any driver.
  var isCollision: Bool { [.operationFailed, .networkExists, .domainExists].contains(code) }
}

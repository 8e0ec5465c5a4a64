import FoundationEssentials
import Libvirt

/// The object of libvirt that is a lock by its name.
enum LockObject: Sendable {
  case network(VirtualNetwork)
  /// Where the host has no networks.
  case domain(Domain)

  var uuid: UUID {
    switch self {
    case .network(let network): network.uuid
    case .domain(let domain): domain.uuid
    }
  }

  /// Its document, or nil if it is gone.
  func document() async throws -> XMLElement? {
    switch self {
    case .network(let network): try await present({ try await network.xml(.inactive) }, unless: .noNetwork)
    case .domain(let domain): try await present({ try await domain.xml(.inactive) }, unless: .noDomain)
    }
  }

  /// Removes it, and no other: libvirt goes by the UUID. Returns false if it was gone.
  func remove() async throws -> Bool {
    // Somebody may have started it, and what runs stays when its definition goes.
    let removed: Void? =
      switch self {
      case .network(let network): try await present({ try await remove(network) }, unless: .noNetwork)
      case .domain(let domain): try await present({ try await remove(domain) }, unless: .noDomain)
      }
    return removed != nil
  }

  private func remove(_ network: VirtualNetwork) async throws {
    if try await network.isActive() { try await network.stop() }
    try await network.undefine()
  }

  private func remove(_ domain: Domain) async throws {
    if try await domain.isActive() { try await domain.powerOff() }
    try await domain.undefine()
  }
}

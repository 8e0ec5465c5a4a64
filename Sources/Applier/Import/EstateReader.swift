import FoundationEssentials
import Libvirt
public import Planner
public import SpecModel

/// Reads all that a host has, for a spec that is to describe it. Makes no call that changes anything.
public struct EstateReader: Sendable {
  /// What a host has, and the definitions of its VMs as they are.
  public struct Estate: Sendable {
    public let state: HostState
    /// By libvirt's name of the domain.
    fileprivate let definitions: [String: XMLElement]
  }

  /// - Parameter site: the spec that names the host, and nothing that is on it.
  public static func read(_ session: HostSession, of site: Site) async throws -> Estate {
    let inspector = Inspector(session: session, site: site, readsAll: true)
    async let state = inspector.inspect()
    let domains = try await session.connection.domains()
    let documents = try await concurrentlyThrowing(domains) { domain -> (String, XMLElement)? in
      try await present({ try await domain.xml(.inactive) }, unless: .noDomain).map { (domain.name, $0) }
    }
    return Estate(
      state: try await state,
      definitions: Dictionary(documents.compactMap { $0 }, uniquingKeysWith: { first, _ in first }))
  }
}

extension EstateReader.Estate {
  /// What the definition of a VM says beside what `wanted` comes to: a text for `xml:`; nil if that is nothing.
  ///
  /// - Parameter wanted: the VM as the spec without that text describes it.
  public func remainder(beside wanted: Machine) -> String? {
    guard let definition = definitions[wanted.name] else { return nil }
    var wanted = wanted
    wanted.settings.accel = wanted.settings.accel ?? definition.accelerator
    let made = DomainDocument.definition(of: wanted, on: state.capabilities)
    return DomainDocument.remainder(
      of: definition, beside: made, isLaid: wanted.xml != nil, on: state.capabilities
    )
    .flatMap { try? $0.serialized(indented: true) }
  }
}

extension XMLElement {
  fileprivate var accelerator: Accelerator? {
    switch self[attribute: "type"] {
    case "kvm": .kvm
    case "qemu": .tcg
    default: nil
    }
  }
}

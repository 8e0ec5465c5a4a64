import Libvirt
import Synchronization

/// The definitions that a host has checked in the course of a run.
///
/// libvirt reads its whole schema for each document that it is to check, which takes it longer than to define the domain. What
/// differs from a checked one in nothing but names, addresses, paths and amounts needs no check of its own.
final class CheckedDocuments: Sendable {
  private struct Form: Hashable {
    let host: ObjectIdentifier
    let document: XMLElement
  }

  /// The definition of each form that is being checked, or was and is there.
  private let checks = Mutex<[Form: Task<Domain, any Error>]>([:])

  /// Defines a domain, and has libvirt refuse what its schema does not know instead of dropping it. Of several that differ in
  /// nothing that matters, the others wait for the first. If that fails, which need not be for its form, the next one is
  /// the first.
  @discardableResult
  func define(_ document: XMLElement, on connection: Connection) async throws -> Domain {
    let form = Form(host: ObjectIdentifier(connection), document: Self.form(of: document))
    while true {
      let (check, isOwn) = checks.withLock { checks in
        if let check = checks[form] { return (check, false) }
        let check = Task { try await connection.defineDomain(document, validate: true) }
        checks[form] = check
        return (check, true)
      }
      switch await check.result {
      case .success(let domain):
        return isOwn ? domain : try await connection.defineDomain(document, validate: false)
      case .failure(let error):
        checks.withLock { checks in
          if checks[form] == check { checks[form] = nil }
        }
        if isOwn { throw error }
      }
    }
  }

  /// A definition without what is free text, an address or an amount in every schema.
  static func form(of document: XMLElement) -> XMLElement {
    var form = document
    form.removeChildren {
      ["name", "uuid", "title", "description", "metadata", "memory", "currentMemory"].contains($0.name)
    }
    form.mutateChildren(named: "devices") { devices in
      devices.mutateChildren(named: "disk") { disk in
        disk.mutateChildren(named: "source") { $0.blank(["file", "dev"]) { $0.hasPrefix("/") } }
      }
      devices.mutateChildren(named: "interface") { interface in
        interface.mutateChildren(named: "mac") { $0.blank(["address"]) { _ in true } }
      }
    }
    return form
  }
}

extension XMLElement {
  /// Empties the attributes of those names whose values are as they should be.
  fileprivate mutating func blank(_ names: [String], if isPlain: (String) -> Bool) {
    for name in names where self[attribute: name].map(isPlain) == true { self[attribute: name] = "" }
  }
}

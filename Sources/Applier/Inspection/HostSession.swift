public import Libvirt
public import Planner
public import SpecModel

/// An open connection to a host, and what is known of it beside the spec.
public struct HostSession: Sendable {
  public let host: Host
  public let connection: Connection
  /// True if the host's libvirt runs as root.
  let isPrivileged: Bool

  /// What people reach the same libvirt with. Where virsh goes by itself depends on who calls it.
  public var virsh: Virsh { Virsh(uri: connection.uri) }

  /// Opens the host, starting virtform's own libvirt if the host is embedded.
  public static func open(
    _ host: Host, access: Connection.Access, embedded: EmbeddedLibvirt, terms: CallTerms = CallTerms()
  ) async throws(HostError) -> HostSession {
    switch host.connection {
    case .embedded:
      let connection: Connection
      do {
        connection = try await embedded.open(access: access, terms: terms)
      } catch {
        throw HostError(host: host.name, uri: embedded.uri, reason: "\(error)")
      }
      return HostSession(host: host, connection: connection, isPrivileged: embedded.isPrivileged)
    case .uri(let uri):
      do {
        return HostSession(
          host: host, connection: try await Connection.open(uri.description, access: access, terms: terms),
          isPrivileged: uri.path != "/session")
      } catch {
        throw HostError(host: host.name, uri: uri.description, reason: "cannot connect: \(error)")
      }
    }
  }
}

/// Why a host could not be worked with: the host itself, not an object on it.
public struct HostError: Error, Sendable, CustomStringConvertible {
  public let host: ResourceName
  public let uri: String
  public let reason: String

  public var description: String { "host '\(host)' (\(uri)): \(reason)" }
}

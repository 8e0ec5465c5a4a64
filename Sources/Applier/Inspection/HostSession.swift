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
        throw HostError(
          host: host.name, uri: uri.description, reason: "cannot connect: \(Self.explained(error, access))")
      }
    }
  }
}

extension HostSession {
  /// The error, and where a right is missing, which one that is.
  static func explained(_ error: any Error, _ access: Connection.Access) -> String {
    guard let error = error as? LibvirtError, error.isPermissionDenied else { return "\(error)" }
    switch access {
    case .readOnly:
      return
        "\(error); reading takes libvirt's read-only socket: its permissions, unix_sock_ro_perms in libvirtd.conf, or "
        + "org.libvirt.unix.monitor by polkit (docs/security.md)"
    case .readWrite:
      return
        "\(error); changing takes libvirt's read-write socket: the group that unix_sock_group names in libvirtd.conf, or "
        + "org.libvirt.unix.manage by polkit (docs/security.md)"
    }
  }
}

/// Why a host could not be worked with: the host itself, not an object on it.
public struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
  public let host: ResourceName
  public let uri: String
  public let reason: String

  public var description: String { "host '\(host)' (\(uri)): \(reason)" }
}

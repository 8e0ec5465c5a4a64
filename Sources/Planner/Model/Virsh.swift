/// Command lines of virsh that reach the libvirt of one host, for people to paste.
public struct Virsh: Hashable, Sendable {
  /// nil where virsh gets there by itself.
  private let uri: String?

  public init(uri: String? = nil) { self.uri = uri }

  /// `virsh -c qemu+ssh://rack1/system pool-start main`
  public func callAsFunction(_ arguments: String) -> String {
    "virsh " + (uri.map { "-c \(Self.quoted($0)) " } ?? "") + arguments
  }

  /// Parameters of a URI are words of a shell, too.
  private static func quoted(_ uri: String) -> String {
    uri.contains { "?&;*[]()$ ".contains($0) } ? "'\(uri)'" : uri
  }
}

import Applier
import FoundationEssentials
import SpecModel

/// How ssh reaches a guest: the words of its configuration (ssh_config(5)).
struct SSHTarget {
  let name: String
  let address: String
  private let access: SSHAccess?
  private let stack: ResourceName
  private let knownHosts: String

  /// nil if no address is known.
  init?(_ entry: GuestEntry, stack: ResourceName, embedded: EmbeddedLibvirt) {
    guard let address = entry.address else { return nil }
    name = entry.spec.name.rawValue
    self.address = address
    access = entry.spec.ssh
    self.stack = stack
    knownHosts = "\(Self.directory(embedded))/\(stack)"
  }

  private static func directory(_ embedded: EmbeddedLibvirt) -> String { "\(embedded.directory)/known_hosts" }

  /// Makes the directory that ssh keeps the guests' keys in.
  static func makeDirectory(_ embedded: EmbeddedLibvirt) {
    try? FileManager.default.createDirectory(
      atPath: directory(embedded), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// The keys of guests are the stack's own: addresses come and go, so a key goes by the name of its VM. A new one is taken, and
  /// a changed one is refused.
  var hostKeyWords: [(key: String, value: String)] {
    [
      ("HostKeyAlias", "\(stack).\(name)"), ("UserKnownHostsFile", Self.quoted(knownHosts)),
      ("StrictHostKeyChecking", "accept-new"),
    ]
  }

  var jump: [(key: String, value: String)] { access?.via.map { [("ProxyJump", $0)] } ?? [] }

  /// All of it, in the order that people write it in.
  var words: [(key: String, value: String)] {
    var words = [(key: "HostName", value: address)]
    if let user = access?.user { words.append(("User", user)) }
    if let port = access?.port { words.append(("Port", "\(port)")) }
    if let key = access?.key { words += [("IdentityFile", Self.quoted(key)), ("IdentitiesOnly", "yes")] }
    return words + jump + hostKeyWords
  }

  /// A path for ssh, to which a percent sign begins a token.
  private static func quoted(_ path: String) -> String {
    let text = path.replacingScalars("%", with: "%%")
    return text.contains(where: \.isWhitespace) ? "\"\(text)\"" : text
  }

  var arguments: [String] { words.flatMap { ["-o", "\($0.key)=\($0.value)"] } }

  var configuration: String {
    "Host \(name)\n" + words.map { "  \($0.key) \($0.value)\n" }.joined()
  }
}

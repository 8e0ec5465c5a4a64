import Crypto
public import SpecModel

/// The config that a guest's Ignition reads at its first boot, as JSON.
public struct IgnitionConfig: Hashable, Sendable {
  public let text: String

  /// Bytes of the config.
  public var length: Int { text.utf8.count }

  /// SHA-256 in lower-case hex.
  public var digest: String {
    SHA256.hash(data: Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The user that CoreOS and its kin have.
  private static let user = "core"

  public init(_ spec: IgnitionSpec) {
    var config = spec.config
    if let hostname = spec.hostname {
      Self.append(
        .map([
          "path": .string(IgnitionSpec.hostnameFile), "mode": .int(0o644), "overwrite": .bool(true),
          // A host name has no character that a data URL (RFC 2397) escapes.
          "contents": .map(["source": .string("data:,\(hostname)")]),
        ]), to: "files", of: "storage", in: &config)
    }
    if !spec.sshKeys.isEmpty { Self.add(spec.sshKeys, in: &config) }
    text = ConfigText.of(.map(config))
  }

  /// Ignition takes one entry for each user, so keys go into the one that is there.
  private static func add(_ keys: [String], in config: inout [String: StructuredValue]) {
    let new = keys.map(StructuredValue.string)
    guard case .map(var passwd)? = config["passwd"], case .list(var users)? = passwd["users"],
      let index = users.firstIndex(where: { $0.name == user }), case .map(var fields) = users[index]
    else {
      let fields: [String: StructuredValue] = ["name": .string(user), "sshAuthorizedKeys": .list(new)]
      return append(.map(fields), to: "users", of: "passwd", in: &config)
    }
    let there: [StructuredValue] = if case .list(let keys)? = fields["sshAuthorizedKeys"] { keys } else { [] }
    // A key twice is an error to Ignition.
    fields["sshAuthorizedKeys"] = .list(there + new.filter { !there.contains($0) })
    users[index] = .map(fields)
    passwd["users"] = .list(users)
    config["passwd"] = .map(passwd)
  }

  private static func append(
    _ value: StructuredValue, to list: String, of section: String, in config: inout [String: StructuredValue]
  ) {
    var fields: [String: StructuredValue] = if case .map(let there)? = config[section] { there } else { [:] }
    let items: [StructuredValue] = if case .list(let there)? = fields[list] { there } else { [] }
    fields[list] = .list(items + [value])
    config[section] = .map(fields)
  }
}

extension StructuredValue {
  fileprivate var name: String? {
    if case .map(let fields) = self, case .string(let name)? = fields["name"] { name } else { nil }
  }
}

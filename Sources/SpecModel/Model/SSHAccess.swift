/// How people and tools log in to a guest by SSH; what is nil is up to their own configuration.
public struct SSHAccess: Hashable, Sendable {
  public let user: String?
  /// The private key: a path on the machine that virtform runs on.
  public let key: String?
  public let port: Int?
  /// The host to jump through, `[user@]host[:port]` (ssh's ProxyJump).
  public let via: String?

  public init(user: String? = nil, key: String? = nil, port: Int? = nil, via: String? = nil) {
    self.user = user
    self.key = key
    self.port = port
    self.via = via
  }
}

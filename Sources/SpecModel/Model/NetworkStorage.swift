/// How a pool of the network lets its host in: by a secret that its libvirt keeps under the name of its usage
/// (<https://libvirt.org/formatsecret.html>).
public struct PoolLogin: Hashable, Sendable {
  public let user: String
  public let secret: String

  public init(user: String, secret: String) {
    self.user = user
    self.secret = secret
  }
}

/// A SCSI target on the network.
public struct ISCSITarget: Hashable, Sendable {
  public static let defaultPort = 3260

  public let host: String
  public let port: Int
  /// Its IQN.
  public let name: String
  /// For CHAP; nil where none is asked for.
  public let login: PoolLogin?

  public init(host: String, port: Int = defaultPort, name: String, login: PoolLogin? = nil) {
    self.host = host
    self.port = port
    self.name = name
    self.login = login
  }
}

/// A pool of a Ceph cluster.
public struct RBDPool: Hashable, Sendable {
  /// A monitor of the cluster.
  public struct Monitor: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    /// nil for the port of Ceph.
    public let port: Int?

    public init(host: String, port: Int?) {
      self.host = host
      self.port = port
    }

    public var description: String { host + (port.map { ":\($0)" } ?? "") }
  }

  /// In the order of the spec.
  public let monitors: [Monitor]
  /// The name that Ceph has for the pool.
  public let name: String
  /// For cephx; nil where none is asked for.
  public let login: PoolLogin?

  public init(monitors: [Monitor], name: String, login: PoolLogin? = nil) {
    self.monitors = monitors
    self.name = name
    self.login = login
  }
}

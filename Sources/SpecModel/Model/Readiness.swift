/// When a guest that was started counts as ready: once all of its probes have come true.
public struct Readiness: Hashable, Sendable, CustomStringConvertible {
  public static let defaultTimeout = TimeSpan(seconds: 300)

  /// At least one.
  public let probes: [ReadinessProbe]
  /// How long all of them together may take after the start.
  public let timeout: TimeSpan

  public init(probes: [ReadinessProbe], timeout: TimeSpan = defaultTimeout) {
    self.probes = probes
    self.timeout = timeout
  }

  /// `lease lan, tcp 22; within 5m`
  public var description: String {
    probes.map(\.description).joined(separator: ", ") + "; within \(timeout)"
  }
}

/// One thing that is waited for.
public enum ReadinessProbe: Hashable, Sendable, CustomStringConvertible {
  /// The NIC has an address, by DHCP or by what the guest's agent says.
  case lease(nic: ResourceName)
  /// The guest's agent answers.
  case agent
  /// A TCP connection is accepted.
  case tcp(Endpoint)
  /// A GET of the path is answered with the status.
  case http(Endpoint, path: String, status: Int)
  /// The text appears on the serial console.
  case console(String)
  /// cloud-init is done.
  case cloudInit

  /// Where a guest is reached from the machine that virtform runs on.
  public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public enum Place: Hashable, Sendable {
      /// Whatever address the guest has.
      case anyNIC
      case nic(ResourceName)
      /// An IP address or a name that resolves to one.
      case address(String)
    }

    /// 1 to 65535.
    public let port: Int
    public let place: Place

    public init(port: Int, place: Place = .anyNIC) {
      self.port = port
      self.place = place
    }

    /// `22`, `22 of lan` or `22 of 10.0.0.5`
    public var description: String {
      switch place {
      case .anyNIC: "\(port)"
      case .nic(let name): "\(port) of \(name)"
      case .address(let address): "\(port) of \(address)"
      }
    }
  }

  public var description: String {
    switch self {
    case .lease(let nic): "lease \(nic)"
    case .agent: "agent"
    case .tcp(let endpoint): "tcp \(endpoint)"
    case .http(let endpoint, let path, let status): "http \(endpoint) GET \(path) \(status)"
    case .console(let text): "console \"\(text)\""
    case .cloudInit: "cloud-init"
    }
  }
}

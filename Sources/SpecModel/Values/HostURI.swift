import Glibc

/// Where a host's libvirt is reached, built from checked parts.
///
/// Follows <https://libvirt.org/uri.html>. Parameters that run a program (`command`), that reach the remote
/// shell unescaped (`socket` over ssh) or that drop the check of the host's key (`no_verify`) are refused.
public struct HostURI: Hashable, Sendable, CustomStringConvertible {
  /// `qemu`, `xen`, `test` …
  public let driver: String
  /// `ssh`, `tls` …; nil for the local daemon.
  public let transport: String?
  public let user: String?
  /// Host name or address; nil for this machine.
  public let host: String?
  public let port: Int?
  /// Path of the URI with its slash: `/system`.
  public let path: String
  /// Checked parameters in the order they were written.
  public let parameters: [Parameter]

  /// One `name=value` behind the question mark.
  public struct Parameter: Hashable, Sendable {
    public let name: String
    public let value: String
  }

  static let drivers = ["qemu", "xen", "test", "esx", "vpx", "bhyve", "ch"]
  /// Drivers that run in the client and speak to the hypervisor itself.
  static let agentless: Set<String> = ["esx", "vpx"]
  static let transports = ["unix", "ssh", "libssh", "libssh2", "tcp", "tls"]
  /// Each parameter that may stand in a URI, with the transports it goes with.
  static let parameterRules: [String: Set<String>] = [
    "socket": ["unix"],
    "mode": ["unix", "ssh", "libssh", "libssh2"],
    "keyfile": ["ssh", "libssh", "libssh2"],
    "known_hosts": ["libssh", "libssh2"],
    "sshauth": ["libssh", "libssh2"],
    "proxy": ["ssh", "libssh", "libssh2"],
    "no_tty": ["ssh"],
    "pkipath": ["tls"],
    "tls_priority": ["tls"],
  ]

  /// Reads a URI such as `qemu+ssh://root@rack1/system`; what is not known to be harmless is refused.
  public init(parsing text: String) throws(ValueError) {
    guard let separator = text.firstRange(of: "://") else {
      throw ValueError(
        "'\(text)' is not a libvirt URI", help: "write one such as qemu+ssh://root@rack1/system")
    }
    let scheme = text[..<separator.lowerBound].split(separator: "+", omittingEmptySubsequences: false).map(
      String.init)
    guard let driver = scheme.first, Self.drivers.contains(driver), scheme.count <= 2 else {
      throw ValueError(
        "unknown driver '\(text[..<separator.lowerBound])' in the URI",
        help: "drivers are \(Self.drivers.joined(separator: ", "))")
    }
    let transport = scheme.count == 2 ? scheme[1] : nil
    if let transport, !Self.transports.contains(transport) {
      throw ValueError(
        "unknown transport '\(transport)' in the URI",
        help: transport == "ext"
          ? "ext runs a local program" : "transports are \(Self.transports.joined(separator: ", "))")
    }
    let rest = text[separator.upperBound...]
    let query = rest.firstIndex(of: "?")
    let authorityAndPath = rest[..<(query ?? rest.endIndex)]
    let slash = authorityAndPath.firstIndex(of: "/")
    guard let slash else { throw ValueError("the URI '\(text)' has no path", help: "end it with /system") }
    path = String(authorityAndPath[slash...])
    try Self.check(path, of: "path", allowed: "/._-")
    (user, host, port) = try Self.authority(authorityAndPath[..<slash])
    self.driver = driver
    // libvirt takes TLS for a remote daemon where no transport is named; ESX speaks its own protocol.
    self.transport = transport ?? (host == nil || Self.agentless.contains(driver) ? nil : "tls")
    guard host == nil || transport != "unix" else {
      throw ValueError("a unix socket is on this machine: the URI cannot name a host")
    }
    guard host != nil || self.transport == nil || transport == "unix" else {
      throw ValueError("the URI '\(text)' names no host for its transport")
    }
    parameters = try Self.parameters(
      query.map { rest[rest.index(after: $0)...] } ?? "", transport: self.transport)
  }

  private static func authority(_ text: Substring) throws(ValueError) -> (String?, String?, Int?) {
    guard !text.isEmpty else { return (nil, nil, nil) }
    var rest = text
    var user: String?
    if let at = rest.lastIndex(of: "@") {
      let name = String(rest[..<at])
      try check(name, of: "user", allowed: "._-")
      user = name
      rest = rest[rest.index(after: at)...]
    }
    var port: Int?
    let isIPv6 = rest.first == "["
    // libvirt takes what stands in brackets as it is, so only an address may stand there.
    if let colon = rest.lastIndex(of: ":"), !isIPv6 || rest[..<colon].last == "]" {
      let digits = rest[rest.index(after: colon)...]
      guard let number = Int(digits), (1...65535).contains(number), String(number) == digits else {
        throw ValueError("the port in '\(text)' is not a number from 1 to 65535")
      }
      port = number
      rest = rest[..<colon]
    }
    if isIPv6 { try checkIPv6(rest) } else { try check(String(rest), of: "host", allowed: ".-_") }
    return (user, String(rest), port)
  }

  /// An address in brackets, with or without a zone: `[fe80::1%eth0]`.
  private static func checkIPv6(_ host: Substring) throws(ValueError) {
    guard host.last == "]" else { throw ValueError("'\(host)' has no ']' behind the IPv6 address") }
    let parts = host.dropFirst().dropLast().split(
      separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    var address = in6_addr()
    // C reads no further than a NUL.
    guard let text = parts.first, text.utf8.allSatisfy({ $0 != 0 }),
      inet_pton(AF_INET6, String(text), &address) == 1
    else {
      throw ValueError("'\(host)' is not an IPv6 address", help: "write one such as [fd00::10]")
    }
    if parts.count == 2 { try check(String(parts[1]), of: "zone", allowed: "._-") }
  }

  private static func parameters(_ text: Substring, transport: String?) throws(ValueError) -> [Parameter] {
    var parameters: [Parameter] = []
    for part in text.split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard pair.count == 2 else { throw ValueError("'\(part)' in the URI is not name=value") }
      guard let transports = parameterRules[pair[0]] else {
        let dangers = [
          "command": "it runs a program on this machine", "netcat": "it runs a program on the host",
          "no_verify": "it drops the check of the host's key", "no_sanity": "it drops TLS checks",
        ]
        let known = parameterRules.keys.sorted().joined(separator: ", ")
        throw ValueError(
          "the parameter '\(pair[0])' is not allowed in a URI",
          help: dangers[pair[0]] ?? "allowed are \(known)")
      }
      guard let transport, transports.contains(transport) else {
        throw ValueError(
          "the parameter '\(pair[0])' goes with \(transports.sorted().joined(separator: ", ")) only")
      }
      try check(pair[1], of: pair[0], allowed: "/._-+:,")
      guard !parameters.contains(where: { $0.name == pair[0] }) else {
        throw ValueError("the parameter '\(pair[0])' stands in the URI twice")
      }
      parameters.append(Parameter(name: pair[0], value: pair[1]))
    }
    return parameters
  }

  /// Letters, digits and `allowed`; never a leading dash, which a program could take for an option.
  private static func check(_ text: String, of part: String, allowed: String) throws(ValueError) {
    let isFine = text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": true
      default: allowed.unicodeScalars.contains(scalar)
      }
    }
    guard isFine, !text.isEmpty, text.first != "-" else {
      throw ValueError(
        text.isEmpty ? "the \(part) in the URI is empty" : "'\(text)' is not a valid \(part) in a URI")
    }
  }

  public var description: String {
    let scheme = driver + (transport.map { "+" + $0 } ?? "")
    let authority = (user.map { $0 + "@" } ?? "") + (host ?? "") + (port.map { ":\($0)" } ?? "")
    let query = parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    return "\(scheme)://\(authority)\(path)" + (query.isEmpty ? "" : "?" + query)
  }
}

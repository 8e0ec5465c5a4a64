extension SiteDecoder {
  /// What is waited for after the start of a VM: `ready: {tcp: 22, timeout: 2m}`.
  func decodeReadiness(_ reader: MappingReader, _ instance: Instance, _ settings: MachineSettings)
    -> Readiness?
  {
    guard let ready = reader.nonEmpty("ready", help: "such as ready: {tcp: 22}") else { return nil }
    defer { ready.finish() }
    let reportsBefore = diagnostics.reportCount
    let nics = instance.isTemplate || reader.isUnreadable("nics") ? nil : reader.nestedKeys("nics")
    var probes: [ReadinessProbe] = []
    if let nic = self.nic(ready, "lease", among: nics) { probes.append(.lease(nic: nic)) }
    if ready.bool("agent") == true { probes.append(.agent) }
    if let tcp = decodeTCP(ready, among: nics) { probes.append(tcp) }
    if let http = decodeHTTP(ready, instance, among: nics) { probes.append(http) }
    if let text = ready.line("console") {
      if text.isEmpty {
        ready.error("'console' is empty", at: "console", help: "such as console: \"login:\"")
      }
      if settings.console == false {
        ready.error("this VM has no serial console to look at", at: "console", help: "give it console: true")
      }
      probes.append(.console(text))
    }
    if ready.bool("cloud_init") == true { probes.append(.cloudInit) }
    let timeout = ready.value("timeout") { text throws(ValueError) in
      let timeout = try TimeSpan(parsing: text)
      guard timeout.seconds > 0 else {
        throw ValueError("nothing gets ready within \(text)", help: "such as 5m")
      }
      return timeout
    }
    if probes.isEmpty, !instance.isTemplate, diagnostics.reportCount == reportsBefore,
      ready.keys.allSatisfy(Self.readinessKeys.contains)
    {
      reader.error(
        "'ready' does not say what to wait for", at: "ready",
        help: "one or more of agent, cloud_init, console, http, lease, tcp")
    }
    return probes.isEmpty ? nil : Readiness(probes: probes, timeout: timeout ?? Readiness.defaultTimeout)
  }

  private static let readinessKeys: Set = [
    "agent", "cloud_init", "console", "http", "lease", "tcp", "timeout",
  ]

  /// `tcp: 22` is short for `tcp: {port: 22}`.
  private func decodeTCP(_ ready: MappingReader, among nics: [String]?) -> ReadinessProbe? {
    guard ready.node("tcp")?.mapping != nil, let tcp = ready.nested("tcp") else {
      return ready.int("tcp", in: 1...65_535).map { .tcp(.init(port: $0)) }
    }
    defer { tcp.finish() }
    let port = tcp.int("port", in: 1...65_535)
    tcp.missing("port", help: "such as port: 22")
    let place = decodePlace(tcp, among: nics)
    return port.map { .tcp(.init(port: $0, place: place)) }
  }

  private func decodeHTTP(_ ready: MappingReader, _ instance: Instance, among nics: [String]?)
    -> ReadinessProbe?
  {
    guard let http = ready.nested("http") else { return nil }
    defer { http.finish() }
    let port = http.int("port", in: 1...65_535) ?? 80
    let status = http.int("status", in: 100...599) ?? 200
    let place = decodePlace(http, among: nics)
    var path = http.line("path") ?? "/"
    // What is sent is one line of a request.
    if !path.hasPrefix("/") || path.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) {
      http.error("'\(path)' is not the path of a URL", at: "path", help: "such as path: /healthz")
      path = "/"
    }
    return .http(.init(port: port, place: place), path: path, status: status)
  }

  private func decodePlace(_ reader: MappingReader, among nics: [String]?) -> ReadinessProbe.Endpoint.Place {
    if reader.has("address"), reader.has("nic") {
      reader.error("a probe has either 'address' or 'nic'", at: "nic")
    }
    let nic = self.nic(reader, "nic", among: nics)
    let address = reader.value("address", Self.networkAddress)
    return address.map { .address($0) } ?? nic.map { .nic($0) } ?? .anyNIC
  }

  /// An IP address or a host name, as far as it can be told without asking anybody.
  static func networkAddress(_ text: String) throws(ValueError) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: ":"):
        true
      default: false
      }
    }
    guard isPlain, !text.isEmpty, !text.hasPrefix("-"), text.utf8.count <= 253 else {
      throw ValueError("'\(text)' is not an address", help: "write an IP address or a host name")
    }
    return text
  }

  /// The NIC of the VM that `key` names.
  ///
  /// - Parameter nics: the names there are; nil if nobody knows them yet.
  private func nic(_ reader: MappingReader, _ key: String, among nics: [String]?) -> ResourceName? {
    guard let name = reader.name(key) else { return nil }
    guard let nics, !nics.contains(name.rawValue) else { return name }
    let near = diagnostics.suggestions.nearest(to: name.rawValue, in: nics).map { "did you mean '\($0)'?" }
    reader.error(
      "this VM has no NIC '\(name)'", at: key,
      help: near ?? (nics.isEmpty ? nil : "it has " + nics.sorted().prefix(10).joined(separator: ", ")))
    return nil
  }
}

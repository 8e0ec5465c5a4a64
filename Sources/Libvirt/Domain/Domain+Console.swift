internal import CLibvirt

extension Domain {
  /// Opens a console of the running guest, following `virDomainOpenConsole`.
  ///
  /// - Parameters:
  ///   - device: The alias of a serial device or console, `serial0`; `nil` for the first console.
  ///   - force: Takes the console away from whoever has it.
  public func openConsole(device: String? = nil, force: Bool = false) async throws -> Stream {
    let flags = force ? VIR_DOMAIN_CONSOLE_FORCE.rawValue : 0
    return try await call("virDomainOpenConsole", .reads) { [connection] call, domain in
      try Stream(of: connection, call) { virDomainOpenConsole(domain, device, $0, flags) }
    }
  }
}

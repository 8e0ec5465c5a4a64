internal import CLibvirt

extension Domain {
  /// Starts the guest, from its saved state if there is one; follows `virDomainCreateWithFlags`.
  ///
  /// - Parameter paused: Leaves the processors stopped until ``resume()``.
  public func start(paused: Bool = false) async throws {
    let flags = paused ? VIR_DOMAIN_START_PAUSED.rawValue : 0
    try await call("virDomainCreateWithFlags", .changes) { call, domain in
      _ = try call.check(virDomainCreateWithFlags(domain, flags))
    }
  }

  /// Asks the guest to shut down, following `virDomainShutdownFlags`. Returns before it has, and the guest
  /// may ignore it.
  public func shutdown(_ method: ShutdownMethod = .automatic) async throws {
    try await call("virDomainShutdownFlags", .changes) { call, domain in
      _ = try call.check(virDomainShutdownFlags(domain, method.shutdownFlags))
    }
  }

  /// Asks the guest to reboot, following `virDomainReboot`. Returns before it has, and the guest may ignore
  /// it.
  public func reboot(_ method: ShutdownMethod = .automatic) async throws {
    try await call("virDomainReboot", .changes) { call, domain in
      _ = try call.check(virDomainReboot(domain, method.rebootFlags))
    }
  }

  /// Takes the guest's power away, following `virDomainDestroyFlags`; the definition and the disks stay.
  ///
  /// - Parameter graceful: Fails if the hypervisor does not end in time, instead of killing it.
  public func powerOff(graceful: Bool = false) async throws {
    let flags = graceful ? VIR_DOMAIN_DESTROY_GRACEFUL.rawValue : VIR_DOMAIN_DESTROY_DEFAULT.rawValue
    try await call("virDomainDestroyFlags", .changes) { call, domain in
      _ = try call.check(virDomainDestroyFlags(domain, flags))
    }
  }

  /// Stops the processors; memory stays in use. Follows `virDomainSuspend`.
  public func suspend() async throws {
    try await call("virDomainSuspend", .changes) { _ = try $0.check(virDomainSuspend($1)) }
  }

  /// Lets a paused guest run, following `virDomainResume`.
  public func resume() async throws {
    try await call("virDomainResume", .changes) { _ = try $0.check(virDomainResume($1)) }
  }

  /// Removes the definition, following `virDomainUndefineFlags`; the disks stay. A running guest becomes
  /// transient.
  public func undefine(_ options: UndefineOptions = []) async throws {
    try await call("virDomainUndefineFlags", .changes) { call, domain in
      _ = try call.check(virDomainUndefineFlags(domain, options.rawValue))
    }
  }

  /// Whether the guest starts with its host, following `virDomainGetAutostart`.
  public func autostart() async throws -> Bool {
    try await call("virDomainGetAutostart") { call, domain in
      var autostart: Int32 = 0
      try call.check(virDomainGetAutostart(domain, &autostart))
      return autostart == 1
    }
  }

  /// Says whether the guest is to start with its host, following `virDomainSetAutostart`.
  public func setAutostart(_ autostart: Bool) async throws {
    try await call("virDomainSetAutostart", .changes) { call, domain in
      _ = try call.check(virDomainSetAutostart(domain, autostart ? 1 : 0))
    }
  }
}

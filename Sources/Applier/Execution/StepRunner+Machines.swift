import FoundationEssentials
import Libvirt
import Planner
import SpecModel

extension StepRunner {
  func domain(_ uuid: UUID) async throws -> Domain {
    guard let domain = try await connection.domain(uuid: uuid) else {
      throw Failure(description: "the VM is gone")
    }
    return domain
  }

  func define(_ machine: Machine) async throws {
    // Made by another run since the plan: what it was given since is not overwritten.
    guard try await connection.domain(uuid: machine.uuid) == nil else { return }
    let document = DomainDocument.definition(of: machine, on: host)
    let domain = try await connection.defineDomain(document, validate: true)
    if let autostart = machine.settings.autostart { try await domain.setAutostart(autostart) }
  }

  func update(_ update: MachineUpdate) async throws {
    let domain = try await domain(update.wanted.uuid)
    if update.fields.contains(.autostart), let autostart = update.wanted.settings.autostart {
      try await domain.setAutostart(autostart)
    }
    // The guest first: what it refuses is not written down, so the next plan has it again.
    if try await domain.isActive() {
      for field in update.liveFields.sorted() {
        try await change(field, of: domain, to: update.wanted.settings)
      }
    }
    let before = try await domain.xml(.inactive, secure: true)
    let after = DomainDocument.edit(before, update, on: host)
    _ = try await connection.defineDomain(after, validate: true)
  }

  /// Changes a running guest. Fields that no guest notices have nothing to do here.
  private func change(_ field: MachineField, of domain: Domain, to settings: MachineSettings) async throws {
    switch field {
    case .title: try await domain.setTitle(settings.title, affecting: .live)
    case .description: try await domain.setDescription(settings.description, affecting: .live)
    case .cpus:
      if let cpus = settings.cpus { try await domain.setVCPUs(cpus.count, affecting: .live) }
    case .memory:
      if let memory = settings.memory {
        try await domain.setMemory(kibibytes: memory.size.rawValue >> 10, affecting: .live)
      }
    case .accel, .machine, .firmware, .cpu, .kernel, .initrd, .cmdline, .graphics, .console, .autostart,
      .running:
      break
    }
  }

  func start(_ uuid: UUID) async throws {
    let domain = try await domain(uuid)
    if try await !domain.isActive() { try await domain.start() }
  }

  // MARK: Stop

  func stop(_ domain: Domain, _ policy: ShutdownPolicy) async throws {
    guard try await domain.isActive() else { return }
    if try await shutsDown(domain, within: policy.timeout) { return }
    guard policy.force else {
      throw Failure(
        description: "the guest did not shut down within \(policy.timeout); "
          + "it runs on (shutdown: {force: true} would power it off)")
    }
    try await domain.powerOff()
  }

  /// Stops a guest that is about to be removed: gracefully if it will, else by its power.
  func powerOff(_ uuid: UUID, _ policy: ShutdownPolicy) async throws {
    guard let domain = try await connection.domain(uuid: uuid), try await domain.isActive() else { return }
    if policy.timeout.seconds > 0, try await shutsDown(domain, within: policy.timeout) { return }
    if try await domain.isActive() { try await domain.powerOff() }
  }

  private func shutsDown(_ domain: Domain, within timeout: TimeSpan) async throws -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + timeout.duration
    var nextRequest = clock.now
    while clock.now < deadline {
      if try await !domain.isActive() { return true }
      if clock.now >= nextRequest {
        // A guest that was still booting did not hear the first request.
        do {
          try await domain.shutdown()
        } catch let error as LibvirtError where error.code == .operationInvalid {
          // It went down in between.
        }
        nextRequest = clock.now + .seconds(5)
      }
      try await Task.sleep(for: .milliseconds(200))
    }
    return try await !domain.isActive()
  }

  /// Without consent to data loss the firmware's variables stay, and a saved state of the guest is an obstacle.
  func undefine(_ uuid: UUID, keepsState: Bool) async throws {
    guard let domain = try await connection.domain(uuid: uuid) else { return }
    let options: UndefineOptions =
      switch host.driver {
      case .qemu where keepsState: [.snapshotsMetadata, .checkpointsMetadata, .keepNVRAM]
      case .qemu: [.managedSave, .snapshotsMetadata, .checkpointsMetadata, .nvram]
      case .test: [.managedSave, .snapshotsMetadata]
      case .xen: [.managedSave]
      case .other: []
      }
    try await domain.undefine(options)
  }
}

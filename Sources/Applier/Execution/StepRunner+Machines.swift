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
    // Made by another run since the plan: what it was given since is not overwritten. What this run has removed itself may
    // have been there when it asked.
    let wasThere = try await recent.domains(on: connection).contains(machine.uuid)
    if wasThere, try await connection.domain(uuid: machine.uuid) != nil { return }
    let document = DomainDocument.definition(of: machine, on: host)
    let domain = try await checked.define(document, on: connection)
    former.keep(domain)
    if let autostart = machine.settings.autostart { try await domain.setAutostart(autostart) }
  }

  /// What somebody undefined under a running guest libvirt still knows from the guest.
  func redefine(_ domain: Domain) async throws {
    guard try await !domain.isPersistent() else { return }
    try await checked.define(domain.xml(.inactive, secure: true), on: connection)
  }

  func update(_ update: MachineUpdate) async throws {
    let domain = try await domain(update.wanted.uuid)
    if let mark = MarkDocument.read(from: try await domain.xml(.inactive)) {
      former.remember(mark, of: domain.uuid)
    }
    if update.fields.contains(.autostart), let autostart = update.wanted.settings.autostart {
      try await domain.setAutostart(autostart)
    }
    // The guest first: what it refuses is not written down, so the next plan has it again.
    let isActive = try await domain.isActive()
    if isActive, !update.liveFields.isEmpty || !update.devices.isEmpty {
      try await announcing(update, to: domain) { names in
        for field in update.liveFields.sorted() {
          try await change(field, of: domain, to: update.wanted.settings)
        }
        try await change(update.devices, of: domain, names)
      }
    }
    let before = try await domain.xml(.inactive, secure: true)
    let guest = isActive ? try await domain.xml(.live) : nil
    let after = DomainDocument.edit(before, update, on: host, guest: guest)
    if update.isOnlyMark, let mark = MarkDocument.read(from: after) {
      // The definition stays as it is, even one that this libvirt would not take again.
      return try await write(mark, of: domain)
    }
    try await checked.define(after, on: connection)
  }

  /// Writes into the mark what the guest is about to get: who finds it there knows that a run was cut off, and what the
  /// devices are called that only the guest has. If the guest refuses a part of it, the mark says so as well: the rest may be
  /// in the guest.
  private func announcing(
    _ update: MachineUpdate, to domain: Domain, _ body: (_ names: Mark) async throws -> Void
  ) async throws {
    let before = try await domain.xml(.inactive, secure: true)
    let live = try await domain.xml(.live)
    let after = DomainDocument.edit(before, update, on: host, guest: live)
    guard let old = update.adopting ?? MarkDocument.read(from: before),
      let wanted = MarkDocument.read(from: after)
    else { throw Failure(description: "the VM has lost virtform's mark") }
    var mark = DomainDocument.present(
      old.renaming(update.renamedDevices), in: before, guest: live, overlays: update.overlays)
    mark.unfinished = Set(old.unfinished + update.livePaths).sorted()
    mark.disks += wanted.disks.filter { disk in !mark.disks.contains { $0.name == disk.name } }
    mark.nics += wanted.nics.filter { nic in !mark.nics.contains { $0.name == nic.name } }
    try await write(mark, of: domain)
    try await body(mark)
  }

  private func write(_ mark: Mark, of domain: Domain) async throws {
    var element = MarkDocument.element(mark)
    // libvirt writes prefix and declaration itself.
    element = element.withoutPrefix(MarkDocument.prefix)
    try await domain.setMetadata(
      element: element, prefix: MarkDocument.prefix, uri: MarkDocument.namespace, affecting: .config)
  }

  /// Changes a running guest. Fields that no guest notices have nothing to do here.
  private func change(_ field: MachineField, of domain: Domain, to settings: MachineSettings) async throws {
    switch field {
    case .title: try await domain.setTitle(settings.title, affecting: .live)
    case .description: try await domain.setDescription(settings.description, affecting: .live)
    case .cpus:
      if let cpus = settings.cpus { try await setVCPUs(cpus.count, of: domain) }
      // What was plugged in just now runs anywhere yet.
      try await pin(settings.cpuPinning, of: domain)
    case .cpuShares:
      guard let shares = settings.cpuShares else { break }
      if host.driver == .xen {
        try await domain.setSchedulerParameters(
          [.init("weight", .unsignedInt(UInt32(shares)))], affecting: [])
      } else {
        try await domain.setSchedulerParameters([.init("cpu_shares", UInt64(shares))], affecting: .live)
      }
    case .cpuLimit: try await limitCPUs(of: domain, to: settings.cpuLimit)
    case .cpuPinning: try await pin(settings.cpuPinning, of: domain)
    case .memory:
      if let memory = settings.memory {
        let plugged = DomainDocument.pluggedKibibytes(in: try await domain.xml(.live))
        try await domain.setMemory(kibibytes: (memory.size.rawValue >> 10) + plugged, affecting: .live)
      }
    case .password: try await setPassword(settings.graphicsPassword, of: domain)
    case .randomSource: try await set(settings.randomSource, of: domain)
    case .name, .accel, .virt, .cpuTopology, .memoryLimit, .hugePages, .numaCells, .numaNodes, .machine,
      .firmware,
      .secureBoot, .cpu, .kernel, .initrd, .cmdline, .ignition, .boot, .graphics, .console, .consoleLog, .tpm,
      .watchdog,
      .autostart, .shutdown, .protect, .metaData, .networkConfig, .userData, .state:
      break
    }
  }

  /// A guest gives a vCPU back when it likes, often after libvirt has stopped waiting.
  private func setVCPUs(_ count: Int, of domain: Domain) async throws {
    do {
      try await domain.setVCPUs(count, affecting: .live)
    } catch let error as LibvirtError where error.code == .operationTimeout || error.code == .operationFailed
    {
      try await wait(for: Self.patience, orThrow: error) {
        let vcpu = try await domain.xml(.live).first("vcpu")
        return (vcpu?[attribute: "current"] ?? vcpu?.text)?.number == count
      }
    }
  }

  /// - Parameter limit: nil for as much as there is.
  private func limitCPUs(of domain: Domain, to limit: CPULimit?) async throws {
    if host.driver == .xen {
      let cap = UInt32(clamping: limit?.percent ?? 0)
      return try await domain.setSchedulerParameters([.init("cap", .unsignedInt(cap))], affecting: [])
    }
    try await domain.setSchedulerParameters(
      [
        .init("global_period", UInt64(CPULimit.period)),
        .init("global_quota", .long(limit.map { Int64($0.quota) } ?? -1)),
      ], affecting: .live)
  }

  private func pin(_ pinning: VCPUPinning?, of domain: Domain) async throws {
    guard let pinning else { return }
    let vcpu = try await domain.xml(.live).first("vcpu")
    let plugged = (vcpu?[attribute: "current"] ?? vcpu?.text)?.number ?? 0
    for (vcpu, set) in pinning.sets.sorted(by: { $0.key < $1.key }) where vcpu < plugged {
      try await domain.pinVCPU(vcpu, to: set.numbers, affecting: .live)
    }
  }

  private func setPassword(_ password: String?, of domain: Domain) async throws {
    guard let password, var graphics = try await domain.xml(.live, secure: true).at("devices", "graphics")
    else {
      return
    }
    graphics[attribute: "passwd"] = password
    try await domain.updateDevice(graphics, affecting: .live)
  }

  // MARK: Power

  func start(_ uuid: UUID, paused: Bool) async throws {
    let made = former.made(uuid, on: connection)
    let domain = if let made { made } else { try await domain(uuid) }
    do {
      try await domain.start(paused: paused)
    } catch {
      // libvirt refuses to start what runs already.
      if (try? await domain.isActive()) == true { return }
      try await restore(domain, paused: paused, because: error)
    }
    // libvirt's driver for Xen starts it without.
    if host.driver == .xen, let limit = DomainDocument.cpuLimit(of: try await domain.xml(.inactive)) {
      try await limitCPUs(of: domain, to: limit)
    }
  }

  /// Starts the guest as it was before this run stopped it. What it does not start with is not written down, so the next
  /// plan has it again.
  private func restore(_ domain: Domain, paused: Bool, because cause: any Error) async throws -> Never {
    guard var document = former.document(of: domain.uuid) else { throw cause }
    let definition = try await domain.xml(.inactive, secure: true)
    // It may have been renamed since.
    document.setChild(XMLElement("name", text: domain.name))
    // The guest's own mark is as old as its start.
    let written = MarkDocument.read(from: definition)
    if var mark = former.mark(of: domain.uuid) ?? written {
      // A protection counts once it is written down, whatever becomes of the rest.
      let protection = MachineField.protect.rawValue
      if let given = written?.applied[protection] { mark.applied[protection] = given }
      MarkDocument.write(DomainDocument.restored(mark, in: document), into: &document)
    }
    do {
      try await connection.defineDomain(document, validate: false).start(paused: paused)
    } catch {
      _ = try? await connection.defineDomain(definition, validate: false)
      throw Failure(description: "\(cause); and it does not start as it was before: \(error)")
    }
    throw Failure(description: "\(cause); it runs again as it was before")
  }

  func suspend(_ domain: Domain) async throws {
    if try await domain.state() != .paused { try await domain.suspend() }
  }

  func resume(_ domain: Domain) async throws {
    guard try await domain.state() == .paused else { return }
    let transit = TransitDocument.read(from: try await domain.xml(.live))
    do {
      try await domain.resume()
      if transit != nil { try await TransitDocument.note(domain, nil) }
    } catch let error as LibvirtError where error.code == .operationInvalid {
      // A guest that is just being started is paused for a moment.
      guard try await domain.state() == .running else { throw error }
    }
  }

  func rename(_ domain: Domain, to name: String) async throws {
    if domain.name != name { try await domain.rename(to: name) }
  }

  func forget(_ uuid: UUID) async throws {
    guard let domain = try await connection.domain(uuid: uuid) else { return }
    var affected: Affect = []
    if try await domain.isActive() { affected.insert(.live) }
    if try await domain.isPersistent() { affected.insert(.config) }
    try await domain.setMetadata(
      element: nil, prefix: MarkDocument.prefix, uri: MarkDocument.namespace, affecting: affected)
  }

  /// How long a guest may take to let go of a device or a vCPU.
  static let patience = Duration.seconds(20)

  /// Looks again until `condition` holds.
  func wait(
    for limit: Duration, orThrow error: @autoclosure () -> any Error, until condition: () async throws -> Bool
  ) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var backoff = Backoff()
    while try await !condition() {
      guard clock.now < deadline else { throw error() }
      try await backoff.pause()
    }
  }

  // MARK: Stop

  func stop(_ domain: Domain, _ policy: ShutdownPolicy) async throws {
    guard try await domain.isActive() else { return }
    if try await isOnlyMoved(domain) { return try await domain.powerOff() }
    if host.driver == .qemu {
      former.remember(try await domain.migratableXML(), of: domain.uuid)
    }
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
    let isOnlyMoved = try await isOnlyMoved(domain)
    if policy.timeout.seconds > 0, !isOnlyMoved, try await shutsDown(domain, within: policy.timeout) {
      return
    }
    if try await domain.isActive() { try await domain.powerOff() }
  }

  /// True for a guest of a VM that is off, which a move has started and was cut off: there is nothing to shut down.
  private func isOnlyMoved(_ domain: Domain) async throws -> Bool {
    guard try await domain.state() == .paused else { return false }
    return TransitDocument.read(from: try await domain.xml(.live)) == .off
  }

  private func shutsDown(_ domain: Domain, within timeout: TimeSpan) async throws -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + timeout.duration
    var nextRequest = clock.now
    // A paused guest hears nothing.
    if try await domain.state() == .paused { try await domain.resume() }
    var backoff = Backoff()
    while clock.now < deadline {
      if clock.now >= nextRequest {
        // A guest that was still booting did not hear the first request.
        try await requestShutdown(of: domain)
        nextRequest = clock.now + .seconds(5)
      }
      if try await !domain.isActive() { return true }
      try await backoff.pause()
    }
    return try await !domain.isActive()
  }

  /// Asks the guest's agent where there is one, else by the power button.
  private func requestShutdown(of domain: Domain) async throws {
    do {
      if host.driver == .qemu, try await hasAgent(domain) {
        do { return try await domain.shutdown(.guestAgent) } catch let error as LibvirtError
          where error.code != .operationInvalid
        {
          // An agent that hangs is no reason not to press the button.
        }
      }
      try await domain.shutdown(host.driver == .qemu ? .acpi : .automatic)
    } catch let error as LibvirtError {
      // It went down in between. On Xen it is shut off for some seconds before it is gone, and hears nothing.
      if error.code == .operationInvalid { return }
      guard try await domain.state() == .shutoff else { throw error }
    }
  }

  private func hasAgent(_ domain: Domain) async throws -> Bool {
    try await domain.xml(.live).all(at: "devices", "channel").contains { channel in
      channel.first("target")?[attribute: "name"] == "org.qemu.guest_agent.0"
        && channel.first("target")?[attribute: "state"] == "connected"
    }
  }

  /// Without consent to data loss the firmware's variables and what the TPM holds stay. A saved state goes, as what a
  /// running guest has in its memory does: the plan says so.
  func undefine(_ uuid: UUID, keepsState: Bool) async throws {
    guard let domain = try await connection.domain(uuid: uuid) else { return }
    var options: UndefineOptions =
      switch host.driver {
      case .qemu where keepsState: [.managedSave, .snapshotsMetadata, .checkpointsMetadata, .keepNVRAM]
      case .qemu: [.managedSave, .snapshotsMetadata, .checkpointsMetadata, .nvram]
      case .test: [.managedSave, .snapshotsMetadata]
      case .xen: [.managedSave]
      case .esx, .other: []
      }
    // A libvirt that does not know the word, which is older than 8.9, would delete what a TPM holds: it shall refuse.
    if host.driver == .qemu, try await domain.xml(.inactive).at("devices", "tpm") != nil {
      options.insert(keepsState ? .keepTPM : .tpm)
    }
    try await domain.undefine(options)
  }
}

extension XMLElement {
  /// The same without a namespace's prefix and declaration.
  fileprivate func withoutPrefix(_ prefix: String) -> XMLElement {
    var element = self
    element.name = String(name.dropFirst(name.hasPrefix("\(prefix):") ? prefix.count + 1 : 0))
    element.attributes.removeAll { $0.name == "xmlns:\(prefix)" }
    element.children = children.map { node in node.element.map { .element($0.withoutPrefix(prefix)) } ?? node
    }
    return element
  }
}

extension String {
  /// The number that the text is, white space around it aside.
  fileprivate var number: Int? { Int(filter { !$0.isWhitespace }) }
}

/// Devices that a VM has or has not. `true` is one as most people want it, a map says more, and `false` is none: it
/// takes back what a profile says.
extension SiteDecoder {
  private func device<Kind>(
    _ reader: MappingReader, _ key: String, standard: Kind, _ decode: () -> Kind?
  ) -> OptionalDevice<Kind>? {
    guard let node = reader.node(key) else { return nil }
    return switch node.scalar?.bool {
    case true: .present(standard)
    case false: .absent
    case nil: decode().map { .present($0) }
    }
  }

  func decodeTPM(_ reader: MappingReader, isComplete: Bool) -> OptionalDevice<TPMModel>? {
    device(reader, "tpm", standard: .crb) {
      let help = "write tpm: true, or its model, such as tpm: {model: tis}"
      guard let tpm = reader.nonEmpty("tpm", help: help) else { return nil }
      defer { tpm.finish() }
      if isComplete { tpm.missing("model", help: "such as model: crb") }
      return tpm.choice("model")
    }
  }

  func decodeRandomSource(_ reader: MappingReader) -> OptionalDevice<RandomSource>? {
    device(reader, "rng", standard: RandomSource()) {
      let help = "write rng: true, or a limit, such as rng: {rate: 1KiB}"
      guard let source = reader.nonEmpty("rng", help: help) else { return nil }
      defer { source.finish() }
      return RandomSource(rate: source.value("rate", Self.randomRate))
    }
  }

  /// Bytes a second, in libvirt's 32 bits.
  private static func randomRate(_ text: String) throws(ValueError) -> ByteCount {
    let rate = try ByteCount(parsing: text)
    guard rate.rawValue > 0 else {
      throw ValueError("a limit of 0 B would be no device at all", help: "write rng: false")
    }
    guard rate <= .gibibytes(1) else {
      throw ValueError(
        "a limit of \(rate) a second is too much", help: "at most 1GiB; rng: true is without one")
    }
    return rate
  }

  /// `watchdog: reset` is short for `watchdog: {action: reset}`.
  func decodeWatchdog(_ reader: MappingReader) -> OptionalDevice<Watchdog>? {
    device(reader, "watchdog", standard: Watchdog()) {
      guard reader.node("watchdog")?.mapping != nil else {
        return reader.choice("watchdog").map { Watchdog(action: $0) }
      }
      let help = "write what it does, such as watchdog: reset"
      guard let watchdog = reader.nonEmpty("watchdog", help: help) else { return nil }
      defer { watchdog.finish() }
      let (model, action) = (
        watchdog.choice("model", Watchdog.Model.self), watchdog.choice("action", Watchdog.Action.self)
      )
      return Watchdog(model: model ?? .i6300esb, action: action ?? .reset)
    }
  }

  /// `console: {log: PATH}` is a console, too.
  func decodeConsole(_ reader: MappingReader, into settings: inout MachineSettings) {
    guard reader.node("console")?.mapping != nil else {
      settings.console = reader.bool("console")
      return
    }
    let help = "write console: true, or where its log is, such as console: {log: /var/log/web.log}"
    guard let console = reader.nonEmpty("console", help: help) else { return }
    defer { console.finish() }
    settings.console = true
    settings.consoleLog = console.value("log") { text throws(ValueError) in
      try Self.absolutePath(text, what: "a file on the host")
    }
  }

  /// `firmware: uefi` is short for `firmware: {type: uefi}`.
  func decodeFirmware(_ reader: MappingReader, isComplete: Bool, into settings: inout MachineSettings) {
    guard reader.node("firmware")?.mapping != nil, let firmware = reader.nested("firmware") else {
      settings.firmware = reader.choice("firmware")
      return
    }
    defer { firmware.finish() }
    settings.firmware = firmware.choice("type")
    if isComplete { firmware.missing("type", help: "such as type: uefi") }
    settings.secureBoot = firmware.bool("secure_boot")
    if settings.firmware == .bios, firmware.has("secure_boot") {
      firmware.error("only UEFI has secure boot", at: "secure_boot", help: "leave it out, or use type: uefi")
      settings.secureBoot = nil
    }
  }
}

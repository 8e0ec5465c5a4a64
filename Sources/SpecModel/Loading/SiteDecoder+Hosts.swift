extension SiteDecoder {
  mutating func decodeHosts(_ spec: MappingReader) {
    for (name, entry) in declare(.hosts, in: spec) {
      let path = SpecPath("hosts.\(name)")
      guard let reader = MappingReader(entry.value, at: path, diagnostics) else { continue }
      if name.rawValue == Self.anyHost {
        diagnostics.error(
          "a host cannot be named '\(name)'", at: entry.keyLocation,
          help: "host: \(name) stands for all hosts")
      }
      let uri = reader.value("uri") { text throws(ValueError) -> Host.Connection in
        text == "embedded" ? .embedded : .uri(try HostURI(parsing: text))
      }
      reader.missing(
        "uri", help: "such as qemu+ssh://root@\(name)/system, or embedded for a libvirt of virtform's own")
      let accel = reader.choice("accel", Accelerator.self) ?? .auto
      let size = decodeHostSize(reader)
      let labels = decodeLabels(reader)
      let reserve = decodeReserve(reader)
      let overcommit = decodeHostOvercommit(reader)
      let state = reader.choice("state", HostPhase.self) ?? .active
      let migration = decodeHostMigration(reader)
      reader.finish()
      guard let uri else { continue }
      let host = Host(
        name: name, connection: uri, accel: accel, size: size, labels: labels, reserve: reserve,
        overcommit: overcommit, state: state, migration: migration, path: path)
      hosts.append(host, as: name)
    }
    guard !spec.has("hosts"), let local = try? ResourceName(parsing: Self.embeddedHostName) else { return }
    declare(local, in: .hosts)
    hosts.append(
      Host(name: local, connection: .embedded, accel: .auto, path: SpecPath("hosts.\(local)")), as: local)
  }

  /// The CPUs that a host may have.
  static let hostCPUs = 1...65_536

  private func decodeHostSize(_ reader: MappingReader) -> HostSize? {
    guard let nested = reader.nonEmpty("size", help: "such as {cpus: 32, memory: 256GiB}") else { return nil }
    let cpus = nested.int("cpus", in: Self.hostCPUs)
    let memory = nested.value("memory") { text throws(ValueError) in
      let memory = try ByteCount(parsing: text)
      guard memory >= .mebibytes(1) else {
        throw ValueError("memory of \(memory) is too little for a host", help: "such as 256GiB")
      }
      return memory
    }
    for key in ["cpus", "memory"] { nested.missing(key) }
    nested.finish()
    guard let cpus, let memory else { return nil }
    return HostSize(cpus: cpus, memory: memory)
  }

  /// The CPUs that a host may keep for itself.
  static let reservedCPUs = 0...4096

  private func decodeReserve(_ reader: MappingReader) -> HostReserve {
    var reserve = HostReserve()
    guard let nested = reader.nonEmpty("reserve", help: "such as {memory: 4GiB}") else { return reserve }
    reserve.memory = nested.value("memory", ByteCount.init(parsing:)) ?? reserve.memory
    reserve.cpus = nested.int("cpus", in: Self.reservedCPUs) ?? reserve.cpus
    nested.finish()
    return reserve
  }

  private func decodeHostOvercommit(_ reader: MappingReader) -> HostOvercommit {
    var overcommit = HostOvercommit()
    guard let nested = reader.nonEmpty("overcommit", help: "such as {cpus: 4}") else { return overcommit }
    overcommit.memory = nested.value("memory", Ratio.init(parsing:)) ?? overcommit.memory
    overcommit.cpus = nested.value("cpus", Ratio.init(parsing:)) ?? overcommit.cpus
    nested.finish()
    return overcommit
  }

  private func decodeHostMigration(_ reader: MappingReader) -> HostMigration {
    var migration = HostMigration()
    guard let nested = reader.nonEmpty("migration", help: "such as {address: 10.0.0.2}") else {
      return migration
    }
    migration.address = server(nested, "address")
    migration.uri = nested.value("uri", Self.migrationURI)
    migration.usesTLS = nested.bool("tls") ?? false
    nested.finish()
    return migration
  }

  /// What the libvirt of another host opens, so it has to say which machine it means.
  private static func migrationURI(_ text: String) throws(ValueError) -> HostURI {
    let help = "such as qemu+tls://rack1/system"
    if text == "embedded" {
      throw ValueError("no other host reaches a libvirt of virtform's own", help: help)
    }
    let uri = try HostURI(parsing: text)
    guard uri.driver == "qemu" else {
      throw ValueError("only the libvirts of QEMU migrate guests among themselves", help: help)
    }
    guard uri.host != nil else {
      throw ValueError("by '\(text)' each other host would reach its own libvirt", help: help)
    }
    return uri
  }
}

extension SiteDecoder {
  mutating func decodeHosts(_ spec: MappingReader) {
    for (name, entry) in declare(.hosts, in: spec) {
      let path = SpecPath("hosts.\(name)")
      guard let reader = MappingReader(entry.value, at: path, diagnostics) else { continue }
      let uri = reader.value("uri") { text throws(ValueError) -> Host.Connection in
        text == "embedded" ? .embedded : .uri(try HostURI(parsing: text))
      }
      reader.missing(
        "uri", help: "such as qemu+ssh://root@\(name)/system, or embedded for a libvirt of virtform's own")
      let accel = reader.choice("accel", Accelerator.self) ?? .auto
      reader.finish()
      if let uri { hosts.append(Host(name: name, connection: uri, accel: accel, path: path), as: name) }
    }
    guard !spec.has("hosts"), let local = try? ResourceName(parsing: Self.embeddedHostName) else { return }
    declare(local, in: .hosts)
    hosts.append(
      Host(name: local, connection: .embedded, accel: .auto, path: SpecPath("hosts.\(local)")), as: local)
  }
}

import FoundationEssentials

extension SiteDecoder {
  mutating func decodeSharedDisks(_ spec: MappingReader) {
    for (name, entry) in declare(.disks, in: spec) {
      let path = SpecPath("disks.\(name)")
      guard let reader = MappingReader(entry.value, at: path, diagnostics) else { continue }
      let size = diskSize(reader)
      reader.missing("size", help: "such as size: 100GiB")
      let format = reader.choice("format", DiskFormat.self)
      let host = self.host(reader)
      let isProtected = reader.bool("protect") ?? false
      let pool = self.pool(reader, on: host)
      if let pool { checkDisk(format, size: size, image: nil, in: pool, reader) }
      reader.finish()
      if let size, let host, let pool {
        let disk = SharedDiskSpec(
          name: name, size: size, format: format, pool: pool, host: host, isProtected: isProtected, path: path
        )
        sharedDisks.append(disk, as: name)
      }
    }
  }

  /// Reports what a disk made in `pool` cannot be. What an external pool takes is known when its host is.
  func checkDisk(
    _ format: DiskFormat?, size: ByteCount?, image: ResourceName?, clone: CloneKind? = nil,
    in pool: ResourceName, _ reader: MappingReader
  ) {
    guard let type = pools[pool]?.source?.type else { return }
    if let refusal = type.refusal(ofDiskIn: format, pool: pool) {
      let key = type.makesVolumes ? "format" : reader.has("pool") ? "pool" : "size"
      reader.error(refusal.message, at: key, help: refusal.help)
    } else if image != nil, let refusal = type.refusal(of: clone, in: pool) {
      reader.error(refusal.message, at: clone == .linked ? "clone" : "image", help: refusal.help)
    } else if let size, let refusal = type.refusal(ofSize: size, pool: pool) {
      reader.error(refusal.message, at: "size", help: refusal.help)
    }
  }

  /// Reports what a VM reads that cannot lie in its pool.
  func checkFiles(_ machine: MappingReader, kernel: ResourceName?, in pool: ResourceName) {
    guard let type = pools[pool]?.source?.type else { return }
    let files = [
      ("kernel", "the VM's kernel", kernel != nil),
      ("cloud_init", "what cloud-init reads", machine.has("cloud_init")),
      ("ignition", "what Ignition reads", machine.has("ignition")),
    ]
    for (key, what, isThere) in files where isThere {
      guard let refusal = type.refusal(ofFile: what, pool: pool) else { continue }
      machine.error(refusal.message, at: key, help: refusal.help)
    }
  }

  func diskSize(_ reader: MappingReader) -> ByteCount? {
    reader.value("size") { text throws(ValueError) in
      let size = try ByteCount(parsing: text)
      guard size >= .mebibytes(1) else {
        throw ValueError("a disk of \(size) is too small", help: "at least 1MiB")
      }
      guard size <= .gibibytes(1 << 20) else {
        throw ValueError("a disk of \(size) is too large", help: "at most 1PiB")
      }
      // QEMU counts a disk in sectors; libvirt would round up, and the next plan would differ.
      guard size.rawValue % 512 == 0 else {
        throw ValueError(
          "a disk of \(size) is not a whole number of sectors", help: "use a multiple of 512 bytes")
      }
      // libvirt makes qcow2 volumes of whole KiB.
      return size.roundedUpToKibibytes
    }
  }

  /// The host that `host:` names, or the only one.
  func host(_ reader: MappingReader) -> ResourceName? {
    if reader.has("host") { return reference(reader, "host", to: .hosts) }
    _ = reader.node("host")
    let known = declared[.hosts] ?? []
    if known.count == 1 { return known.first }
    if isUnreadable(.hosts) { return nil }
    reader.missing("host", help: Self.choices(known) ?? "there is no host: declare one under hosts:")
    return nil
  }

  /// The pool that `pool:` names, or `inherited`, which was looked at already, or the only one; nil with a diagnostic if it is
  /// not on `host`.
  func pool(_ reader: MappingReader, on host: ResourceName?, inherited: ResourceName? = nil) -> ResourceName?
  {
    let name: ResourceName
    if reader.has("pool") {
      guard let named = reference(reader, "pool", to: .pools) else { return nil }
      name = named
    } else if let inherited {
      _ = reader.node("pool")
      return inherited
    } else {
      _ = reader.node("pool")
      let known = declared[.pools] ?? []
      guard known.count == 1, let only = known.first else {
        if isUnreadable(.pools) { return nil }
        reader.missing(
          "pool",
          help: Self.choices(known)
            ?? "declare one, such as pools: {default: {path: /var/lib/libvirt/images}}")
        return nil
      }
      name = only
    }
    if let host, let pool = pools[name], !pool.hosts.contains(host) {
      diagnostics.error(
        "pool '\(name)' is not on host '\(host)'", at: reader.location(of: "pool"),
        help: pool.hosts.isEmpty ? nil : "it is on " + pool.hosts.map(\.rawValue).joined(separator: ", "))
      return nil
    }
    return name
  }

  /// The first of `names`, which stand for all of them; nil if there are none.
  private static func choices(_ names: Set<ResourceName>) -> String? {
    guard !names.isEmpty else { return nil }
    return "name one of " + names.sorted().prefix(10).map(\.rawValue).joined(separator: ", ")
      + (names.count > 10 ? " …" : "")
  }
}

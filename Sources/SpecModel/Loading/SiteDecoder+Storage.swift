import FoundationEssentials

/// The types of storage pool that the language has.
private enum PoolType: String, CaseIterable {
  case dir
}

extension SiteDecoder {
  mutating func decodePools(_ spec: MappingReader) {
    for (name, entry) in declare(.pools, in: spec) {
      let path = SpecPath("pools.\(name)")
      guard let reader = MappingReader(entry.value, at: path, diagnostics) else { continue }
      let hostNames = hostList(reader)
      let external = isExternal(reader, allowed: ["hosts"])
      var directory: String?
      if !external {
        _ = reader.choice("type", PoolType.self)
        directory = reader.value("path") { text throws(ValueError) in try Self.absolutePath(text) }
        reader.missing("path", help: "the directory on the host, such as /var/lib/libvirt/images")
      }
      let autostart = external ? nil : reader.bool("autostart")
      reader.finish()
      let pool = PoolSpec(
        name: name, directory: directory, hosts: hostNames, isExternal: external, autostart: autostart,
        path: path)
      pools.append(pool, as: name)
    }
    guard !spec.has("pools"), let name = try? ResourceName(parsing: Self.defaultPoolName) else { return }
    // virtform's own libvirt has a pool without being asked for one; other hosts' storage is theirs to name.
    let embedded = hosts.all.filter(\.isEmbedded).map(\.name).sorted()
    guard !embedded.isEmpty else { return }
    declare(name, in: .pools)
    let pool = PoolSpec(
      name: name, directory: nil, hosts: embedded, isExternal: true, autostart: nil,
      path: SpecPath("pools.\(name)"))
    pools.append(pool, as: name)
  }

  /// - Parameter what: what the path is of.
  static func absolutePath(
    _ text: String, what: String = "a directory on the host"
  ) throws(ValueError) -> String {
    guard text.hasPrefix("/") else {
      throw ValueError("'\(text)' is not an absolute path", help: "it is \(what), so it starts with /")
    }
    guard !text.split(separator: "/").contains(where: { $0 == ".." || $0 == "." }) else {
      throw ValueError("the path '\(text)' has a '.' or '..' in it", help: "write where it leads to")
    }
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
      throw ValueError("the path has a control character", help: "write it in one line")
    }
    // One spelling for each directory, so that two pools in the same one are noticed.
    return "/" + text.split(separator: "/").joined(separator: "/")
  }

  mutating func decodeSharedDisks(_ spec: MappingReader) {
    for (name, entry) in declare(.disks, in: spec) {
      let path = SpecPath("disks.\(name)")
      guard let reader = MappingReader(entry.value, at: path, diagnostics) else { continue }
      let size = diskSize(reader)
      reader.missing("size", help: "such as size: 100GiB")
      let format = reader.choice("format", DiskFormat.self) ?? .qcow2
      let host = self.host(reader)
      let isProtected = reader.bool("protect") ?? false
      let pool = self.pool(reader, on: host)
      reader.finish()
      if let size, let host, let pool {
        let disk = SharedDiskSpec(
          name: name, size: size, format: format, pool: pool, host: host, isProtected: isProtected, path: path
        )
        sharedDisks.append(disk, as: name)
      }
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

  /// The pool that `pool:` names, or `inherited`, or the only one; nil with a diagnostic if it is not on `host`.
  func pool(_ reader: MappingReader, on host: ResourceName?, inherited: ResourceName? = nil) -> ResourceName?
  {
    let name: ResourceName
    if reader.has("pool") {
      guard let named = reference(reader, "pool", to: .pools) else { return nil }
      name = named
    } else if let inherited {
      _ = reader.node("pool")
      name = inherited
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

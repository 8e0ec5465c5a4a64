import FoundationEssentials

/// The types of storage pool that the language has.
private enum PoolType: String, CaseIterable {
  case dir
}

extension SiteDecoder {
  mutating func decodePools(_ spec: MappingReader) {
    let entries = spec.namedEntries("pools")
    declared[.pools] = Set(entries.map(\.name))
    for (name, entry) in entries {
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
      pools.append(
        PoolSpec(
          name: name, directory: directory, hosts: hostNames, isExternal: external, autostart: autostart, path: path))
    }
    guard !spec.has("pools"), let name = try? ResourceName(parsing: Self.defaultPoolName) else { return }
    // virtform's own libvirt has a pool without being asked for one; other hosts' storage is theirs to name.
    let embedded = hosts.filter(\.isEmbedded).map(\.name)
    guard !embedded.isEmpty else { return }
    declared[.pools] = [name]
    pools = [
      PoolSpec(
        name: name, directory: nil, hosts: embedded, isExternal: true, autostart: nil, path: SpecPath("pools.\(name)"))
    ]
  }

  private static func absolutePath(_ text: String) throws(ValueError) -> String {
    guard text.hasPrefix("/") else {
      throw ValueError("'\(text)' is not an absolute path", help: "it is a directory on the host, so it starts with /")
    }
    guard !text.split(separator: "/").contains(where: { $0 == ".." || $0 == "." }) else {
      throw ValueError("the path '\(text)' has a '.' or '..' in it", help: "write where it leads to")
    }
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
      throw ValueError("the path has a control character")
    }
    return text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
  }

  mutating func decodeImages(_ spec: MappingReader) {
    let entries = spec.namedEntries("images")
    declared[.images] = Set(entries.map(\.name))
    for (name, entry) in entries {
      let path = SpecPath("images.\(name)")
      guard let reader = MappingReader(entry.value, at: path, diagnostics) else { continue }
      let source = reader.string("source")
      reader.missing("source", help: "the path of a qcow2 or raw file on this machine")
      let stated = reader.choice("format", DiskFormat.self)
      let sha256 = reader.value("sha256") { text throws(ValueError) in try Self.sha256(text) }
      reader.finish()
      guard let source else { continue }
      if let scheme = source.firstRange(of: "://") {
        reader.error(
          "images are local files; '\(source[..<scheme.lowerBound])' URLs are not supported", at: "source",
          help: "download it and name the file")
        continue
      }
      let format = stated ?? DiskFormat(rawValue: String(source.split(separator: ".").last ?? ""))
      let file = VariableTable.resolve(source, besides: reader.location(of: "source").path)
      guard FileManager.default.isReadableFile(atPath: file) else {
        reader.error("no image file at '\(file)'", at: "source", help: "paths are relative to the spec's file")
        continue
      }
      guard let format else {
        if !reader.has("format") {
          reader.error(
            "the format of '\(source)' cannot be told from its name", at: "source",
            help: "add format: qcow2 or format: raw")
        }
        continue
      }
      guard let size = diagnostics.value(at: reader.location(of: "source"), { () throws(ValueError) in
        try ImageHeader(file: file, stated: format).virtualSize
      }) else { continue }
      images.append(ImageSpec(name: name, file: file, format: format, virtualSize: size, sha256: sha256, path: path))
    }
  }

  private static func sha256(_ text: String) throws(ValueError) -> String {
    guard text.count == 64, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
      throw ValueError("'\(text)' is not a SHA-256", help: "it has 64 hexadecimal digits; sha256sum prints it")
    }
    return text.lowercased()
  }

  mutating func decodeSharedDisks(_ spec: MappingReader) {
    let entries = spec.namedEntries("disks")
    declared[.disks] = Set(entries.map(\.name))
    for (name, entry) in entries {
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
        sharedDisks.append(
          SharedDiskSpec(
            name: name, size: size, format: format, pool: pool, host: host, isProtected: isProtected, path: path))
      }
    }
  }

  func diskSize(_ reader: MappingReader) -> ByteCount? {
    reader.value("size") { text throws(ValueError) in
      let size = try ByteCount(parsing: text)
      guard size >= .mebibytes(1) else { throw ValueError("a disk of \(size) is too small", help: "at least 1MiB") }
      // QEMU counts a disk in sectors; libvirt would round up, and the next plan would differ.
      guard size.rawValue % 512 == 0 else {
        throw ValueError("a disk of \(size) is not a whole number of sectors", help: "use a multiple of 512 bytes")
      }
      return size
    }
  }

  /// The host that `host:` names, or the only one.
  func host(_ reader: MappingReader) -> ResourceName? {
    if reader.has("host") { return reference(reader, "host", to: .hosts) }
    _ = reader.node("host")
    if let only = declared[.hosts], only.count == 1 { return only.first }
    let names = (declared[.hosts] ?? []).sorted().map(\.rawValue).joined(separator: ", ")
    reader.missing("host", help: "there are several hosts: \(names)")
    return nil
  }

  /// The pool that `pool:` names, or `inherited`, or the only one; nil with a diagnostic if it is not on `host`.
  func pool(_ reader: MappingReader, on host: ResourceName?, inherited: ResourceName? = nil) -> ResourceName? {
    let name: ResourceName
    if reader.has("pool") {
      guard let named = reference(reader, "pool", to: .pools) else { return nil }
      name = named
    } else if let inherited {
      _ = reader.node("pool")
      name = inherited
    } else {
      _ = reader.node("pool")
      guard let known = declared[.pools], known.count == 1, let only = known.first else {
        let help = (declared[.pools] ?? []).isEmpty
          ? "declare one, such as pools: {default: {type: dir, path: /var/lib/libvirt/images}}"
          : "name one of " + (declared[.pools] ?? []).sorted().map(\.rawValue).joined(separator: ", ")
        reader.missing("pool", help: help)
        return nil
      }
      name = only
    }
    if let host, let pool = pools.first(where: { $0.name == name }), !pool.hosts.contains(host) {
      diagnostics.error("pool '\(name)' is not on host '\(host)'", at: reader.location(of: "pool"))
      return nil
    }
    return name
  }
}

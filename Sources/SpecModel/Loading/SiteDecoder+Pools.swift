extension SiteDecoder {
  mutating func decodePools(_ spec: MappingReader) {
    for (name, entry) in declare(.pools, in: spec) {
      guard let reader = MappingReader(entry.value, at: SpecPath("pools.\(name)"), diagnostics) else {
        continue
      }
      let pool = decodePool(name, reader)
      reader.finish()
      pools.append(pool, as: name)
    }
    guard !spec.has("pools"), let name = try? ResourceName(parsing: Self.defaultPoolName) else { return }
    // virtform's own libvirt has a pool without being asked for one; other hosts' storage is theirs to name.
    let embedded = hosts.all.filter(\.isEmbedded).map(\.name).sorted()
    guard !embedded.isEmpty else { return }
    declare(name, in: .pools)
    let pool = PoolSpec(
      name: name, source: nil, isBuilt: false, hosts: embedded, isExternal: true, autostart: nil,
      path: SpecPath("pools.\(name)"))
    pools.append(pool, as: name)
  }

  private func decodePool(_ name: ResourceName, _ reader: MappingReader) -> PoolSpec {
    let hosts = hostList(reader)
    if isExternal(reader, allowed: ["hosts", "shared"]) {
      return PoolSpec(
        name: name, source: nil, isBuilt: false, hosts: hosts, isExternal: true,
        isShared: reader.bool("shared") ?? false, autostart: nil, path: reader.path)
    }
    let shared = reader.bool("shared")
    let hasType = reader.has("type")
    let type = reader.choice("type", PoolType.self)
    let isBuilt = reader.bool("build") ?? false
    let autostart = reader.bool("autostart")
    if !hasType, reader.has("source") {
      reader.missing("type", help: "one of " + PoolType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    // Of a pool without a readable type, nobody knows which words it has.
    let source = hasType || !reader.has("source") ? decodeSource(hasType ? type : .dir, reader) : nil
    for key in ["path", "source"] { _ = reader.node(key) }
    return PoolSpec(
      name: name, source: source, isBuilt: isBuilt, hosts: hosts, isExternal: false,
      isShared: shared ?? source?.type.isOnNetwork ?? false, autostart: autostart, path: reader.path)
  }

  private func decodeSource(_ type: PoolType?, _ reader: MappingReader) -> PoolSource? {
    guard let type else { return nil }
    if type.holdsFiles {
      reader.missing(
        "path",
        help: type == .dir
          ? "the directory on the host, such as /var/lib/libvirt/images"
          : "where the host mounts it, such as /srv/vm")
    }
    let refused = [
      "path": !type.holdsFiles, "source": type == .dir,
      "build": type != .fs && type != .disk && type != .logical && type != .zfs,
    ]
    reader.refuse(refused.filter(\.value).keys.sorted()) { "a pool of type \(type) has no '\($0)'" }
    let path =
      type.holdsFiles ? reader.value("path") { text throws(ValueError) in try Self.absolutePath(text) } : nil
    switch type {
    case .dir: return path.map { .directory(path: $0) }
    case .fs:
      return source(reader, such: "{device: /dev/sdb1}") { source in
        let format = source.choice("format", FileSystemFormat.self)
        if reader.has("build"), format == nil {
          source.missing("format", help: "what build: true makes, such as format: ext4")
        }
        guard let device = device(source), let path else { return nil }
        return .fileSystem(device: device, format: format, path: path)
      }
    case .netfs:
      return source(reader, such: "{host: nas, dir: /export/vm}") { source in
        let format = source.choice("format", NetworkFileSystemFormat.self)
        let host = server(source, "host")
        source.missing("host", help: "the server that has the files")
        // A volume of Gluster and a share of Windows have names, not paths.
        let directory = source.value("dir") { text throws(ValueError) in
          format == .nfs || format == nil
            ? try Self.absolutePath(text, what: "a directory of the server") : try Self.word(text, "a share")
        }
        source.missing("dir", help: "the directory that the server exports, such as /export/vm")
        guard let host, let directory, let path else { return nil }
        return .networkFileSystem(host: host, directory: directory, format: format, path: path)
      }
    case .logical:
      return group(reader, such: "vg0", "a volume group").map {
        .logical(group: $0.name, devices: $0.devices)
      }
    case .zfs:
      return group(reader, such: "tank/vms", "a ZFS pool").map { .zfs(dataset: $0.name, devices: $0.devices) }
    case .disk:
      if reader.node("source")?.scalar?.isNull == false {
        return reader.value("source", Self.devicePath).map { .disk(device: $0, format: nil) }
      }
      return source(reader, such: "/dev/sdb") { source in
        let format = source.choice("format", PartitionTableFormat.self)
        if reader.has("build"), format == nil {
          source.missing("format", help: "what build: true makes, such as format: gpt")
        }
        return device(source).map { .disk(device: $0, format: format) }
      }
    case .iscsi: return source(reader, such: "{host: nas, target: iqn.2024-01.org.example:vms}", iscsi)
    case .rbd: return source(reader, such: "{hosts: [ceph1], name: vms}", rbd)
    }
  }

  // MARK: Sources

  /// Reads the map at `source` by `read`, and reports what it has besides.
  private func source<Value>(
    _ reader: MappingReader, such example: String, _ read: (MappingReader) -> Value?
  ) -> Value? {
    reader.missing("source", help: "such as source: \(example)")
    guard let source = reader.nonEmpty("source", help: "such as source: \(example)") else { return nil }
    defer { source.finish() }
    return read(source)
  }

  private func device(_ source: MappingReader) -> String? {
    source.missing("device", help: "such as device: /dev/disk/by-id/…")
    return source.value("device", Self.devicePath)
  }

  /// `source: vg0`, or `source: {name: vg0, devices: [/dev/sdb]}`.
  private func group(
    _ reader: MappingReader, such example: String, _ what: String
  ) -> (name: String, devices: [String])? {
    func name(_ text: String) throws(ValueError) -> String {
      try Self.word(text, what, allowsParts: what == "a ZFS pool")
    }
    if let node = reader.node("source"), !node.isNull, node.scalar != nil {
      if reader.bool("build") == true {
        reader.error(
          "'build' needs the devices that \(what) is made of", at: "build",
          help: "write source: {name: \(node.scalar?.text ?? example), devices: [/dev/sdb]}")
      }
      return reader.value("source", name).map { ($0, []) }
    }
    return source(reader, such: example) { source in
      source.missing("name", help: "such as name: \(example)")
      let devices = source.items("devices")?.compactMap { item in
        source.text(item, "a device").flatMap { text in
          diagnostics.value(at: item.location) { () throws(ValueError) in try Self.devicePath(text) }
        }
      }
      if reader.bool("build") == true {
        source.missing("devices", help: "what build: true makes it of, such as devices: [/dev/sdb]")
      }
      let found = source.value("name", name)
      if let found, reader.bool("build") == true, found.contains("/") {
        reader.error(
          "'build' makes a ZFS pool, not the dataset '\(found)'", at: "build",
          help: "zfs create \(found) makes it")
      }
      return found.map { ($0, devices ?? []) }
    }
  }

  private func iscsi(_ source: MappingReader) -> PoolSource? {
    let host = server(source, "host")
    source.missing("host", help: "the server that has the target")
    let port = source.int("port", in: 1...65535) ?? ISCSITarget.defaultPort
    let target = source.value("target") { text throws(ValueError) in
      let name = try Self.word(text, "a target")
      guard ["iqn.", "eui.", "naa."].contains(where: name.hasPrefix) else {
        throw ValueError(
          "'\(text)' is not the name of a target",
          help: "such as iqn.2024-01.org.example:vms (RFC 7143, 4.2.7)")
      }
      return name
    }
    source.missing("target", help: "its IQN, such as iqn.2024-01.org.example:vms")
    let login = decodeLogin(source)
    guard let host, let target else { return nil }
    return .iscsi(.init(host: host, port: port, name: target, login: login))
  }

  private func rbd(_ source: MappingReader) -> PoolSource? {
    let monitors = source.items("hosts")?.compactMap { item in
      source.text(item, "a monitor").flatMap { text in
        diagnostics.value(at: item.location) { () throws(ValueError) in try Self.monitor(text) }
      }
    }
    source.missing("hosts", help: "the monitors of the cluster, such as hosts: [ceph1, ceph2]")
    if monitors?.isEmpty == true, source.items("hosts")?.isEmpty == true {
      source.error(
        "'hosts' is empty", at: "hosts", help: "the monitors of the cluster, such as [ceph1, ceph2]")
    }
    let name = source.value("name") { text throws(ValueError) in try Self.word(text, "a pool of Ceph") }
    source.missing("name", help: "the name that Ceph has for the pool")
    let login = decodeLogin(source)
    guard let monitors, !monitors.isEmpty, let name else { return nil }
    return .rbd(.init(monitors: monitors, name: name, login: login))
  }

  private func decodeLogin(_ source: MappingReader) -> PoolLogin? {
    guard let login = source.nonEmpty("auth", help: "such as auth: {user: libvirt, secret: ceph-libvirt}")
    else {
      return nil
    }
    defer { login.finish() }
    let user = login.value("user") { text throws(ValueError) in try Self.word(text, "a user") }
    login.missing("user")
    let secret = login.line("secret")
    login.missing(
      "secret", help: "the usage of a secret that the host's libvirt has: virsh secret-list shows them")
    guard let user, let secret else { return nil }
    return PoolLogin(user: user, secret: secret)
  }

  // MARK: Values

  func server(_ source: MappingReader, _ key: String) -> String? {
    source.value(key) { text throws(ValueError) in try Self.serverName(text) }
  }

  private static func serverName(_ text: String) throws(ValueError) -> String {
    // An IPv6 address: libvirt hands it on as it is.
    if text.contains(":"), text.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) { return text }
    return try domainName(text)
  }

  /// `ceph1`, `ceph1:3300`.
  private static func monitor(_ text: String) throws(ValueError) -> RBDPool.Monitor {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return .init(host: try serverName(text), port: nil) }
    guard let port = Int(parts[1]), (1...65535).contains(port) else {
      throw ValueError("'\(parts[1])' is not a port", help: "a number from 1 to 65535")
    }
    return .init(host: try domainName(String(parts[0])), port: port)
  }

  /// A name that somebody else has given, of the characters that the names of LVM, ZFS, Ceph and SCSI are made of.
  static func word(_ text: String, _ what: String, allowsParts: Bool = false) throws(ValueError) -> String {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let isWord = parts.allSatisfy { part in
      !part.isEmpty && part.first != "-" && part != "." && part != ".."
        && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+_.:-".contains($0)) }
    }
    guard isWord, parts.count == 1 || allowsParts else {
      throw ValueError(
        "'\(text)' is not the name of \(what)",
        help: "it has letters, digits, '+', '_', '.', ':' and '-'"
          + (allowsParts ? ", in parts with '/' between" : ""))
    }
    return text
  }

  static func hostFile(_ text: String) throws(ValueError) -> String {
    try absolutePath(text, what: "a file or a device of the host")
  }

  private static func devicePath(_ text: String) throws(ValueError) -> String {
    try absolutePath(text, what: "a device of the host")
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
}

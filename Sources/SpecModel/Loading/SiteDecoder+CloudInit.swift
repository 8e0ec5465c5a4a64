extension SiteDecoder {
  func decodeCloudInit(_ reader: MappingReader, _ instance: Instance) -> CloudInitSpec? {
    guard let cloud = reader.nested("cloud_init") else { return nil }
    defer { cloud.finish() }
    let hostname = cloud.value("hostname", Self.hostName)
    let fqdn = cloud.value("fqdn") { text throws(ValueError) in try Self.domainName(text) }
    let keys = decodeKeys(cloud)
    let users = decodeUsers(cloud)
    let packages = cloud.items("packages")?.compactMap { cloud.text($0, "a package") } ?? []
    let files = decodeFiles(cloud, isComplete: !instance.isTemplate)
    let commands = cloud.items("run")?.compactMap { decodeCommand($0, cloud) } ?? []
    let parts = decodeUserData(cloud)
    let metaData = decodeMetaData(cloud)
    let network = decodeNetworkChoice(cloud)
    let number = cloud.int("instance", in: 1...Int.max) ?? 1
    guard !instance.isTemplate else { return nil }
    if network != .automatic { refuseAddresses(reader, cloud) }
    guard let name = hostname ?? (cloud.has("hostname") ? nil : defaultHostName(instance, cloud, fqdn)) else {
      return nil
    }
    return CloudInitSpec(
      hostname: name, fqdn: fqdn, sshKeys: keys, users: users, packages: packages, files: files,
      commands: commands, parts: parts, metaData: metaData, network: network, instance: number)
  }

  // MARK: Names

  private static func hostName(_ text: String) throws(ValueError) -> String {
    let name = try domainName(text)
    guard !name.contains("."), !name.contains("_") else {
      throw ValueError(
        "'\(text)' is not a host name",
        help: name.contains(".")
          ? "write the whole name as fqdn: \(text)" : "it has letters, digits and '-', such as web-1")
    }
    return name
  }

  /// The first part of the whole name, or else the VM's name.
  private func defaultHostName(_ instance: Instance, _ cloud: MappingReader, _ fqdn: String?) -> String? {
    if let fqdn { return fqdn.split(separator: ".").first.map(String.init) }
    guard let name = try? Self.hostName(instance.name.rawValue) else {
      diagnostics.error(
        "the VM's name '\(instance.name)' is not a host name", at: cloud.location,
        help: "give the guest another one: cloud_init: {hostname: …}")
      return nil
    }
    return name
  }

  // MARK: Users

  private func decodeUsers(_ cloud: MappingReader) -> [CloudInitSpec.User] {
    guard let users = cloud.nested("users") else { return [] }
    return users.keys.compactMap { key in
      let name = diagnostics.value(at: users.keyLocation(of: key)) { () throws(ValueError) in
        try Self.userName(key)
      }
      guard let user = users.nested(key), let name else { return nil }
      return decodeUser(name, user)
    }.sorted { $0.name < $1.name }
  }

  private func decodeUser(_ name: String, _ user: MappingReader) -> CloudInitSpec.User {
    defer { user.finish() }
    let shell = user.value("shell") { text throws(ValueError) in
      try Self.absolutePath(text, what: "a file in the guest")
    }
    let groups =
      user.items("groups")?.compactMap { item in
        user.text(item, "a group").flatMap { text in
          diagnostics.value(at: item.location) { () throws(ValueError) in try Self.userName(text) }
        }
      } ?? []
    return CloudInitSpec.User(
      name: name, sshKeys: decodeKeys(user), sudo: decodeSudo(user), shell: shell, groups: groups,
      password: decodePassword(user))
  }

  /// `sudo: true` is all, without a password; a text is a rule as in `sudoers`.
  private func decodeSudo(_ user: MappingReader) -> String? {
    guard let node = user.node("sudo") else { return nil }
    if let all = node.scalar?.bool { return all ? "ALL=(ALL) NOPASSWD:ALL" : nil }
    return user.line("sudo")
  }

  private func decodePassword(_ user: MappingReader) -> CloudInitSpec.Password? {
    guard let text = user.line("password") else { return nil }
    guard !text.isEmpty else {
      user.error("'password' is empty", at: "password", help: "leave it out: nobody can log in with one then")
      return nil
    }
    return Self.isHash(text) ? .hash(text) : .text(text)
  }

  /// The names that `useradd` takes.
  private static func userName(_ text: String) throws(ValueError) -> String {
    guard text.wholeMatch(of: /[a-z_][a-z0-9_\-]*/) != nil else {
      throw ValueError(
        "'\(text)' is not a user's or group's name",
        help: "it has small letters, digits, '_' and '-', and starts with a letter")
    }
    guard text.utf8.count <= 32 else {
      throw ValueError("the name '\(text.prefix(24))…' is longer than 32 characters")
    }
    return text
  }

  // MARK: Keys

  /// Public keys, each written out or in a file: `{file: ~/.ssh/id_ed25519.pub}`, which may hold several.
  func decodeKeys(_ reader: MappingReader) -> [String] {
    reader.unknown("ssh_authorized_keys") { _ in "write ssh_keys" }
    return reader.items("ssh_keys")?.flatMap { item -> [String] in
      if item.mapping != nil { return keysOfFile(item, reader) }
      guard let text = reader.text(item, "a key") else { return [] }
      return diagnostics.value(at: item.location) { () throws(ValueError) in [try Self.publicKey(text)] }
        ?? []
    } ?? []
  }

  private func keysOfFile(_ item: YAMLNode, _ reader: MappingReader) -> [String] {
    guard let entry = reader.nested(item, "ssh_keys"), let text = fileText(entry) else { return [] }
    let place = entry.location(of: "file")
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") && !$0.isEmpty }
    let keys = diagnostics.value(at: place) { () throws(ValueError) -> [String] in
      var keys: [String] = []
      for line in lines { keys.append(try Self.publicKey(String(line))) }
      return keys
    }
    if let keys, keys.isEmpty { diagnostics.error("there is no key in this file", at: place) }
    return keys ?? []
  }

  /// A line of `authorized_keys` (sshd(8)), of which nothing is quoted: it could be a private key.
  private static func publicKey(_ text: String) throws(ValueError) -> String {
    guard !text.contains("PRIVATE KEY") else {
      throw ValueError("this is a private key", help: "a guest gets the public one, from the file *.pub")
    }
    let words = text.split(separator: " ")
    let isKey = words.indices.dropLast().contains { index in
      words[index].wholeMatch(of: /(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.\-]+/) != nil
        && words[index + 1].hasPrefix("AAAA")
    }
    guard isKey, !text.contains(where: \.isNewline) else {
      throw ValueError(
        "this is not a public key",
        help: "write one such as \"ssh-ed25519 AAAA… me@laptop\", or {file: ~/.ssh/id_ed25519.pub}")
    }
    return text
  }

  /// The text of the file at `file:`, the only key of `entry`.
  func fileText(_ entry: MappingReader) -> String? {
    defer { entry.finish() }
    if entry.keys.isEmpty { entry.missing("file", help: "the path of a file on this machine") }
    guard let path = entry.string("file") else { return nil }
    let place = entry.location(of: "file")
    return diagnostics.value(at: place) { () throws(ValueError) in
      try files.text(path, besides: place.path)
    }
  }
}

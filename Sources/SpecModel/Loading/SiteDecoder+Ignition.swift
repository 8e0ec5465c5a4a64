import FoundationEssentials

extension SiteDecoder {
  /// What a config without any of one's own is: any version 3 reads it.
  private static let emptyConfig: [String: StructuredValue] = [
    "ignition": .map(["version": .string("3.0.0")])
  ]

  func decodeIgnition(_ reader: MappingReader, _ instance: Instance) -> IgnitionSpec? {
    guard let ignition = reader.nested("ignition") else { return nil }
    defer { ignition.finish() }
    if reader.has("cloud_init"), !instance.isTemplate {
      diagnostics.error(
        "'ignition' does not go with 'cloud_init'", at: reader.keyLocation(of: "ignition"),
        help: "a system reads one of the two at its first boot",
        related: [
          .init(message: "cloud_init is here", location: reader.keyLocation(of: "cloud_init"))
        ])
    }
    let hostname = ignition.value("hostname") { text throws(ValueError) in try Self.domainName(text) }
    let keys = decodeKeys(ignition)
    let isEmpty = !["file", "config", "hostname", "ssh_keys"].contains(where: ignition.has)
    if isEmpty, !instance.isTemplate {
      ignition.missing("config", help: "write the config, or file: and a *.ign of this machine")
      return nil
    }
    guard let config = decodeConfig(ignition, instance), !instance.isTemplate else { return nil }
    if hostname != nil, Self.files(in: config).contains(IgnitionSpec.hostnameFile) {
      ignition.error(
        "the config writes \(IgnitionSpec.hostnameFile), too", at: "hostname",
        help: "leave out one of the two")
    }
    return IgnitionSpec(config: config, hostname: hostname, sshKeys: keys)
  }

  // MARK: The config

  private func decodeConfig(_ ignition: MappingReader, _ instance: Instance) -> [String: StructuredValue]? {
    guard ignition.has("file") else {
      guard let node = ignition.node("config") else { return Self.emptyConfig }
      guard let map = ignition.nested("config"), !instance.isTemplate, !node.isUnresolved else { return nil }
      _ = map
      return check(StructuredValue(node), at: node.location)
    }
    ignition.refuse(["config"], help: "write the config here, or name its file") {
      "'\($0)' does not go with 'file'"
    }
    guard let path = ignition.string("file") else { return nil }
    let place = ignition.location(of: "file")
    let text = diagnostics.value(at: place) { () throws(ValueError) in
      try files.text(path, besides: place.path)
    }
    guard let text else { return nil }
    guard let value = try? JSONDecoder().decode(StructuredValue.self, from: Data(text.utf8)) else {
      diagnostics.error(
        "'\(path)' is not JSON, which Ignition reads", at: place,
        help: text.contains("variant:") ? Self.transpile : "butane makes it of what people write")
      return nil
    }
    return check(value, at: place)
  }

  private static let transpile = "this is Butane; make a config of it: butane --strict site.bu > site.ign"

  private func check(_ value: StructuredValue, at location: SourceLocation) -> [String: StructuredValue]? {
    guard case .map(let config) = value else {
      diagnostics.error("an Ignition config is a map", at: location)
      return nil
    }
    if config["variant"] != nil {
      diagnostics.error("Ignition does not read this config", at: location, help: Self.transpile)
      return nil
    }
    guard case .map(let header)? = config["ignition"], case .string(let version)? = header["version"] else {
      diagnostics.error(
        "the config has no ignition.version", at: location, help: "such as ignition: {version: 3.4.0}")
      return nil
    }
    guard version.wholeMatch(of: /3\.\d+\.\d+(?:-experimental)?/) != nil else {
      diagnostics.error(
        "the config is of Ignition's version \(version)", at: location,
        help: "virtform hands on version 3, such as 3.4.0, which the systems of today read")
      return nil
    }
    return config
  }

  /// The paths of the files that the config writes.
  private static func files(in config: [String: StructuredValue]) -> [String] {
    guard case .map(let storage)? = config["storage"], case .list(let files)? = storage["files"] else {
      return []
    }
    return files.compactMap { file in
      if case .map(let fields) = file, case .string(let path)? = fields["path"] { path } else { nil }
    }
  }
}

/// The parts of `cloud_init:` that go into the guest's user data as they are.
extension SiteDecoder {
  // MARK: Files

  func decodeFiles(_ cloud: MappingReader, isComplete: Bool) -> [CloudInitSpec.File] {
    guard let files = cloud.nested("files") else { return [] }
    return files.keys.compactMap { key -> CloudInitSpec.File? in
      let path = diagnostics.value(at: files.keyLocation(of: key)) { () throws(ValueError) in
        try Self.absolutePath(key, what: "a file in the guest")
      }
      guard let file = files.nested(key) else { return nil }
      defer { file.finish() }
      let mode = file.value("mode", Self.fileMode)
      let owner = file.value("owner", Self.owner)
      let content = decodeContent(file, isComplete: isComplete)
      guard let path, let content else { return nil }
      return CloudInitSpec.File(path: path, content: content, mode: mode, owner: owner)
    }.sorted { $0.path < $1.path }
  }

  private func decodeContent(_ file: MappingReader, isComplete: Bool) -> [UInt8]? {
    let content = file.string("content").map { Array($0.utf8) }
    guard let source = file.string("source") else {
      if isComplete, !file.has("source") {
        file.missing("content", help: "write the text, or source: and a file of this machine")
      }
      return content
    }
    if file.has("content") {
      file.error("a file has either 'content' or 'source'", at: "source")
      return nil
    }
    let place = file.location(of: "source")
    return diagnostics.value(at: place) { () throws(ValueError) in
      try files.bytes(source, besides: place.path)
    }
  }

  /// `644` and `0644` are the same.
  private static func fileMode(_ text: String) throws(ValueError) -> String {
    guard text.wholeMatch(of: /0?[0-7]{3,4}/) != nil else {
      throw ValueError("'\(text)' is not a file's mode", help: "write it in octal, such as 0644")
    }
    return text.count == 3 ? "0\(text)" : text
  }

  private static func owner(_ text: String) throws(ValueError) -> String {
    guard text.wholeMatch(of: /[A-Za-z0-9_.\-]+(?::[A-Za-z0-9_.\-]+)?/) != nil else {
      throw ValueError("'\(text)' is not a file's owner", help: "write user or user:group, such as root:adm")
    }
    return text
  }

  // MARK: Commands

  /// A line for a shell, or a list of words.
  func decodeCommand(_ item: YAMLNode, _ cloud: MappingReader) -> StructuredValue? {
    if case .sequence(let words) = item.content {
      return .list(words.compactMap { cloud.text($0, "a word of a command") }.map(StructuredValue.string))
    }
    return cloud.text(item, "a command").map(StructuredValue.string)
  }

  // MARK: Documents

  /// `user_data:` is a map, a text, a file, or a list of these.
  func decodeUserData(_ cloud: MappingReader) -> [CloudInitSpec.Part] {
    guard let node = cloud.node("user_data") else { return [] }
    if case .sequence(let items) = node.content { return items.compactMap { decodePart($0, cloud) } }
    return decodePart(node, cloud).map { [$0] } ?? []
  }

  private func decodePart(_ node: YAMLNode, _ cloud: MappingReader) -> CloudInitSpec.Part? {
    if let mapping = node.mapping {
      guard mapping["file"] != nil else {
        guard case .map(let config) = StructuredValue(node) else { return nil }
        return .config(config)
      }
      guard let entry = cloud.nested(node, "user_data") else { return nil }
      return fileText(entry).flatMap { document($0, at: entry.location(of: "file")) }
    }
    return cloud.text(node, "user data").flatMap { document($0, at: node.location) }
  }

  /// What a document begins with, by which cloud-init tells its kind
  /// (<https://cloudinit.readthedocs.io/en/latest/explanation/format.html>).
  private static let headings = [
    "#!", "#cloud-config", "#cloud-boothook", "#include", "#part-handler", "## template: jinja",
  ]

  private func document(_ text: String, at location: SourceLocation) -> CloudInitSpec.Part? {
    guard Self.headings.contains(where: text.hasPrefix) else {
      diagnostics.error(
        "cloud-init cannot tell what this is", at: location,
        help: "its first line is one of: #cloud-config, #!/bin/sh, "
          + Self.headings[2...].joined(separator: ", "))
      return nil
    }
    return .document(text)
  }

  func decodeMetaData(_ cloud: MappingReader) -> [String: StructuredValue] {
    guard let meta = cloud.nested("meta_data"), let node = cloud.node("meta_data"),
      case .map(let values) = StructuredValue(node)
    else { return [:] }
    for (key, word) in [("instance-id", "instance"), ("local-hostname", "hostname")] where meta.has(key) {
      diagnostics.error(
        "'\(key)' is virtform's to write", at: meta.keyLocation(of: key), help: "use cloud_init: {\(word): …}"
      )
    }
    return values
  }

  /// `network:` is `auto`, `none` or a file.
  func decodeNetworkChoice(_ cloud: MappingReader) -> CloudInitSpec.Network {
    guard let node = cloud.node("network"), !node.isUnresolved else { return .automatic }
    if node.mapping != nil {
      let text = cloud.nested(node, "network").flatMap(fileText)
      return text.map(CloudInitSpec.Network.document) ?? .automatic
    }
    switch node.scalar?.text {
    case "auto": return .automatic
    case "none": return .none
    default:
      cloud.error(
        "'network' cannot be \(node.kind)", at: "network", help: "it is one of: auto, none, {file: PATH}")
      return .automatic
    }
  }

  /// Refuses the static addresses of NICs that nobody would tell the guest of.
  func refuseAddresses(_ machine: MappingReader, _ cloud: MappingReader) {
    for nic in machine.nestedKeys("nics") {
      guard let address = machine.nestedEntry("nics", nic, "address") else { continue }
      diagnostics.error(
        "cloud-init does not give the guest this address", at: address,
        help: "leave it out, or write network: auto",
        related: [
          .init(message: "the network is configured otherwise", location: cloud.location(of: "network"))
        ])
    }
  }
}

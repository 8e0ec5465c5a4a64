/// What goes through a NIC, or through all of a port group: VLANs and limits.
extension SiteDecoder {
  // MARK: Port groups

  /// `portgroups: {web: {vlan: 10, qos: …, default: true}}`
  func decodePortgroups(_ network: MappingReader) -> [ResourceName: Portgroup] {
    guard let groups = network.has("portgroups") ? network.nested("portgroups") : nil else { return [:] }
    var portgroups: [ResourceName: Portgroup] = [:]
    var first: SourceLocation?
    for (name, entry) in network.namedEntries("portgroups") {
      guard let reader = groups.nested(entry.value, name.rawValue) else { continue }
      let group = Portgroup(
        vlan: decodeVLAN(reader), qos: decodeQoS(reader, isComplete: true),
        isDefault: reader.bool("default") ?? false)
      reader.finish()
      if group.isDefault, let first {
        diagnostics.error(
          "a network has one default port group", at: reader.location(of: "default"),
          related: [.init(message: "the first is here", location: first)])
      }
      if group.isDefault { first = first ?? reader.location(of: "default") }
      portgroups[name] = group
    }
    return portgroups
  }

  /// The port group that a NIC is in; nil, with a diagnostic, if its network does not have the one that it names. What an
  /// external network has only its host knows.
  func portgroup(_ name: ResourceName?, on network: NetworkSpec?, _ nic: MappingReader) -> ResourceName? {
    guard let network, !network.isExternal else { return name }
    guard let name else { return network.portgroups.first { $0.value.isDefault }?.key }
    guard network.portgroups[name] == nil else { return name }
    let known = network.portgroups.keys.map(\.rawValue).sorted()
    let near = diagnostics.suggestions.nearest(to: name.rawValue, in: known).map { "did you mean '\($0)'?" }
    nic.error(
      "network '\(network.name)' has no port group '\(name)'", at: "portgroup",
      help: near
        ?? (known.isEmpty ? "declare it there under portgroups:" : "it has " + known.joined(separator: ", ")))
    return nil
  }

  // MARK: VLANs

  static func noTags(_ name: ResourceName, _ mode: NetworkMode) -> String {
    "network '\(name)' of mode \(mode.rawValue) carries no VLAN tags"
  }

  /// `vlan: 40`, or `vlan: {trunk: [10, 20-30], native: 10}`
  func decodeVLAN(_ reader: MappingReader) -> VLAN? {
    guard reader.node("vlan")?.mapping != nil, let vlan = reader.nested("vlan") else {
      return reader.int("vlan", in: VLAN.possibleTags).map(VLAN.init(tag:))
    }
    defer { vlan.finish() }
    let tags = vlan.values("trunk", help: "leave out 'vlan' for all tags") { text throws(ValueError) in
      try Self.tags(text)
    }
    vlan.missing("trunk", help: "the tags that pass, such as trunk: [10, 20-30]")
    let native = vlan.int("native", in: VLAN.possibleTags)
    return tags.isEmpty ? nil : VLAN(trunk: tags.flatMap { Array($0.value) }, native: native)
  }

  private static func tags(_ text: String) throws(ValueError) -> ClosedRange<Int> {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
      1 <= first, first <= last, last <= 4094
    else {
      throw ValueError(
        "'\(text)' is not the tag of a VLAN", help: "write one from 1 to 4094, or a range such as 20-30")
    }
    return first...last
  }

  // MARK: Limits

  func decodeQoS(_ nic: MappingReader, isComplete: Bool) -> QoS? {
    let help = "write a limit, such as qos: {inbound: {average: 10MiB}}, or leave it out"
    guard let qos = nic.nonEmpty("qos", help: help) else { return nil }
    defer { qos.finish() }
    return QoS(
      inbound: decodeBandwidth(qos, "inbound", isComplete: isComplete),
      outbound: decodeBandwidth(qos, "outbound", isComplete: isComplete))
  }

  private func decodeBandwidth(_ qos: MappingReader, _ key: String, isComplete: Bool) -> Bandwidth? {
    guard let limit = qos.nested(key) else { return nil }
    defer { limit.finish() }
    let average = limit.value("average", Self.rate)
    let peak = limit.value("peak", Self.rate)
    let burst = limit.value("burst", Self.burst)
    if isComplete { limit.missing("average", help: "bytes a second, such as average: 10MiB") }
    if let average, let peak, peak < average {
      limit.error("'peak' is \(peak), less than 'average', which is \(average)", at: "peak")
    }
    return average.map { Bandwidth(average: $0, peak: peak, burst: burst) }
  }

  /// Bytes a second.
  private static func rate(_ text: String) throws(ValueError) -> ByteCount {
    let rate = try kibibytes(text)
    guard rate <= .gibibytes(1 << 10) else {
      throw ValueError("a rate of \(rate) a second is too much", help: "at most 1TiB")
    }
    return rate
  }

  /// The kernel keeps the bytes of a burst in 32 bits.
  private static func burst(_ text: String) throws(ValueError) -> ByteCount {
    let burst = try kibibytes(text)
    guard burst < .gibibytes(4) else {
      throw ValueError("a burst of \(burst) is too much", help: "less than 4GiB")
    }
    return burst
  }

  /// libvirt counts traffic in whole KiB.
  private static func kibibytes(_ text: String) throws(ValueError) -> ByteCount {
    let count = try ByteCount(parsing: text)
    guard count >= .kibibytes(1) else { throw ValueError("\(count) is too little", help: "at least 1KiB") }
    guard count == count.roundedUpToKibibytes else {
      throw ValueError("\(count) is not a whole number of KiB", help: "such as \(count.roundedUpToKibibytes)")
    }
    return count
  }
}

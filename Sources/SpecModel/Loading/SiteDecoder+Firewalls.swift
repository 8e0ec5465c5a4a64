extension SiteDecoder {
  /// A firewall before the VMs that its rules name are known.
  struct FirewallDraft {
    let name: ResourceName
    let inbound: TrafficDraft
    let outbound: TrafficDraft
    let includes: [String]
    let path: SpecPath
  }

  enum TrafficDraft {
    case any
    case only([RuleDraft])
  }

  struct RuleDraft {
    let transport: FirewallRule.Transport
    let ports: [ClosedRange<Int>]
    let peers: [(peer: Peer, location: SourceLocation)]
  }

  enum Peer {
    case block(IPBlock)
    /// A VM, or all VMs of a count.
    case machines(ResourceName)
  }

  mutating func decodeFirewalls(_ spec: MappingReader) -> [FirewallDraft] {
    var drafts: [FirewallDraft] = []
    for (name, entry) in declare(.firewalls, in: spec) {
      guard let reader = MappingReader(entry.value, at: SpecPath("firewalls.\(name)"), diagnostics) else {
        continue
      }
      let inbound = decodeTraffic(reader, "in", peers: "from") ?? .only([])
      let outbound = decodeTraffic(reader, "out", peers: "to") ?? .any
      let includes = reader.names("include")?.map(\.name.rawValue) ?? []
      reader.finish()
      drafts.append(
        FirewallDraft(
          name: name, inbound: inbound, outbound: outbound, includes: includes, path: reader.path))
    }
    return drafts
  }

  /// `any`, or a list of rules; nil if nothing is said of it.
  private func decodeTraffic(_ reader: MappingReader, _ key: String, peers: String) -> TrafficDraft? {
    guard let node = reader.node(key), !node.isUnresolved else { return nil }
    if node.scalar?.text == "any" { return .any }
    guard case .sequence(let items) = node.content else {
      reader.error(
        "'\(key)' must be 'any' or a list of rules, not \(node.kind)", at: key,
        help: "such as \(key): [{protocol: tcp, port: 443}]")
      return nil
    }
    return .only(
      items.enumerated().compactMap { index, item in
        // Nothing at all would be a rule for everything.
        guard !item.isNull, item.mapping?.isEmpty != true else {
          diagnostics.error(
            "a rule of '\(key)' is empty", at: item.location,
            help: "to let everything pass, write \(key): any")
          return nil
        }
        return reader.nested(item, key, "\(index)").flatMap { decodeRule($0, peers: peers) }
      })
  }

  private static let leaveOut = "leave it out for all: nothing and nobody is no rule"

  private func decodeRule(_ rule: MappingReader, peers key: String) -> RuleDraft? {
    defer { rule.finish() }
    let transport = rule.choice("protocol", FirewallRule.Transport.self) ?? .any
    let ports = rule.values("port", help: Self.leaveOut) { text throws(ValueError) in try Self.ports(text) }
    let peers = rule.values(key, help: Self.leaveOut) { text throws(ValueError) in try Self.peer(text) }
    if rule.has("port"), !transport.hasPorts {
      rule.error("only tcp and udp have ports", at: "port", help: "say which: protocol: tcp")
    }
    return RuleDraft(
      transport: transport, ports: ports.map(\.value), peers: peers.map { ($0.value, $0.location) })
  }

  private static func ports(_ text: String) throws(ValueError) -> ClosedRange<Int> {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
      1 <= first, first <= last, last <= 65535
    else {
      throw ValueError("'\(text)' is not a port", help: "write one such as 443, or a range such as 8000-8099")
    }
    return first...last
  }

  private static func peer(_ text: String) throws(ValueError) -> Peer {
    if text.contains("/") { return .block(try IPBlock(parsing: text)) }
    // No name has a colon, and one of digits and dots alone is meant as an address.
    let isName = !text.contains(":") && text.contains { $0.isASCII && $0.isLetter }
    return isName ? .machines(try ResourceName(parsing: text)) : .block(IPBlock(try IPAddress(parsing: text)))
  }

  // MARK: VMs in rules

  /// The firewalls with the addresses of the VMs that their rules name.
  func resolve(_ drafts: [FirewallDraft]) -> [FirewallSpec] {
    drafts.map { draft in
      FirewallSpec(
        name: draft.name, inbound: traffic(draft.inbound), outbound: traffic(draft.outbound),
        includes: draft.includes, path: draft.path)
    }
  }

  private func traffic(_ draft: TrafficDraft) -> FirewallSpec.Traffic {
    guard case .only(let rules) = draft else { return .any }
    return .only(
      rules.map { rule in
        FirewallRule(
          transport: rule.transport, ports: rule.ports,
          peers: rule.peers.flatMap { blocks(of: $0.peer, at: $0.location) })
      })
  }

  private func blocks(of peer: Peer, at location: SourceLocation) -> [IPBlock] {
    guard case .machines(let name) = peer else {
      if case .block(let block) = peer { return [block] }
      return []
    }
    let members = machineGroups.contains(name) ? groupMembers[name] ?? [] : [name]
    let known = Set(machineNames.keys).union(machineGroups)
    guard known.contains(name) else {
      if !areMachinesUnclear {
        let near = diagnostics.suggestions.nearest(to: name.rawValue, in: known.lazy.map(\.rawValue))
        diagnostics.error(
          "no VM '\(name)' in this spec", at: location,
          help: near.map { "did you mean '\($0)'?" }
            ?? "write an address, a block such as 10.0.0.0/8, or a VM")
      }
      return []
    }
    let found = machines.filter { members.contains($0.name) }
    let addresses = found.flatMap { $0.nics.flatMap(\.statedAddresses) }.sorted()
    // A VM in error has its own diagnostic.
    if addresses.isEmpty, found.count == members.count {
      diagnostics.error(
        "nobody knows the address of VM '\(name)'", at: location,
        help: "give one of its NICs an 'ip' or an 'address'")
    }
    return addresses.map { IPBlock($0) }
  }
}

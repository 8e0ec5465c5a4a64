import Planner
import SpecModel

extension SpecComposer {
  /// The networks of the hosts. One that is not described in full is used as it is.
  mutating func networkSection(used machines: [TakenMachine]) -> SpecMap {
    var found: [ResourceName: [(host: ResourceName, network: Network)]] = [:]
    for host in hosts {
      for network in host.state.networks.sorted(by: { $0.name < $1.name }) {
        guard network.parkedFor == nil else { continue }
        let isUsed = machines.contains {
          $0.host.name == host.name && $0.machine.networks.contains(network.name)
        }
        if !choice.machines.isEmpty, !isUsed { continue }
        let subject = "network '\(network.name)'"
        guard let name = try? ResourceName(parsing: network.name) else {
          omit(subject, on: host.name, "its name has characters that a spec's names do not have")
          continue
        }
        // What is used has to be there, and what is described is started.
        guard network.isActive else {
          omit(subject, on: host.name, "it is not active")
          continue
        }
        found[name, default: []].append((host.name, network))
        networks.known[host.name, default: []].insert(name)
      }
      for machine in machines where machine.host.name == host.name {
        for nic in machine.machine.unnamed.nics {
          networks.note(nic.link, on: host.name, isThere: host.uri != nil)
        }
      }
    }
    var section = SpecMap()
    for (name, places) in found.sorted(by: { $0.key < $1.key }) {
      let (entry, comments) = entry(name, places)
      section.add(name.rawValue, .map(entry), comments: comments)
    }
    return section
  }

  private mutating func entry(
    _ name: ResourceName, _ places: [(host: ResourceName, network: Network)]
  ) -> (SpecMap, comments: [String]) {
    let entries = places.map { description(of: $0.network) }
    let owners = Set(places.compactMap { $0.network.mark?.stack }).sorted()
    var (entry, comments): (SpecMap, [String])
    if !owners.isEmpty {
      let stacks = owners.map { "'\($0)'" }.joined(separator: ", ")
      (entry, comments) = (SpecMap(["external": true]), ["It belongs to stack \(stacks)."])
    } else if !choice.machines.isEmpty {
      // Others are on it, too.
      (entry, comments) = (SpecMap(["external": true]), [])
    } else if let first = entries[0], entries.allSatisfy({ $0 == first }) {
      (entry, comments) = (first, [])
      networks.managed.insert(name)
    } else {
      let why =
        entries.contains { $0 == nil }
        ? "It is used as it is: the language cannot say all of it."
        : "It is used as it is: the hosts have it each in another way."
      (entry, comments) = (SpecMap(["external": true]), [why])
    }
    if networks.managed.contains(name) {
      let known = Set(hosts.flatMap { $0.state.machines.map(\.domainName) })
      let kept = places.flatMap { $0.network.ipv4.reservations.filter { !known.contains($0.hostname) } }
      if !kept.isEmpty {
        comments.append(
          "DHCP keeps what others have it keep: " + kept.sorted().map(\.description).joined(separator: "; "))
      }
    }
    if places.count < hosts.count { entry["hosts"] = .list(places.map { .text($0.host.rawValue) }) }
    return (entry, comments)
  }

  /// The network in the words of the language; nil where it has none for what the network is.
  private func description(of network: Network) -> SpecMap? {
    guard let mode = network.mode, !network.isTransient, network.isActive, !network.isUnspeakable else {
      return nil
    }
    var entry = SpecMap(["mode": .text(mode.rawValue)])
    guard let ipv4 = addresses(network.ipv4), let ipv6 = addresses(network.ipv6) else { return nil }
    for field in ipv4.entries { entry[field.key] = field.value }
    if mode != .isolated, mode.hasAddresses, ipv4.isEmpty, ipv6.isEmpty { return nil }
    if !ipv6.isEmpty {
      var block = ipv6
      if mode == .nat, network.translatesIPv6 != true { block["nat"] = false }
      entry["ipv6"] = .map(block)
    }
    if mode == .bridge || mode == .ovs {
      guard let bridge = network.bridge else { return nil }
      entry["bridge"] = .text(bridge)
    }
    if mode == .macvtap {
      guard !network.devices.isEmpty else { return nil }
      entry["device"] =
        network.devices.count == 1 ? .text(network.devices[0]) : .list(network.devices.map { .text($0) })
      if let type = network.macvtap, type != .bridge { entry["type"] = .text(type.rawValue) }
    }
    var hosts = SpecMap()
    for name in Set(network.records.keys.map(\.name)).sorted() {
      let addresses = AddressFamily.allCases.compactMap { network.records[.init(name, $0)] }
      hosts[name] =
        addresses.count == 1
        ? .text("\(addresses[0])") : .list(addresses.map { .text("\($0)") })
    }
    let domain = network.domain.flatMap { (try? ResourceName(parsing: $0)) == nil ? nil : SpecValue.text($0) }
    entry["dns"] = SpecMap(["domain": domain, "hosts": hosts.value]).value
    var groups = SpecMap()
    for (name, group) in network.portgroups.sorted(by: { $0.key < $1.key }) {
      guard (try? ResourceName(parsing: name)) != nil else { return nil }
      groups[name] = .map(
        SpecMap([
          "vlan": group.vlan?.spec, "qos": group.qos?.spec, "default": group.isDefault ? true : nil,
        ]))
    }
    entry["portgroups"] = groups.value
    if let mtu = network.mtu { entry["mtu"] = .number(mtu) }
    // Without a word it is made to start with its host.
    if network.autostart == false { entry["autostart"] = false }
    return entry
  }

  /// nil for what the language cannot say: several ranges.
  private func addresses<Address>(_ subnet: Network.Subnet<Address>) -> SpecMap? {
    guard subnet.ranges.count <= 1 else { return nil }
    var entry = SpecMap()
    guard let cidr = subnet.cidr else { return subnet.ranges.isEmpty ? entry : nil }
    entry["cidr"] = .text("\(cidr)")
    guard let gateway = subnet.gateway else { return nil }
    if gateway != cidr.firstHost { entry["gateway"] = .text("\(gateway)") }
    if let range = subnet.ranges.first {
      guard range.from <= range.to else { return nil }
      entry["dhcp"] = .map(SpecMap(["from": .text("\(range.from)"), "to": .text("\(range.to)")]))
    }
    return entry
  }
}

extension Network {
  /// True where the language takes no such block.
  fileprivate var isUnspeakable: Bool {
    ipv4.cidr.map { !(8...30).contains($0.prefix) } ?? false
      || ipv6.cidr.map { !(64...126).contains($0.prefix) } ?? false
  }
}

extension VLAN {
  var spec: SpecValue {
    if !isTrunk, let tag = tags.first { return .number(tag) }
    return .map(
      SpecMap(["trunk": .list(tags.map { .number($0) }), "native": native.map { .number($0) }]))
  }
}

extension QoS {
  var spec: SpecValue? {
    func limit(_ bandwidth: Bandwidth?) -> SpecValue? {
      bandwidth.flatMap {
        SpecMap(["average": $0.average.spec, "peak": $0.peak?.spec, "burst": $0.burst?.spec]).value
      }
    }
    return SpecMap(["inbound": limit(inbound), "outbound": limit(outbound)]).value
  }
}

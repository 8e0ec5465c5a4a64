extension SiteDecoder {
  /// Checks what no single object can see: values that must be unique across the spec.
  func checkAcrossObjects() {
    checkHosts()
    checkAddresses()
    checkVolumes()
    checkNetworks()
  }

  private func checkHosts() {
    var uris = Firsts()
    for host in hosts.all {
      let uri =
        switch host.connection {
        case .embedded: "embedded"
        case .uri(let uri): uri.description
        }
      once(uri, host.path + "uri", among: &uris, "two hosts reach the same libvirt, '\(uri)'")
    }
  }

  private func checkAddresses() {
    var (macs, addresses, names) = (Firsts(), Firsts(), Firsts())
    for machine in machines {
      for nic in machine.nics {
        if let mac = nic.mac {
          once("\(mac)", nic.path + "mac", among: &macs, "two NICs have the MAC address \(mac)")
        }
        for address in nic.statedAddresses {
          let isStatic = nic.addresses.contains { $0.address == address }
          once(
            "\(machine.host)/\(nic.network)/\(address)", nic.path + (isStatic ? "address" : "ip"),
            among: &addresses, "two NICs on network '\(nic.network)' have the address \(address)")
        }
        // By DHCP for IPv6, libvirt knows a guest by the name that it calls itself.
        if nic.ipv6 != nil {
          once(
            "\(machine.host)/\(nic.network)/\(machine.guestName)", nic.path + "ip", among: &names,
            "two NICs on network '\(nic.network)' ask for an IPv6 address as '\(machine.guestName)', by which DHCP knows them"
          )
        }
      }
    }
  }

  private func checkVolumes() {
    var (uses, names, places) = (Firsts(), Firsts(), Firsts())
    for disk in sharedDisks.all {
      once(
        "\(disk.host)/\(disk.pool)/\(disk.name)", disk.path, among: &names,
        "two disks need a volume '\(disk.name)'")
    }
    for machine in machines {
      for disk in machine.disks {
        switch disk.source {
        case .shared(let name):
          once(
            name.rawValue, disk.path + "disk", among: &uses,
            "disk '\(name)' is used twice, but only one can write to it")
        case .cdrom, .hostMedium: continue
        case .path(let path, _):
          once(
            "\(machine.host)\(path)", disk.path + "path", among: &uses,
            "'\(path)' is used twice, but only one can write to it")
        case .existing(let volume, let pool, _):
          once(
            "\(machine.host)/\(pool)/\(volume)", disk.path + "volume", among: &uses,
            "volume '\(volume)' is used twice, but only one can write to it")
        case .own(_, _, _, let pool):
          let name = "\(machine.name).\(disk.name)"
          once(
            "\(machine.host)/\(pool)/\(name)", disk.path, among: &names, "two disks need a volume '\(name)'")
        }
      }
    }
    for pool in pools.all {
      for host in pool.hosts {
        if let path = pool.source?.path {
          once(
            "\(host)\(path)", pool.path + "path", among: &places,
            "two pools on host '\(host)' have the directory '\(path)'")
        } else if let origin = pool.source?.origin {
          once(
            "\(host) \(origin)", pool.path + "source", among: &places,
            "two pools on host '\(host)' have the source '\(origin)'")
        }
      }
    }
  }

  private func checkNetworks() {
    var bridges = Firsts()
    for network in networks.all where network.mode != .bridge && network.mode != .ovs {
      guard let bridge = network.bridge else { continue }
      for host in network.hosts {
        once(
          "\(host)/\(bridge)", network.path + "bridge", among: &bridges,
          "two networks make the bridge '\(bridge)'")
      }
    }
    checkOverlaps("cidr") { $0.ipv4?.cidr }
    checkOverlaps("ipv6.cidr") { $0.ipv6?.cidr }
  }

  private func checkOverlaps<Address>(_ key: String, _ block: (NetworkSpec) -> CIDRBlock<Address>?) {
    var byHost: [ResourceName: [(block: CIDRBlock<Address>, network: NetworkSpec)]] = [:]
    for network in networks.all {
      guard let block = block(network) else { continue }
      for host in network.hosts { byHost[host, default: []].append((block, network)) }
    }
    for host in byHost.keys.sorted() { checkOverlaps(byHost[host] ?? [], key) }
  }

  /// Of blocks in the order of their addresses, one overlaps an earlier one only if it lies in the last block
  /// that no other one holds.
  private func checkOverlaps<Address>(
    _ blocks: [(block: CIDRBlock<Address>, network: NetworkSpec)], _ key: String
  ) {
    let sorted = blocks.sorted {
      ($0.block.network, $0.block.prefix, $0.network.name) < (
        $1.block.network, $1.block.prefix, $1.network.name
      )
    }
    var last: (block: CIDRBlock<Address>, network: NetworkSpec)?
    for item in sorted {
      guard let outer = last, outer.block.overlaps(item.block) else {
        last = item
        continue
      }
      let places = [outer, item].map { ($0, origins.location(of: $0.network.path + key)) }
      let isInOrder = (places[0].1).map { a in places[1].1.map { a < $0 } ?? true } ?? true
      let ((first, _), (second, place)) = isInOrder ? (places[0], places[1]) : (places[1], places[0])
      diagnostics.error(
        "\(second.block) of network '\(second.network.name)' overlaps \(first.block) of network '\(first.network.name)'",
        at: place, related: related("the other network", first.network.path + key))
    }
  }

  /// What must be there once only, by where it stands first.
  private typealias Firsts = [String: SpecPath]

  /// Reports `key` if it is there a second time, with the place of the first.
  private func once(
    _ key: String, _ path: SpecPath, among firsts: inout Firsts, _ message: @autoclosure () -> String
  ) {
    guard let earlier = firsts[key] else {
      firsts[key] = path
      return
    }
    diagnostics.error(
      message(), at: origins.location(of: path), related: related("the first is here", earlier))
  }

  private func related(_ message: String, _ path: SpecPath) -> [Diagnostic.Related] {
    origins.location(of: path).map { [.init(message: message, location: $0)] } ?? []
  }
}

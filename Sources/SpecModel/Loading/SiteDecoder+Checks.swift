extension SiteDecoder {
  /// Checks what no single object can see: values that must be unique across the spec.
  func checkAcrossObjects() {
    checkHosts()
    checkAddresses()
    checkVolumes()
    checkNetworks()
  }

  private func checkHosts() {
    unique(
      hosts.all.map { host in
        let key =
          switch host.connection {
          case .embedded: "embedded"
          case .uri(let uri): uri.description
          }
        return (key, host.path + "uri", "two hosts reach the same libvirt, '\(key)'")
      })
  }

  private func checkAddresses() {
    let nics = machines.flatMap { machine in machine.nics.map { (machine, $0) } }
    unique(
      nics.compactMap { _, nic in
        nic.mac.map { ("\($0)", nic.path + "mac", "two NICs have the MAC address \($0)") }
      })
    unique(
      nics.flatMap { machine, nic in
        nic.statedAddresses.map { address in
          let isStatic = nic.addresses.contains { $0.address == address }
          return (
            "\(machine.host)/\(nic.network)/\(address)", nic.path + (isStatic ? "address" : "ip"),
            "two NICs on network '\(nic.network)' have the address \(address)"
          )
        }
      })
    // By DHCP for IPv6, libvirt knows a guest by the name that it calls itself.
    unique(
      nics.compactMap { machine, nic in
        nic.ipv6.map { _ in
          (
            "\(machine.host)/\(nic.network)/\(machine.guestName)", nic.path + "ip",
            "two NICs on network '\(nic.network)' ask for an IPv6 address as '\(machine.guestName)', by which DHCP knows them"
          )
        }
      })
  }

  private func checkVolumes() {
    var uses: [Unique] = []
    var names: [Unique] = sharedDisks.all.map {
      ("\($0.host)/\($0.pool)/\($0.name)", $0.path, "two disks need a volume '\($0.name)'")
    }
    for machine in machines {
      for disk in machine.disks {
        switch disk.source {
        case .shared(let name):
          uses.append(
            (name.rawValue, disk.path + "disk", "disk '\(name)' is used twice, but only one can write to it"))
        case .cdrom, .hostMedium: continue
        case .path(let path, _):
          uses.append(
            (
              "\(machine.host)\(path)", disk.path + "path",
              "'\(path)' is used twice, but only one can write to it"
            ))
        case .existing(let volume, let pool, _):
          uses.append(
            (
              "\(machine.host)/\(pool)/\(volume)", disk.path + "volume",
              "volume '\(volume)' is used twice, but only one can write to it"
            ))
        case .own(_, _, _, let pool):
          let name = "\(machine.name).\(disk.name)"
          names.append(("\(machine.host)/\(pool)/\(name)", disk.path, "two disks need a volume '\(name)'"))
        }
      }
    }
    unique(uses)
    unique(names)
    unique(
      pools.all.flatMap { pool in
        pool.hosts.compactMap { host in
          pool.source.flatMap { source in
            source.path.map {
              ("\(host)\($0)", pool.path + "path", "two pools on host '\(host)' have the directory '\($0)'")
            }
              ?? source.origin.map {
                ("\(host) \($0)", pool.path + "source", "two pools on host '\(host)' have the source '\($0)'")
              }
          }
        }
      })
  }

  private func checkNetworks() {
    unique(
      networks.all.flatMap { network in
        network.hosts.compactMap { host in
          network.mode == .bridge || network.mode == .ovs
            ? nil
            : network.bridge.map {
              ("\(host)/\($0)", network.path + "bridge", "two networks make the bridge '\($0)'")
            }
        }
      })
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

  /// What must be there once only, where it stands, and what to say if it is there twice.
  private typealias Unique = (key: String, path: SpecPath, message: String)

  /// Reports each key that comes a second time, with the place of the first.
  private func unique(_ items: [Unique]) {
    var first: [String: SpecPath] = [:]
    for item in items {
      guard let earlier = first[item.key] else {
        first[item.key] = item.path
        continue
      }
      diagnostics.error(
        item.message, at: origins.location(of: item.path), related: related("the first is here", earlier))
    }
  }

  private func related(_ message: String, _ path: SpecPath) -> [Diagnostic.Related] {
    origins.location(of: path).map { [.init(message: message, location: $0)] } ?? []
  }
}

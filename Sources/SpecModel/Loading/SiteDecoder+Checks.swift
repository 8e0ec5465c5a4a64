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
      nics.compactMap { machine, nic in
        (nic.ip ?? nic.address?.address).map {
          (
            "\(machine.host)/\(nic.network)/\($0)", nic.path + (nic.ip == nil ? "address" : "ip"),
            "two NICs on network '\(nic.network)' have the address \($0)"
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
        case .cdrom: continue
        case .existing(let volume, let pool):
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
    var byHost: [ResourceName: [(block: CIDRBlock, network: NetworkSpec)]] = [:]
    for network in networks.all {
      guard let block = network.cidr else { continue }
      for host in network.hosts { byHost[host, default: []].append((block, network)) }
    }
    for host in byHost.keys.sorted() { checkOverlaps(byHost[host] ?? []) }
  }

  /// Of blocks in the order of their addresses, one overlaps an earlier one only if it lies in the last block
  /// that no other one holds.
  private func checkOverlaps(_ blocks: [(block: CIDRBlock, network: NetworkSpec)]) {
    let sorted = blocks.sorted {
      ($0.block.network, $0.block.prefix, $0.network.name) < (
        $1.block.network, $1.block.prefix, $1.network.name
      )
    }
    var last: (block: CIDRBlock, network: NetworkSpec)?
    for item in sorted {
      guard let outer = last, outer.block.overlaps(item.block) else {
        last = item
        continue
      }
      let places = [outer, item].map { ($0, origins.location(of: $0.network.path + "cidr")) }
      let isInOrder = (places[0].1).map { a in places[1].1.map { a < $0 } ?? true } ?? true
      let ((first, _), (second, place)) = isInOrder ? (places[0], places[1]) : (places[1], places[0])
      diagnostics.error(
        "\(second.block) of network '\(second.network.name)' overlaps \(first.block) of network '\(first.network.name)'",
        at: place, related: related("the other network", first.network.path + "cidr"))
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

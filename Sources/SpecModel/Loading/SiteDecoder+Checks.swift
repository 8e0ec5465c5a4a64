extension SiteDecoder {
  /// Checks what no single object can see: values that must be unique across the spec.
  func checkAcrossObjects() {
    checkHosts()
    checkMachineNames()
    checkAddresses()
    checkVolumes()
    checkNetworks()
  }

  private func checkHosts() {
    unique(hosts.map { host in
      let key = switch host.connection {
      case .embedded: "embedded"
      case .uri(let uri): uri.description
      }
      return (key, host.path + "uri", "hosts reach the same libvirt, '\(key)'")
    })
  }

  private func checkMachineNames() {
    unique(machines.map { ($0.name.rawValue, $0.path, "VMs are named '\($0.name)'") })
  }

  private func checkAddresses() {
    let nics = machines.flatMap { machine in machine.nics.map { (machine, $0) } }
    unique(nics.compactMap { _, nic in
      nic.mac.map { ("\($0)", nic.path + "mac", "NICs have the MAC address \($0)") }
    })
    unique(nics.compactMap { machine, nic in
      nic.ip.map {
        ("\(machine.host)/\(nic.network)/\($0)", nic.path + "ip", "NICs on network '\(nic.network)' have the address \($0)")
      }
    })
  }

  private func checkVolumes() {
    var uses: [(String, SpecPath, String)] = []
    var names: [(String, SpecPath, String)] = sharedDisks.map {
      ("\($0.host)/\($0.pool)/\($0.name)", $0.path, "disks need a volume '\($0.name)'")
    }
    for machine in machines {
      for disk in machine.disks {
        switch disk.source {
        case .shared(let name):
          uses.append((name.rawValue, disk.path + "disk", "VMs use the disk '\(name)', which only one can write"))
        case .own(_, _, _, let pool):
          let name = "\(machine.name).\(disk.name)"
          names.append(("\(machine.host)/\(pool)/\(name)", disk.path, "disks need a volume '\(name)'"))
        }
      }
    }
    unique(uses)
    unique(names)
  }

  private func checkNetworks() {
    unique(networks.flatMap { network in
      network.hosts.compactMap { host in
        network.mode == .bridge ? nil
          : network.bridge.map { ("\(host)/\($0)", network.path + "bridge", "networks make the bridge '\($0)'") }
      }
    })
    for (index, network) in networks.enumerated() {
      for earlier in networks[..<index] {
        guard let a = earlier.cidr, let b = network.cidr, a.overlaps(b),
          !Set(earlier.hosts).isDisjoint(with: network.hosts)
        else { continue }
        diagnostics.error(
          "\(b) of network '\(network.name)' overlaps \(a) of network '\(earlier.name)'",
          at: origins.location(of: network.path + "cidr"),
          related: related("the other network", earlier.path + "cidr"))
      }
    }
  }

  /// Reports each key that comes a second time, with the place of the first.
  private func unique(_ items: [(key: String, path: SpecPath, what: String)]) {
    var first: [String: SpecPath] = [:]
    for item in items {
      guard let earlier = first[item.key] else {
        first[item.key] = item.path
        continue
      }
      diagnostics.error(
        "two \(item.what)", at: origins.location(of: item.path), related: related("the first is here", earlier))
    }
  }

  private func related(_ message: String, _ path: SpecPath) -> [Diagnostic.Related] {
    origins.location(of: path).map { [.init(message: message, location: $0)] } ?? []
  }
}

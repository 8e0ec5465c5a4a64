extension SpecGenerator {
  /// The spec as YAML.
  var text: String {
    var text = Scenario.header(hosts: hosts)
    let pools = [
      "  main: {path: /srv/main\(autostartsPool.map { ", autostart: \($0)" } ?? "")}\n",
      hasSecondPool
        ? "  second: {\(isSecondLogical ? "type: logical, source: vg0" : "path: /srv/second")}\n" : "",
    ]
    text += "pools:\n" + pools.joined() + "images:\n"
    for image in ["debian", "linux"] { text += "  \(image): {source: \(Images.file), format: raw}\n" }
    text += section("networks", networks.sorted { $0.key < $1.key }.map(line))
    text += section(
      "disks",
      shared.sorted { $0.key < $1.key }.map { name, disk in
        "  \(name): {size: \(disk.size)GiB, pool: main, host: \(host(of: name)), protect: \(disk.isProtected)}\n"
      })
    text += section("firewalls", firewalls.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)\n" })
    text += section("vms", machines.sorted { $0.key < $1.key }.map(paragraph))
    text += section("moved", moved.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)\n" })
    return text + section("removed", removed.sorted().map { "  \($0): {forget: true}\n" })
  }

  private func section(_ name: String, _ lines: [String]) -> String {
    lines.isEmpty ? "" : "\(name):\n" + lines.joined()
  }

  private func block(_ network: NetworkDraft) -> String { "10.\(network.number).\(network.block)" }

  private func ipv6Block(_ network: NetworkDraft) -> String { "fd00:\(network.number):\(network.block)" }

  private func line(_ name: String, _ network: NetworkDraft) -> String {
    let block = block(network)
    var words = network.isSwitch ? ["mode: ovs", "bridge: ovsbr0"] : ["mode: nat", "cidr: \(block).0/24"]
    if !network.isSwitch {
      if let end = network.rangeEnd { words.append("dhcp: {from: \(block).100, to: \(block).\(end)}") }
      if let more = network.ipv6 {
        let block = ipv6Block(network)
        let said = more.replacing("range", with: ", dhcp: {from: \(block)::1000, to: \(block)::1fff}")
        words.append("ipv6: {cidr: \(block)::/64\(said)}")
      }
      let domain = network.domain.map { ["domain: \($0)"] } ?? []
      let records = network.records.sorted { $0.key < $1.key }.map { name, number in
        let both = "[\(block).\(number), \(ipv6Block(network))::\(number)]"
        return "\(name): " + (network.ipv6 == nil ? "\(block).\(number)" : both)
      }
      let dns = domain + (records.isEmpty ? [] : ["hosts: {\(records.joined(separator: ", "))}"])
      if !dns.isEmpty { words.append("dns: {\(dns.joined(separator: ", "))}") }
      if let mtu = network.mtu { words.append("mtu: \(mtu)") }
    }
    if !network.portgroups.isEmpty {
      let groups = network.portgroups.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      words.append("portgroups: {\(groups.joined(separator: ", "))}")
    }
    if let autostart = network.autostart { words.append("autostart: \(autostart)") }
    if network.isProtected { words.append("protect: true") }
    return "  \(name): {\(words.joined(separator: ", "))}\n"
  }

  private func paragraph(_ name: String, _ machine: MachineDraft) -> String {
    var lines = ["host: \(host(of: name))", "pool: main", "memory: \(memory(of: machine))"]
    let cpus =
      (machine.cpus.map { ["count: \($0.count)", "max: \($0.max)"] } ?? ["count: 1"])
      + ["shares", "limit", "pin"].compactMap { key in machine.fields["cpus.\(key)"].map { "\(key): \($0)" } }
    if cpus != ["count: 1"] { lines.append("cpus: {\(cpus.joined(separator: ", "))}") }
    if let graphics = machine.graphics {
      let password = graphics.type == "none" ? nil : graphics.password
      lines.append("graphics: {type: \(graphics.type)\(password.map { ", password: \($0)" } ?? "")}")
    }
    // A guest reads one of the two.
    let other = machine.fields["cloud_init"] == nil ? "" : "ignition"
    lines += machine.fields.sorted { $0.key < $1.key }.filter {
      !$0.key.hasPrefix("cpus.") && $0.key != other
    }.map {
      "\($0.key): \($0.value)"
    }
    for (key, devices) in [("shares", machine.shares), ("host_devices", machine.hostDevices)]
    where !devices.isEmpty {
      let entries = devices.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      lines.append("\(key): {\(entries.joined(separator: ", "))}")
    }
    if let image = machine.image { lines.append("image: \(image)") }
    if let kernel = machine.kernel { lines.append("kernel: \(kernel)") }
    let after = machine.after.filter { machines[$0] != nil && $0 < name }.sorted()
    if !after.isEmpty { lines.append("start_after: [\(after.joined(separator: ", "))]") }
    if !machine.boots.isEmpty { lines.append("boot: [\(machine.boots.joined(separator: ", "))]") }
    if !machine.disks.isEmpty { lines.append("disks:") }
    for (disk, draft) in machine.disks.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(disk): {\(words(disk, draft, of: name).joined(separator: ", "))}")
    }
    if !machine.nics.isEmpty { lines.append("nics:") }
    for (nic, draft) in machine.nics.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(nic): {\(words(nic, draft, of: name).joined(separator: ", "))}")
    }
    return "  \(name):\n" + lines.map { "    \($0)\n" }.joined()
  }

  private func memory(of machine: MachineDraft) -> String {
    let size = "\(machine.memory.size)GiB"
    var words = machine.memory.max.map { ["max: \($0)GiB"] } ?? []
    if let limit = machine.memoryLimit {
      let devices = machine.memoryDevices.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)MiB" }
      words.append("limit: \(limit)GiB")
      if !devices.isEmpty { words.append("devices: {\(devices.joined(separator: ", "))}") }
    }
    return words.isEmpty ? size : "{\((["size: \(size)"] + words).joined(separator: ", "))}"
  }

  private func words(_ name: String, _ disk: DiskDraft, of machine: String) -> [String] {
    var words: [String] =
      switch disk.content {
      case .own:
        ["size: \(sizes["\(machine).\(name)"] ?? 1)GiB"]
          + (name.hasPrefix("second")
            ? ["pool: second"] + (isSecondLogical ? ["image: debian", "clone: full"] : []) : [])
          + (disk.keep ? ["keep: true"] : []) + (disk.isProtected ? ["protect: true"] : [])
      case .shared(let shared): ["disk: \(shared)"]
      case .cdrom(let image): ["cdrom: \(image ?? "none")"]
      }
    if let bus = disk.bus { words.append("bus: \(bus)") }
    if let iotune = disk.iotune { words.append("iotune: \(iotune)") }
    return words
  }

  private func words(_ name: String, _ nic: NICDraft, of machine: String) -> [String] {
    // Each interface has a range of its own, so that no address is given twice.
    let row = (Self.machineNames.firstIndex(of: machine) ?? 0) * 3
    let place = row + (Self.nicNames.firstIndex { name.hasPrefix($0) } ?? 0)
    var words = ["network: \(nic.network)"]
    if let address = nic.address, let network = networks[nic.network] {
      let cloudInit = machines[machine]?.fields["cloud_init"]
      let isStatic = nic.isStatic && cloudInit.map { $0 != Self.cloudInitWithoutNetwork } ?? false
      let number = address + place * 4
      // By the name of the guest, DHCP knows but one of its interfaces.
      let first = machines[machine]?.nics.filter { $0.value.network == nic.network && $0.value.hasIPv6 }.keys
        .min()
      let isDual = network.ipv6 != nil && first == name
      let both = "[\(block(network)).\(number), \(ipv6Block(network))::\(number)]"
      words.append(
        "\(isStatic ? "address" : "ip"): \(isDual ? both : "\(block(network)).\(number)")")
    }
    if let mac = nic.mac { words.append("mac: \"52:54:00:00:0\(mac):\(place + 10)\"") }
    if let model = nic.model { words.append("model: \(model)") }
    if let link = nic.link { words.append("link: \(link)") }
    if let vlan = nic.vlan { words.append("vlan: \(vlan)") }
    if let group = nic.portgroup, networks[nic.network]?.portgroups[group] != nil {
      words.append("portgroup: \(group)")
    }
    if let qos = nic.qos { words.append("qos: \(qos)") }
    if let firewall = nic.firewall { words.append("firewall: \(firewall)") }
    return words
  }
}

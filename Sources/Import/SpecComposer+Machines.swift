import Planner
import SpecModel

extension SpecComposer {
  /// What the spec says of a VM.
  func fields(of machine: Machine, on host: ImportedHost, xml: String?) -> SpecMap {
    let settings = machine.settings
    let driver = host.state.capabilities.driver
    var fields = SpecMap()
    if hosts.count > 1 { fields["host"] = .text(host.name.rawValue) }
    fields["title"] = settings.title.flatMap(line)
    fields["description"] = settings.description.flatMap { $0.isEmpty ? nil : .text($0) }
    if driver == .qemu, host.uri != nil, let accel = settings.accel {
      let usual = accelerator(of: host) ?? (host.state.capabilities.hasKVM ? .kvm : .tcg)
      if accel != usual { fields["accel"] = .text(accel.rawValue) }
    }
    if driver == .xen, let virt = settings.virt { fields["virt"] = .text(virt.rawValue) }
    fields["cpus"] = cpus(settings)
    fields["memory"] = memory(settings)
    fields["numa"] = numa(settings)
    let isLacking = driver == .xen
    if !isLacking {
      fields["machine"] = settings.machine.flatMap { name($0) }.map { alias(of: $0, on: host) }
      // What libvirt writes down where QEMU emulates and nobody has asked for a CPU.
      let isUsual = settings.accel == .tcg && ["qemu64", "qemu32"].contains(settings.cpu)
      fields["cpu"] = isUsual ? nil : settings.cpu.flatMap(name)
    }
    if settings.firmware == .uefi {
      fields["firmware"] = SpecMap([
        "type": "uefi", "secure_boot": isLacking ? nil : settings.secureBoot.map { .flag($0) },
      ]).value(short: "type")
    }
    if let graphics = settings.graphics, graphics != .none { fields["graphics"] = .text(graphics.rawValue) }
    fields["console"] =
      settings.console == false
      ? false : settings.consoleLog.flatMap { isPlainPath($0) ? .map(SpecMap(["log": .text($0)])) : nil }
    if !isLacking {
      if case .present(let model) = settings.tpm {
        fields["tpm"] = model == .crb ? true : .map(SpecMap(["model": .text(model.rawValue)]))
      }
      switch settings.randomSource {
      case .absent where driver == .qemu: fields["rng"] = false
      case .present(let source): fields["rng"] = source.rate.map { .map(SpecMap(["rate": $0.spec])) }
      case .absent, nil: break
      }
      if case .present(let watchdog) = settings.watchdog {
        fields["watchdog"] = SpecMap([
          "action": .text(watchdog.action.rawValue),
          "model": watchdog.model == .i6300esb ? nil : .text(watchdog.model.rawValue),
        ]).value(short: "action")
      }
    }
    let named = NamedDevices(machine, names: nicNames(of: machine, on: host)) { device in
      // Only one VM can have a disk: what others have of it, too, libvirt is told.
      owners[DiskPlace(host: host.name, path: device.path)] == machine.uuid
        || isMade(device, of: machine, on: host) ? disk(device, of: machine, on: host) : nil
    }
    fields["disks"] = named.disks.value
    fields["nics"] = nics(named, on: host).value
    // Disks are tried in their order where nothing is said.
    if let boot = named.boot, !isLacking, machine.kernel == nil, boot != named.disks.keys {
      fields["boot"] = .list(boot.map(SpecValue.text))
    }
    fields["shares"] = shares(of: machine).value
    if let state = settings.state, state != .running { fields["state"] = .text(state.rawValue) }
    if settings.autostart == true { fields["autostart"] = true }
    fields["xml"] = xml.map { .text($0) }
    return fields
  }

  private func line(_ text: String) -> SpecValue? {
    let isLine = !text.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
    return text.isEmpty || !isLine ? nil : .text(text)
  }

  private func name(_ text: String) -> SpecValue? {
    (try? ResourceName(parsing: text)).map { .text($0.rawValue) }
  }

  /// The short name of a machine type where the host means the same by it.
  private func alias(of machine: SpecValue, on host: ImportedHost) -> SpecValue {
    guard case .text(let text) = machine else { return machine }
    let aliases = host.state.capabilities.machineAliases.filter { $0.value == text }.keys
    return aliases.min { ($0.count, $0) < ($1.count, $1) }.map { .text($0) } ?? machine
  }

  private func cpus(_ settings: MachineSettings) -> SpecValue? {
    guard let cpus = settings.cpus else { return nil }
    var map = SpecMap(["count": .number(cpus.count)])
    if cpus.max != cpus.count { map["max"] = .number(cpus.max) }
    map["shares"] = settings.cpuShares.flatMap { SpecLimits.cpuShares.contains($0) ? .number($0) : nil }
    map["limit"] = settings.cpuLimit.flatMap { limit in
      SpecLimits.cpuPercent.contains(limit.percent) ? .text("\(limit)") : nil
    }
    if let sets = settings.cpuPinning?.sets.filter({ $0.key < cpus.max }), !sets.isEmpty {
      if sets.count == cpus.max, Set(sets.values).count == 1, let set = sets[0] {
        map["pin"] = .text("\(set)")
      } else {
        var pins = SpecMap()
        for (number, set) in sets.sorted(by: { $0.key < $1.key }) { pins["\(number)"] = .text("\(set)") }
        map["pin"] = .map(pins)
      }
    }
    if let topology = settings.cpuTopology, topology.sockets * topology.cores * topology.threads == cpus.max {
      func part(_ count: Int) -> SpecValue? { count == 1 ? nil : .number(count) }
      var parts = SpecMap([
        "sockets": part(topology.sockets), "cores": part(topology.cores), "threads": part(topology.threads),
      ])
      if parts.isEmpty { parts["sockets"] = 1 }
      map["topology"] = .map(parts)
    }
    return map.value(short: "count")
  }

  private func memory(_ settings: MachineSettings) -> SpecValue? {
    guard let memory = settings.memory else { return nil }
    var map = SpecMap(["size": memory.size.spec])
    if memory.max != memory.size { map["max"] = memory.max.spec }
    if let limit = settings.memoryLimit, limit >= memory.max, limit <= SpecLimits.memory {
      map["limit"] = limit.spec
    }
    return map.value(short: "size")
  }

  private func numa(_ settings: MachineSettings) -> SpecValue? {
    var map = SpecMap()
    if let cells = settings.numaCells, (2...128).contains(cells.count),
      cells.allSatisfy({ !$0.cpus.numbers.isEmpty && $0.memory >= .mebibytes(1) })
    {
      let vcpus = cells.flatMap(\.cpus.numbers).sorted()
      let total = cells.reduce(UInt64(0)) { $0 &+ $1.memory.rawValue }
      if vcpus == Array(0..<(settings.cpus?.max ?? 0)), total == settings.memory?.max.rawValue {
        map["cells"] = .list(
          cells.map { .map(SpecMap(["cpus": .text("\($0.cpus)"), "memory": $0.memory.spec])) })
      }
    }
    map["nodes"] = settings.numaNodes.map { .text("\($0)") }
    return map.value
  }

  // MARK: Devices

  /// A NIC is called as its network, which then need not be said; a second one of it gets a number.
  private func nicNames(of machine: Machine, on host: ImportedHost) -> [String?] {
    var counts: [String: Int] = [:]
    var seen: Set<MACAddress> = []
    return machine.unnamed.nics.map { nic in
      guard let mac = nic.mac, host.freeAddresses.contains(mac) || addresses[mac] == machine.uuid,
        seen.insert(mac).inserted,
        let network = networks.name(of: nic.link, on: host.name)?.rawValue
      else { return nil }
      counts[network, default: 0] += 1
      return counts[network] == 1 ? network : "\(network)-\(counts[network] ?? 0)"
    }
  }

  private func nics(_ devices: NamedDevices, on host: ImportedHost) -> SpecMap {
    var section = SpecMap()
    for (name, nic) in devices.nics {
      guard let network = networks.name(of: nic.link, on: host.name)?.rawValue else { continue }
      var entry = SpecMap()
      if network != name { entry["network"] = .text(network) }
      entry["mac"] = nic.mac.flatMap { host.freeAddresses.contains($0) ? nil : .text("\($0)") }
      let usual = host.state.capabilities.driver == .xen ? "netfront" : "virtio"
      if let model = nic.model, model != usual { entry["model"] = self.name(model) }
      if nic.linkState == .down { entry["link"] = "down" }
      entry["ip"] = reservation(of: nic, named: devices.name, on: host)
      entry["portgroup"] = nic.portgroup.flatMap { self.name($0.name) }
      if let mode = host.state.networks.first(where: { .network($0.name) == nic.link })?.mode, mode == .ovs {
        entry["vlan"] = nic.vlan?.spec
      }
      if nic.link != .user { entry["qos"] = nic.qos?.spec }
      section[name] = .map(entry)
    }
    return section
  }

  /// What DHCP keeps for the NIC, where the spec would have the network know it by the same name.
  private func reservation(of nic: Machine.NIC, named name: String, on host: ImportedHost) -> SpecValue? {
    guard let network = host.state.networks.first(where: { .network($0.name) == nic.link }),
      let mac = nic.mac,
      let plain = try? ResourceName(parsing: network.name), networks.managed.contains(plain)
    else { return nil }
    let found = network.ipv4.reservations.first { $0.mac == mac && $0.hostname == name }
    return found.map { .text("\($0.ip)") }
  }

  private func shares(of machine: Machine) -> SpecMap {
    var section = SpecMap()
    for share in machine.shares
    where (try? ResourceName(parsing: share.name)) != nil && isPlainPath(share.path) {
      section[share.name] = .map(
        SpecMap([
          "path": .text(share.path), "type": share.kind == .virtiofs ? nil : .text(share.kind.rawValue),
          "read_only": share.isReadOnly ? true : nil,
        ]))
    }
    return section
  }
}

/// Limits of the language that hosts do not have.
private enum SpecLimits {
  /// What cgroups take for a weight.
  static let cpuShares = 2...262_144
  /// Hundredths of a CPU.
  static let cpuPercent = 1...100_000
  static let memory = ByteCount.gibibytes(1 << 16)
}

/// The names that a spec gives the disks, drives and NICs of a VM.
private struct NamedDevices {
  /// libvirt's name of the VM.
  let name: String
  private(set) var disks = SpecMap()
  private(set) var nics: [(name: String, nic: Machine.NIC)] = []
  /// The devices that the firmware tries; nil where the definition says nothing, or the spec has no name for one of them.
  private(set) var boot: [String]?

  init(_ machine: Machine, names: [String?], _ describe: (Machine.Disk) -> SpecMap?) {
    name = machine.domainName
    var placed: [Machine.BootDevice: String] = [:]
    for (name, nic) in zip(names, machine.unnamed.nics) {
      guard let name, let mac = nic.mac else { continue }
      nics.append((name, nic))
      placed[.nic(mac)] = name
    }
    let taken = Set(nics.map(\.name))
    func free(_ wish: String) -> String {
      let names = [wish] + (2...).prefix(1000).map { "\(wish)-\($0)" }
      return names.first { disks[$0] == nil && !taken.contains($0) } ?? wish
    }
    for disk in machine.unnamed.disks {
      guard let entry = describe(disk) else { continue }
      let name = free(disks.isEmpty ? "root" : disk.target ?? "disk")
      disks[name] = .map(entry)
      placed[.disk(disk.path)] = name
    }
    for drive in machine.unnamed.drives {
      guard let bus = drive.bus, bus != .virtio, let target = drive.target else { continue }
      let name = free("cdrom")
      disks[name] = .map(
        SpecMap([
          // What files name without a path is nowhere yet.
          "cdrom": .text(drive.media.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "none"),
          "bus": bus == .scsi ? nil : .text(bus.rawValue),
        ]))
      placed[.drive(target)] = name
    }
    let order = machine.unnamed.boot.map { placed[$0] }
    if !order.isEmpty, !order.contains(nil) { boot = order.compactMap { $0 } }
  }
}

extension SpecGenerator {
  mutating func change(machine name: String) {
    switch random.number(0..<28) {
    case 0, 1, 2, 3: changeDisks(of: name)
    case 4, 5, 6: changeNICs(of: name)
    case 7: changeShared(of: name)
    case 8:
      // Mostly the maximum stays: then a guest takes the change while it runs.
      let size = random.number(1..<4)
      let max = random.chance(60) ? machines[name]?.memory.max ?? 4 : random.pick([nil, 3, 4])
      machines[name]?.memory = (size, max.flatMap { $0 >= size ? $0 : nil })
    case 9, 19: changeProcessors(of: name)
    case 20, 21: changeMemoryDevices(of: name)
    case 22:
      for disk in machines[name]?.disks.keys.sorted() ?? [] where random.chance(50) {
        throttle(disk, of: name)
      }
    case 10, 23:
      let password = random.pick([nil, "abc", "xyz"])
      if random.chance(75), let screen = machines[name]?.graphics?.type {
        machines[name]?.graphics = (screen, password)
      } else {
        machines[name]?.graphics = random.pick([nil, ("none", nil), ("vnc", password), ("spice", password)])
      }
    case 11:
      let kernel = random.chance(50) ? "linux" : nil
      machines[name]?.kernel = kernel
      machines[name]?.fields["cmdline"] = kernel == nil ? nil : random.pick([nil, "quiet"])
      if kernel != nil { machines[name]?.boots = [] }
    case 12: changeBoot(of: name)
    case 24:
      // By the order of names there is no cycle.
      let earlier = Self.machineNames.filter { $0 < name }
      machines[name]?.after = Set(earlier.filter { _ in random.chance(40) })
    case 25: machines[name]?.fields["ready"] = random.pick([nil, "{agent: true}", "{tcp: 22, timeout: 1m}"])
    case 26, 27: changeDevices(of: name)
    case 13, 18: machines[name]?.fields["state"] = random.pick([nil, "running", "off", "paused"])
    default: changeField(of: name)
    }
  }

  private mutating func changeField(of name: String) {
    var values: [(String, [String?])] = [
      ("title", [nil, "One", "Two"]), ("description", [nil, "one", "two"]),
      ("autostart", [nil, "true", "false"]),
      ("console", [nil, "true", "false", driver == .xen ? "true" : "{log: /var/log/guest}"]),
      ("shutdown", [nil, "{timeout: 5s}", "{timeout: 5s, force: true}"]),
      ("protect", [nil, nil, "true"]), ("cpus.shares", [nil, "512", "2048"]),
      ("cpus.limit", [nil, "0.5", "1.5"]),
      ("on_change", [nil, "stage", "restart-if-needed", "live-only"]),
      ("cloud_init", Self.cloudInits), ("cloud_init", Self.cloudInits),
      ("clone", [nil, "linked", "full"]), ("on_image_change", [nil, "keep", "replace", "replace"]),
    ]
    if driver == .qemu {
      values += [
        ("machine", [nil, "q35", "pc"]), ("cpu", [nil, "max", "qemu64"]),
        (
          "firmware",
          [nil, "bios", "uefi", "{type: uefi, secure_boot: true}", "{type: uefi, secure_boot: false}"]
        ),
        ("ignition", [nil, "{hostname: a}", "{hostname: b}"]),
        ("accel", [nil, "auto", "tcg", hasKVM ? "kvm" : "tcg"]),
      ]
    }
    let (field, choices) = random.pick(values)
    machines[name]?.fields[field] = random.pick(choices)
  }

  /// What a VM has or has not, and what it has of its host.
  private mutating func changeDevices(of name: String) {
    let usb = random.pick(["1050:0407", "0951:1666"])
    let device = random.pick(["key", "card"])
    machines[name]?.hostDevices[device] = random.pick([
      nil, "{usb: \"\(usb)\"}", "{pci: \"0000:0\(device.count):00.0\"}",
    ])
    if machines[name]?.hostDevices["key"] == machines[name]?.hostDevices["card"] {
      machines[name]?.hostDevices["card"] = nil
    }
    guard driver != .xen else { return }
    let (field, choices) = random.pick([
      ("tpm", [nil, "true", "false", "{model: tis}"]), ("rng", [nil, "true", "false", "{rate: 1KiB}"]),
      ("watchdog", [nil, "reset", "false", "{model: ib700, action: none}"]), ("numa", [nil, "{nodes: 0}"]),
    ])
    machines[name]?.fields[field] = random.pick(choices)
    machines[name]?.shares[random.pick(["web", "home"])] = random.pick([
      nil, "{path: /srv/a}", "{path: /srv/b, type: 9p, read_only: true}",
    ])
  }

  private static let cloudInits: [String?] = [
    nil, "{}", "{run: [a]}", "{hostname: other, instance: 2}", Self.cloudInitWithoutNetwork,
  ]
  static let cloudInitWithoutNetwork = "{network: none, packages: [p]}"

  private mutating func changeProcessors(of name: String) {
    let count = random.number(1..<4)
    // Mostly the maximum stays: then a guest takes the change while it runs.
    let max = random.chance(60) ? machines[name]?.cpus?.max ?? 4 : random.pick([count, 3, 4])
    machines[name]?.cpus = random.chance(20) ? nil : (count, max >= count ? max : count)
    let room = machines[name]?.cpus?.max ?? 0
    machines[name]?.fields["cpus.pin"] =
      room == 0 ? nil : random.pick([nil, "0-1", "{0: 0}", room > 1 ? "{0: \"1\", 1: 0-1}" : "{0: \"1\"}"])
  }

  /// Room and modules; a guest that has room is given one more without a restart.
  private mutating func changeMemoryDevices(of name: String) {
    guard driver == .qemu else { return }
    let limit = machines[name]?.memoryLimit ?? 16
    machines[name]?.memoryLimit = random.pick([limit, limit, limit, limit, limit, nil, 24])
    let device = random.pick(["east", "west"])
    machines[name]?.memoryDevices[device] = random.pick([nil, 512, 1024])
  }

  private mutating func changeBoot(of name: String) {
    guard driver != .xen, let machine = machines[name], machine.kernel == nil else { return }
    let devices =
      (Array(machine.disks.keys) + Array(machine.nics.keys)).sorted() + (machine.image == nil ? [] : ["root"])
    machines[name]?.boots = random.chance(30) ? [] : Array(devices.shuffled(using: &random).prefix(2))
  }

  // MARK: Disks

  mutating func changeDisks(of name: String) {
    let there = machines[name]?.disks.filter { $0.value.shared == nil }.keys.sorted() ?? []
    let disk = random.any(of: random.chance(50) ? there : []) ?? random.pick(Self.diskNames)
    guard machines[name]?.disks[disk] != nil else {
      if spent.contains("vms.\(name).disks.\(disk)") { return }
      let draft = newDisk(disk)
      machines[name]?.disks[disk] = draft
      return
    }
    switch random.number(0..<8) {
    case 0, 1: remove(disk: disk, of: name)
    case 2 where !(isSecondLogical && disk.hasPrefix("second")): sizes["\(name).\(disk)", default: 1] += 1
    case 3: machines[name]?.disks[disk]?.keep.toggle()
    case 4: machines[name]?.disks[disk]?.isProtected.toggle()
    case 5: throttle(disk, of: name)
    case 6: move(device: disk, to: "\(disk)-\(random.number(0..<9))", "disks", of: name)
    default:
      let bus = bus()
      machines[name]?.disks[disk]?.bus = bus
    }
    guard case .cdrom? = machines[name]?.disks[disk]?.content else { return }
    let drive = random.chance(30) ? nil : newDrive()
    machines[name]?.disks[disk] = drive
    if drive == nil { remove(disk: disk, of: name) }
  }

  private mutating func throttle(_ disk: String, of name: String) {
    if case .cdrom? = machines[name]?.disks[disk]?.content { return }
    guard driver != .xen else { return }
    machines[name]?.disks[disk]?.iotune = random.pick([
      nil, "{total_bytes: 50MiB}", "{read_iops: 100, write_iops: 50}",
    ])
  }

  private mutating func bus() -> String? {
    driver == .xen ? nil : random.pick([nil, "virtio", "scsi", "sata"])
  }

  private mutating func newDisk(_ name: String) -> DiskDraft {
    // One name is for drives, so that a drive does not become a disk.
    if name == "extra" { return newDrive() }
    return DiskDraft(keep: random.chance(20), isProtected: random.chance(10), bus: bus())
  }

  private mutating func newDrive() -> DiskDraft {
    DiskDraft(
      content: .cdrom(random.pick([nil, "linux", "debian"])),
      bus: driver == .xen ? nil : random.pick([nil, "scsi", "scsi", "sata"]))
  }

  private mutating func changeShared(of name: String) {
    for disk in shared.keys.sorted() { unplug(shared: disk, of: name) }
    let free = shared.keys.sorted().filter { host(of: $0) == host(of: name) }
    guard let disk = random.any(of: free), random.chance(70) else { return }
    for other in machines.keys { unplug(shared: disk, of: other) }
    let draft = DiskDraft(content: .shared(disk), bus: bus())
    // The VM has a name of its own for it.
    machines[name]?.disks["shared-\(random.number(0..<3))"] = draft
  }

  // MARK: Network interfaces

  mutating func changeNICs(of name: String) {
    let there = machines[name]?.nics.keys.sorted() ?? []
    let nic = random.any(of: random.chance(50) ? there : []) ?? random.pick(Self.nicNames)
    guard let network = random.any(of: networks.keys.sorted()) else { return }
    if machines[name]?.nics[nic] == nil {
      if !spent.contains("vms.\(name).nics.\(nic)") {
        var draft = NICDraft(network: network, address: address(on: network))
        let isFiltered = driver == .qemu && networks[network]?.isSwitch == false
        if isFiltered, random.chance(30) { draft.firewall = random.pick(["closed", "open"]) }
        machines[name]?.nics[nic] = draft
      }
      return
    }
    switch random.number(0..<13) {
    case 12: machines[name]?.nics[nic]?.portgroup = random.pick([nil, "a", "b"])
    case 11: machines[name]?.nics[nic]?.hasIPv6.toggle()
    case 9:
      let isFiltered =
        driver == .qemu && machines[name]?.nics[nic].map { networks[$0.network]?.isSwitch == false } == true
      machines[name]?.nics[nic]?.firewall = isFiltered ? random.pick([nil, "closed", "open"]) : nil
    case 10: machines[name]?.nics[nic]?.isStatic.toggle()
    case 0: remove(nic: nic, of: name)
    case 1:
      let draft = NICDraft(network: network, address: address(on: network))
      machines[name]?.nics[nic] = draft
    case 2: machines[name]?.nics[nic]?.mac = random.pick([nil, 1, 2])
    case 3: machines[name]?.nics[nic]?.model = random.pick([nil, "virtio", "e1000e"])
    case 4, 8: machines[name]?.nics[nic]?.link = random.pick([nil, "up", "down"])
    case 5:
      machines[name]?.nics[nic]?.qos = random.pick([
        nil, "{inbound: {average: 10MiB}}", "{outbound: {average: 5MiB}}",
      ])
    case 6: move(device: nic, to: "\(nic)-\(random.number(0..<9))", "nics", of: name)
    default:
      let isTagged = machines[name]?.nics[nic].flatMap { networks[$0.network]?.isSwitch } ?? false
      machines[name]?.nics[nic]?.vlan =
        isTagged ? random.pick([nil, "40", "41", "{trunk: [40, 50-59], native: 40}"]) : nil
    }
  }

  private mutating func address(on network: String) -> Int? {
    networks[network]?.isSwitch == true ? nil : random.pick([nil, 10, 11, 12, 13])
  }
}

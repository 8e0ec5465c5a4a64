import SpecModel

extension Machine {
  /// Sets what waits for a restart, and is not the spec's any more, back to what the guest runs with: a change that is
  /// taken back before it was in effect never was.
  mutating func takeBack(_ staged: Set<String>, from guest: Machine) {
    for index in disks.indices
    where disks[index].bus == nil && staged.contains(DiskField.bus.path(of: disks[index].name)) {
      disks[index].bus = guest.disks.first { $0.name == disks[index].name }?.bus
    }
    for index in drives.indices
    where drives[index].bus == nil && staged.contains(DriveField.bus.path(of: drives[index].name)) {
      drives[index].bus = guest.drives.first { $0.name == drives[index].name }?.bus
    }
    for index in nics.indices {
      let there = guest.nics.first { $0.name == nics[index].name }
      if nics[index].model == nil, staged.contains(NICField.model.path(of: nics[index].name)) {
        nics[index].model = there?.model
      }
      if nics[index].mac == nil, staged.contains(NICField.mac.path(of: nics[index].name)) {
        nics[index].mac = there?.mac
      }
    }
    for field in MachineField.allCases where staged.contains(field.rawValue) && field.value(of: self) == nil {
      switch field {
      case .accel: settings.accel = guest.settings.accel
      case .virt: settings.virt = guest.settings.virt
      case .machine: settings.machine = guest.settings.machine
      case .firmware: settings.firmware = guest.settings.firmware
      case .secureBoot: settings.secureBoot = guest.settings.secureBoot
      case .cpu: settings.cpu = guest.settings.cpu
      case .boot:
        // What leaves the VM leaves the order.
        let devices = Set(disks.map(\.name) + drives.map(\.name) + nics.map(\.name))
        boot = guest.boot.map { $0.filter(devices.contains) }
      // They go, or go back to what a new VM has.
      case .name, .title, .description, .cpus, .cpuShares, .cpuLimit, .cpuPinning, .cpuTopology, .memory,
        .memoryLimit, .hugePages, .numaCells, .numaNodes, .kernel, .initrd, .cmdline, .ignition, .graphics,
        .password,
        .console,
        .consoleLog, .tpm, .randomSource, .watchdog, .autostart, .shutdown, .protect, .metaData,
        .networkConfig, .userData, .state:
        continue
      }
    }
  }

  /// Sets what a run was giving the guest when it ended early, and what is not the spec's, to what the definition has.
  mutating func takeBack(unfinished: Set<String>, to definition: Machine, applied: [String: String]) {
    func isOpen<Object>(_ rule: FieldRule<Object>, at path: String, _ value: String?) -> Bool {
      if case .removed = rule.unset, applied[path] != nil { return false }
      return value == nil && unfinished.contains(path)
    }
    for field in MachineField.allCases where isOpen(field.rule, at: field.rawValue, field.value(of: self)) {
      switch field {
      case .title: settings.title = definition.settings.title
      case .description: settings.description = definition.settings.description
      case .cpus: settings.cpus = definition.settings.cpus
      case .cpuShares: settings.cpuShares = definition.settings.cpuShares
      case .cpuLimit: settings.cpuLimit = definition.settings.cpuLimit
      case .cpuPinning: settings.cpuPinning = definition.settings.cpuPinning
      case .memory: settings.memory = definition.settings.memory
      case .randomSource: settings.randomSource = definition.settings.randomSource
      // Nothing reads a password, and the rest no guest takes while it runs.
      case .name, .accel, .virt, .cpuTopology, .memoryLimit, .hugePages, .numaCells, .numaNodes, .machine,
        .firmware,
        .secureBoot, .cpu, .kernel, .initrd, .cmdline, .ignition, .boot, .graphics, .password, .console,
        .consoleLog, .tpm, .watchdog, .autostart, .shutdown, .protect, .metaData, .networkConfig, .userData,
        .state:
        continue
      }
    }
    for index in disks.indices {
      let disk = disks[index]
      guard let there = definition.disks.first(where: { $0.name == disk.name }) else { continue }
      let field = DiskField.iotune
      if isOpen(field.rule, at: field.path(of: disk.name), field.rule.value(disk)) {
        disks[index].ioTune = there.ioTune
      }
    }
    for index in nics.indices {
      let nic = nics[index]
      guard let there = definition.nics.first(where: { $0.name == nic.name }) else { continue }
      for field in NICField.allCases
      where isOpen(field.rule, at: field.path(of: nic.name), field.rule.value(nic)) {
        switch field {
        case .portgroup: nics[index].portgroup = there.portgroup
        case .link: nics[index].linkState = there.linkState
        case .vlan: nics[index].vlan = there.vlan
        case .qos: nics[index].qos = there.qos
        case .firewall: nics[index].firewall = there.firewall
        case .attached, .network, .mac, .model: continue
        }
      }
    }
  }
}

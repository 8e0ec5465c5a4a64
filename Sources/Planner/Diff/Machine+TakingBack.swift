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
      case .machine: settings.machine = guest.settings.machine
      case .firmware: settings.firmware = guest.settings.firmware
      case .secureBoot: settings.secureBoot = guest.settings.secureBoot
      case .cpu: settings.cpu = guest.settings.cpu
      case .boot: boot = guest.boot
      // They go, or go back to what a new VM has.
      case .name, .title, .description, .cpus, .cpuShares, .cpuPinning, .cpuTopology, .memory, .memoryLimit,
        .hugePages, .numaCells, .numaNodes, .kernel, .initrd, .cmdline, .ignition, .graphics, .password,
        .console,
        .consoleLog, .tpm, .randomSource, .watchdog, .autostart, .shutdown, .protect, .metaData,
        .networkConfig, .userData, .state:
        continue
      }
    }
  }
}

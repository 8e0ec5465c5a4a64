import SpecModel

extension SiteProblem {
  /// True if a host's driver gives a VM all that the spec says of it. The plan refuses what it does not.
  func gives(_ spec: MachineSpec, on host: HostCapabilities) -> Bool {
    let driver = host.driver
    if let virt = spec.settings.virt, !host.virtualizations.contains(virt) { return false }
    let missing = host.fieldsNotGiven(
      to: spec.settings, hasKernel: spec.kernel != nil, spec.hostDevices)
    if !missing.paths.isEmpty { return false }
    if let weight = spec.settings.cpuShares, weight > driver.largestWeight { return false }
    if spec.ignition != nil, !driver.can(.ignition) { return false }
    for nic in spec.nics {
      if nic.firewall != nil, !driver.can(.firewalls) { return false }
      if site.network(nic.network)?.mode == .user, !driver.can(.userNetworks) { return false }
    }
    for disk in spec.disks {
      if disk.bus != nil, DiskField.bus.rule.lacking.contains(driver) { return false }
      if disk.ioTune?.isUnlimited == false, DiskField.iotune.rule.lacking.contains(driver) { return false }
    }
    var machine = Machine(
      name: spec.name.rawValue, uuid: Identity(stack: site.stack).uuid(.machine, spec.name.rawValue),
      settings: spec.settings)
    machine.boot = spec.boot.map { $0.map(\.rawValue) }
    return !MachineField.allCases.contains { $0.rule.isLacking(in: machine, on: driver) }
      && !spec.shares.contains { ShareField.attached.rule.isLacking(in: $0, on: driver) }
      && !spec.memoryDevices.contains { MemoryDeviceField.attached.rule.isLacking(in: $0, on: driver) }
  }
}

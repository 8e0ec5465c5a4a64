import SpecModel

/// What a host cannot give a VM.
extension DesiredHostBuilder {
  func checkDevices(of machine: Machine, _ spec: MachineSpec) {
    for field in MachineField.allCases { check(field.rule, field.rawValue, of: machine, at: spec.path) }
    for share in machine.shares {
      let field = ShareField.attached
      check(field.rule, field.path(of: share.name), of: share, at: spec.path)
    }
    for (disk, wanted) in Self.pairs(spec.disks, machine.disks) {
      for field in DiskField.allCases { check(field.rule, field.rawValue, of: wanted, at: disk.path) }
    }
    for (disk, wanted) in Self.pairs(spec.disks, machine.drives) {
      for field in DriveField.allCases { check(field.rule, field.rawValue, of: wanted, at: disk.path) }
    }
    for device in machine.memoryDevices {
      let field = MemoryDeviceField.attached
      check(field.rule, field.path(of: device.name), of: device, at: spec.path)
    }
    let driver = state.capabilities.driver
    if let weight = spec.settings.cpuShares, weight > driver.largestWeight {
      report(
        "host '\(host.name)' (\(driver.title)) takes no weight above \(driver.largestWeight)",
        at: spec.path + MachineField.cpuShares.rawValue)
    }
    if driver == .xen, machine.name == Machine.dom0Name {
      report(
        "'\(machine.name)' is dom0 of host '\(host.name)', and no VM", at: spec.path,
        help: "give the VM another name")
    }
    if let virt = spec.settings.virt, !state.capabilities.virtualizations.contains(virt) {
      let there = Virtualization.allCases.filter(state.capabilities.virtualizations.contains)
      report(
        "host '\(host.name)' (\(state.capabilities.driver.title)) runs no \(virt) guests",
        at: spec.path + MachineField.virt.rawValue,
        help: there.isEmpty ? nil : "it runs \(there.map(\.rawValue).joined(separator: ", "))")
    }
    let missing = state.capabilities.fieldsNotGiven(
      to: machine.settings, hasKernel: machine.kernel != nil, machine.hostDevices)
    for path in missing.paths {
      report(
        "host '\(host.name)' (\(driver.title)) gives a \(missing.kind) guest no '\(path)'",
        at: spec.path + path,
        help: "leave it out, or say another 'virt'")
    }
    if machine.settings.secureBoot != nil, !state.isPrivileged {
      report(
        "host '\(host.name)' runs without root, where firmware has no variables for each kind of boot",
        at: spec.path + MachineField.secureBoot.rawValue,
        help: "leave out 'secure_boot', or use a host whose libvirt runs as root")
    }
    for device in machine.hostDevices where state.devices?.contains(device.id) == false {
      report(
        "host '\(host.name)' has no device \(device.id)",
        at: spec.path + HostDeviceField.attached.path(of: device.name),
        help: "\(state.virsh("nodedev-list")) shows those that it has")
    }
  }

  /// Reports what the driver takes and never gives, or gives up on only when the guest starts.
  private func check<Object>(_ rule: FieldRule<Object>, _ name: String, of object: Object, at path: SpecPath)
  {
    guard rule.isLacking(in: object, on: state.capabilities.driver) else { return }
    report(
      "host '\(host.name)' (\(state.capabilities.driver.title)) cannot give a VM '\(name)'", at: path + name,
      help: "leave it out")
  }

  /// The spec's disks with what the VM is to have of each.
  private static func pairs<Device: NamedDevice>(
    _ specs: [DiskSpec], _ devices: [Device]
  ) -> [(DiskSpec, Device)] {
    specs.compactMap { spec in
      devices.first { $0.name == spec.name.rawValue }.map { (spec, $0) }
    }
  }
}

import SpecModel

/// What a host cannot give a VM.
extension DesiredHostBuilder {
  func checkDevices(of machine: Machine, _ spec: MachineSpec) {
    for field in MachineField.allCases { check(field.rule, field.rawValue, of: machine, at: spec.path) }
    for share in machine.shares {
      let field = ShareField.attached
      check(field.rule, field.path(of: share.name), of: share, at: spec.path)
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
    guard rule.lacking.contains(state.capabilities.driver), let value = rule.value(object),
      value != OptionalDevice<TPMModel>.absent.description
    else { return }
    report(
      "host '\(host.name)' (Xen) cannot give a VM '\(name)'", at: path + name, help: "leave it out")
  }
}

import SpecModel

/// Compares an object as wanted with the object that is there. Only what the spec sets is compared.
enum Differ {
  /// The fields of `wanted` that `actual` has otherwise.
  ///
  /// - Parameter staysUp: whether the guest runs and is to run on.
  static func fields(
    _ wanted: Machine, _ actual: Machine, on host: HostCapabilities, staysUp: Bool
  ) -> [(MachineField, FieldChange)] {
    let wanted = normalForm(of: wanted, beside: actual, on: host)
    return MachineField.allCases.compactMap { field in
      let (from, to) = (field.value(of: actual), field.value(of: wanted))
      guard from != to, to != nil || isOwned(field, by: wanted, actual) else { return nil }
      let isNoticed = field == .running ? actual.isRunning : staysUp
      let effect = isNoticed ? field.effectWhileRunning(from: actual, to: wanted) : .none
      return (field, FieldChange(field.rawValue, from: from, to: to, effect: effect))
    }
  }

  /// True for a field that the spec no longer sets but that its last application set, where not having it is a
  /// value of its own.
  private static func isOwned(_ field: MachineField, by wanted: Machine, _ actual: Machine) -> Bool {
    switch field {
    case .title, .description, .kernel, .initrd, .cmdline: actual.mark?.applied[field.rawValue] != nil
    case .accel, .cpus, .memory, .machine, .firmware, .cpu, .graphics, .console, .autostart, .running: false
    }
  }

  /// `wanted` with names replaced by what the host calls the same thing.
  private static func normalForm(of wanted: Machine, beside actual: Machine, on host: HostCapabilities)
    -> Machine
  {
    var wanted = wanted
    if let name = wanted.settings.machine, let there = actual.settings.machine,
      host.machineAliases[name] == there || isVersion(there, ofAlias: name)
    {
      // A VM keeps the version of the machine that it was made with: an update of QEMU is no change of the VM.
      wanted.settings.machine = there
    }
    return wanted
  }

  /// `pc-q35-7.2` is a version of `q35`, `pc-i440fx-7.2` of `pc`.
  private static func isVersion(_ name: String, ofAlias alias: String) -> Bool {
    let families = ["q35": "pc-q35-", "pc": "pc-i440fx-"]
    return name.hasPrefix(families[alias] ?? "\(alias)-")
  }

  static func disk(_ wanted: Machine.Disk, _ actual: Machine.Disk, staysUp: Bool) -> [FieldChange] {
    let restart: Effect = staysUp ? .restart : .none
    var changes: [FieldChange] = []
    if let bus = wanted.bus, bus != actual.bus {
      changes.append(
        FieldChange("disks.\(wanted.name).bus", from: actual.bus?.rawValue, to: bus.rawValue, effect: restart)
      )
    }
    if wanted.keep != actual.keep {
      changes.append(
        FieldChange("disks.\(wanted.name).keep", from: "\(actual.keep)", to: "\(wanted.keep)", effect: .none))
    }
    return changes
  }

  static func nic(_ wanted: Machine.NIC, _ actual: Machine.NIC, staysUp: Bool) -> [FieldChange] {
    let restart: Effect = staysUp ? .restart : .none
    let path = "nics.\(wanted.name)"
    var changes: [FieldChange] = []
    if wanted.link != actual.link {
      changes.append(
        FieldChange("\(path).network", from: "\(actual.link)", to: "\(wanted.link)", effect: restart))
    }
    if let mac = wanted.mac, mac != actual.mac {
      changes.append(FieldChange("\(path).mac", from: actual.mac?.description, to: "\(mac)", effect: restart))
    }
    if let model = wanted.model, model != actual.model {
      changes.append(FieldChange("\(path).model", from: actual.model, to: model, effect: restart))
    }
    return changes
  }

  static func fields(_ wanted: Network, _ actual: Network) -> [(NetworkField, FieldChange)] {
    NetworkField.allCases.compactMap { field in
      let (from, to) = (field.value(of: actual), field.value(of: wanted))
      // libvirt names the bridge of a network that names none.
      if field == .bridge, to == nil { return nil }
      guard from != to else { return nil }
      let effect = actual.isActive ? field.effectWhileActive : .none
      return (field, FieldChange(field.rawValue, from: from, to: to, effect: effect))
    }
  }
}

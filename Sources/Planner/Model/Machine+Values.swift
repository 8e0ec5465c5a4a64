import SpecModel

extension Machine {
  /// All values that the tables of fields know, by path: `memory`, `disks.root.bus`. A device's own path has what it
  /// is attached to.
  public var values: [String: String] {
    var values = [String: String](minimumCapacity: 24)
    for (field, rule) in MachineField.table {
      if let value = rule.value(self) { values[field.rawValue] = value }
    }
    func add<Device: NamedDevice>(_ devices: [Device]) {
      for device in devices {
        for field in Device.Field.allCases {
          if let value = field.rule.value(device) { values[field.path(of: device.name)] = value }
        }
      }
    }
    add(memoryDevices)
    add(disks)
    add(drives)
    add(nics)
    add(shares)
    add(hostDevices)
    return values
  }

  /// The staged fields that `guest`, which runs with what it was started with, has not taken up.
  public func pendingRestart(of guest: Machine) -> [String] {
    // A guest that was started since carries the mark that was staged.
    guard let mark, guest.mark != mark else { return [] }
    let (defined, running) = (values, guest.values)
    return mark.staged.filter { path in
      // Of a secret the guest shows but what it was started with.
      let isSecret = MachineField(rawValue: path)?.rule.scope == .secret
      return (isSecret || defined[path] != running[path])
        && (guest.mark?.applied[path] ?? "?") != mark.applied[path]
    }
  }
}

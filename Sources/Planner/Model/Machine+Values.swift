import SpecModel

extension Machine {
  /// All values that the tables of fields know, by path: `memory`, `disks.root.bus`. A device's own path has what it
  /// is attached to.
  public var values: [String: String] {
    var values: [String: String] = [:]
    for field in MachineField.allCases { values[field.rawValue] = field.value(of: self) }
    for device in memoryDevices {
      for field in MemoryDeviceField.allCases {
        values[field.path(of: device.name)] = field.rule.value(device)
      }
    }
    for disk in disks {
      for field in DiskField.allCases { values[field.path(of: disk.name)] = field.rule.value(disk) }
    }
    for drive in drives {
      for field in DriveField.allCases { values[field.path(of: drive.name)] = field.rule.value(drive) }
    }
    for nic in nics {
      for field in NICField.allCases { values[field.path(of: nic.name)] = field.rule.value(nic) }
    }
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

extension DiskField {
  /// `disks.root.bus`; `disks.root` is the disk itself.
  func path(of name: String) -> String { self == .attached ? "disks.\(name)" : "disks.\(name).\(rawValue)" }
}

extension DriveField {
  func path(of name: String) -> String { self == .attached ? "disks.\(name)" : "disks.\(name).\(rawValue)" }
}

extension NICField {
  /// `nics.lan.network`; `nics.lan` is the interface itself.
  func path(of name: String) -> String { self == .attached ? "nics.\(name)" : "nics.\(name).\(rawValue)" }
}

import SpecModel

/// What has to change so that a VM of the stack becomes as wanted, without starting, stopping or removing anything.
struct MachineDifference {
  /// For people, in the order of the tables.
  private(set) var changes: [FieldChange] = []
  /// Fields to write into the definition, and those of them that the guest is to have at once.
  private(set) var fields: Set<MachineField> = []
  private(set) var liveFields: Set<MachineField> = []
  let memory: DeviceDifference<MemoryDevice>
  let disks: DeviceDifference<Machine.Disk>
  let drives: DeviceDifference<Machine.Drive>
  let nics: DeviceDifference<Machine.NIC>
  let shares: DeviceDifference<HostShare>
  let hostDevices: DeviceDifference<HostDevice>
  /// What is done to the devices of the guest.
  var devices: [DeviceChange] {
    memory.plugs + disks.plugs + drives.plugs + nics.plugs + hostDevices.plugs
  }
  /// Fields that will wait for a restart once the changes are made.
  private(set) var pending: [String] = []

  /// What was compared: what is wanted, in the host's words.
  let wanted: Machine

  private let comparison: Comparison
  private let definition: Machine
  private let guest: Machine?

  /// - Parameters:
  ///   - staysUp: whether the guest runs and is to run on.
  ///   - isPaused: whether the guest stays paused: it lets go of no device.
  ///   - renamedDevices: new paths of devices by their old ones.
  init(
    from definition: Machine, guest: Machine?, to wanted: Machine, on host: HostCapabilities, staysUp: Bool,
    isPaused: Bool = false, renamedDevices: [String: String]
  ) {
    let pendingBefore = guest.map { definition.pendingRestart(of: $0) } ?? []
    var applied = definition.mark?.applied ?? [:]
    applied[MachineField.machine.rawValue] = applied[MachineField.machine.rawValue].map {
      Self.version(ofMachine: $0, beside: definition, guest, on: host)
    }
    comparison = Comparison(
      driver: host.driver, staysUp: staysUp, isPaused: isPaused, applied: applied,
      staged: Set(pendingBefore), unfinished: Set(definition.mark?.unfinished ?? []),
      startedWith: guest?.mark?.applied ?? [:])
    let guest = staysUp ? guest : nil
    var wanted = Self.normalForm(of: wanted, beside: definition, guest, on: host)
    if let guest {
      wanted.takeBack(Set(pendingBefore), from: guest)
      wanted.takeBack(unfinished: comparison.unfinished, to: definition, applied: applied)
    }
    self.definition = definition
    self.guest = guest
    self.wanted = wanted
    memory = DeviceDifference(from: definition, guest: guest, to: wanted, comparison)
    disks = DeviceDifference(from: definition, guest: guest, to: wanted, comparison)
    drives = DeviceDifference(from: definition, guest: guest, to: wanted, comparison)
    nics = DeviceDifference(from: definition, guest: guest, to: wanted, comparison)
    shares = DeviceDifference(from: definition, guest: guest, to: wanted, comparison)
    hostDevices = DeviceDifference(from: definition, guest: guest, to: wanted, comparison)
    compareFields(wanted)
    add(memory)
    add(disks)
    add(drives)
    add(nics)
    add(shares)
    add(hostDevices)
    // libvirt gives each new device a place in the order; where the spec has a word on that, it is said again.
    if wanted.boot != nil, !disks.set.isEmpty || !drives.set.isEmpty || !nics.set.isEmpty {
      fields.insert(.boot)
    }
    changes += renamedDevices.sorted { $0.key < $1.key }.map {
      FieldChange($0.value, from: $0.key, to: $0.value, effect: .none)
    }
    guard staysUp else {
      pending = []
      return
    }
    let changed = Set(changes.map(\.path))
    pending += pendingBefore.filter { !changed.contains($0) }
    pending += changes.filter { $0.effect == .restart }.map(\.path)
    pending = Set(pending).sorted()
  }

  private mutating func add<Device>(_ devices: DeviceDifference<Device>) {
    changes += devices.changes
    pending += devices.pending
  }

  /// `wanted` with names replaced by what the host calls the same thing.
  private static func normalForm(
    of wanted: Machine, beside definition: Machine, _ guest: Machine?, on host: HostCapabilities
  ) -> Machine {
    var wanted = wanted
    for index in wanted.disks.indices {
      // What a person has put over a disk is the disk.
      let there = definition.disks.first { $0.path == wanted.disks[index].path }
      wanted.disks[index].overlay = there?.overlay
    }
    guard let name = wanted.settings.machine else { return wanted }
    wanted.settings.machine = version(ofMachine: name, beside: definition, guest, on: host)
    return wanted
  }

  /// A VM keeps the version of the machine that it was made with: an update of QEMU is no change of the VM.
  private static func version(
    ofMachine name: String, beside definition: Machine, _ guest: Machine?, on host: HostCapabilities
  ) -> String {
    let versions = [definition.settings.machine, guest?.settings.machine].compactMap { $0 }
    return versions.first { host.machineAliases[name] == $0 || isVersion($0, ofAlias: name) } ?? name
  }

  /// `pc-q35-7.2` is a version of `q35`, `pc-i440fx-7.2` of `pc`.
  private static func isVersion(_ name: String, ofAlias alias: String) -> Bool {
    name.hasPrefix(families[alias] ?? "\(alias)-")
  }

  private static let families = ["q35": "pc-q35-", "pc": "pc-i440fx-"]

  // MARK: Fields

  private mutating func compareFields(_ wanted: Machine) {
    for (field, rule) in MachineField.table where field != .state {
      if field == .name {
        compareName(wanted)
        continue
      }
      let path = field.rawValue
      if comparison.isPending(rule, at: path, definition: definition, guest: guest, wanted: wanted) {
        pending.append(path)
      }
      guard let change = comparison.difference(rule, at: path, from: definition, guest: guest, to: wanted)
      else { continue }
      changes.append(change)
      fields.insert(field)
      if change.effect == .live { liveFields.insert(field) }
    }
  }

  /// A running guest keeps libvirt's name; its mark has the new one until it is off.
  private mutating func compareName(_ wanted: Machine) {
    guard definition.domainName != wanted.name else {
      // A person has renamed it as the spec does: that is the name by which it is known from now on.
      if definition.name != wanted.name {
        changes.append(
          FieldChange(MachineField.name.rawValue, from: definition.name, to: wanted.name, effect: .none))
      }
      return
    }
    if comparison.staysUp, definition.mark?.name == wanted.name {
      pending.append(MachineField.name.rawValue)
      return
    }
    changes.append(
      FieldChange(
        MachineField.name.rawValue,
        from: definition.name == wanted.name ? definition.domainName : definition.name,
        to: wanted.name, effect: comparison.staysUp ? .restart : .none,
        cause: definition.mark?.name == wanted.name ? .drift : .change))
  }
}

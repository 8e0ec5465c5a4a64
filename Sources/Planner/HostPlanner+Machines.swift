import SpecModel

extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedMachine) {
    let spec = wanted.spec
    let name = wanted.machine.name
    if let actual = host.machine(named: name) {
      if host.owns(actual) { return planUpdate(of: actual, to: wanted) }
      return refuseForeign(
        "VM", name, ownedBy: actual.mark?.stack, at: spec.path, help: "give this VM another name")
    }
    if let renamed = state.machines.first(where: { $0.uuid == wanted.machine.uuid }) {
      return report(
        "VM '\(name)' is called '\(renamed.name)' on host '\(state.name)'", at: spec.path,
        help: "give it its name back: virsh domrename \(renamed.name) \(name)")
    }
    if let other = elsewhere.first(where: { $0.ownMachine(named: name) != nil }) {
      return report(
        "VM '\(name)' is on host '\(other.state.name)' and cannot move to '\(state.name)'",
        at: spec.path + "host",
        help: "moving a VM between hosts is not supported yet; change 'host' back")
    }
    planCreate(wanted)
  }

  // MARK: Create

  private mutating func planCreate(_ wanted: DesiredHost.WantedMachine) {
    let address = address(.vm, wanted.machine.name)
    let path = wanted.spec.path
    var machine = wanted.machine
    machine.nics = wanted.machine.nics.map { withAddress($0, of: machine) }
    machine.mark = mark(for: machine, staged: [])
    var fields = MachineField.allCases.compactMap { field in
      field.value(of: machine).map { FieldChange(field.rawValue, from: nil, to: $0, effect: .none) }
    }
    fields += machine.disks.map { FieldChange("disks.\($0.name)", from: nil, to: $0.path, effect: .none) }
    fields += machine.nics.map { nic in
      FieldChange(
        "nics.\(nic.name)", from: nil, to: "\(nic.link) (\(nic.mac.map(\.description) ?? ""))", effect: .none)
    }
    draft.add(Change(address, .create, fields: fields, path: path))
    let define = draft.add(.defineMachine(machine), for: address, after: storageSteps(of: wanted), path: path)
    if machine.settings.running == true {
      starts.append(Start(wanted: wanted, machine: machine, after: [define]))
    }
  }

  private func storageSteps(of wanted: DesiredHost.WantedMachine) -> [Int] {
    wanted.volumes.compactMap { volumeSteps[$0] }
      + wanted.bootImages.compactMap { imageSteps[$0.volume.path] }
  }

  private func withAddress(_ nic: Machine.NIC, of machine: Machine) -> Machine.NIC {
    var nic = nic
    nic.mac = nic.mac ?? identity.mac(machine: machine.name, nic: nic.name)
    return nic
  }

  /// What the host is to remember of `machine`. Disks without a target get theirs when they are attached.
  private func mark(for machine: Machine, staged: [String]) -> Mark {
    var applied: [String: String] = [:]
    for field in MachineField.allCases { applied[field.rawValue] = field.value(of: machine) }
    return Mark(stack: site.stack.rawValue, applied: applied, staged: staged)
  }

  // MARK: Update

  private mutating func planUpdate(of actual: Machine, to wanted: DesiredHost.WantedMachine) {
    let address = address(.vm, actual.name)
    let path = wanted.spec.path
    guard actual.mark != nil else {
      return report(
        "VM '\(actual.name)' on host '\(state.name)' has lost virtform's mark, which names its disks",
        at: path,
        help:
          "its disks stay if you undefine it while it is off and apply again: virsh undefine \(actual.name)")
    }
    let wantsRunning = wanted.machine.settings.running == true
    let staysUp = actual.isRunning && wantsRunning
    let differences = Differ.fields(wanted.machine, actual, on: state.capabilities, staysUp: staysUp)
    let disks = diskChanges(actual, wanted, staysUp: staysUp)
    let nics = nicChanges(actual, wanted, staysUp: staysUp)
    var fields = differences.map(\.1) + disks.changes + nics.changes
    let staged = fields.filter { $0.effect == .restart }.map(\.path)
    let pending = staysUp ? Set(staged + actual.pendingRestart).sorted() : []
    let restarts = !pending.isEmpty && wanted.spec.onChange == .restartIfNeeded
    let stops = restarts || (actual.isRunning && !wantsRunning)
    let isEdited = fields.contains { $0.path != MachineField.running.rawValue }

    var after = storageSteps(of: wanted)
    func addStop(_ planner: inout HostPlanner) {
      after = [
        planner.draft.add(
          .stopMachine(uuid: actual.uuid, wanted.spec.shutdown), for: address, after: after,
          effect: restarts ? .restart : .stop, path: path)
      ]
      planner.stopSteps[actual.uuid] = after[0]
    }
    // A guest that has to be stopped is stopped late: what libvirt refuses is then refused while it still runs.
    // Only a disk that is deleted needs it off before.
    if stops, disks.removed.contains(where: { mayDelete($0, of: actual) }) { addStop(&self) }
    // And the disk goes before the definition forgets it: a run that is cut off in between finds it again.
    for disk in disks.removed { after += discard(disk, of: actual, after: after) }
    if isEdited {
      var machine = wanted.machine
      machine.mark = mark(for: machine, staged: pending)
      let update = MachineUpdate(
        wanted: machine, fields: Set(differences.map(\.0)).subtracting([.running]),
        liveFields: Set(differences.filter { $0.1.effect == .live }.map(\.0)), setDisks: disks.set,
        removeDisks: disks.removed.map(\.name), setNICs: nics.set.map { withAddress($0, of: machine) },
        removeNICs: nics.removed)
      let worst = fields.filter { $0.path != MachineField.running.rawValue }.map(\.effect).max() ?? .none
      after = [draft.add(.updateMachine(update), for: address, after: after, effect: worst, path: path)]
    }
    if stops, stopSteps[actual.uuid] == nil { addStop(&self) }
    if wantsRunning, restarts || !actual.isRunning {
      starts.append(Start(wanted: wanted, machine: wanted.machine, after: after))
    }
    if restarts {
      fields += pending.filter { !staged.contains($0) }.map {
        FieldChange($0, from: "pending", to: "in effect", effect: .restart)
      }
    } else if !pending.isEmpty {
      draft.note(address, "pending restart: \(pending.joined(separator: ", ")) (the guest keeps running)")
    }
    guard let worst = fields.map(\.effect).max() else { return }
    draft.add(Change(address, .update, fields: fields, effect: worst, path: path))
  }

  private func diskChanges(
    _ actual: Machine, _ wanted: DesiredHost.WantedMachine, staysUp: Bool
  ) -> (changes: [FieldChange], set: [Machine.Disk], removed: [Machine.Disk]) {
    let restart: Effect = staysUp ? .restart : .none
    var changes: [FieldChange] = []
    var set: [Machine.Disk] = []
    for (disk, index) in zip(wanted.machine.disks, wanted.volumes) {
      guard let there = actual.disks.first(where: { $0.name == disk.name }) else {
        changes.append(FieldChange("disks.\(disk.name)", from: nil, to: disk.path, effect: restart))
        set.append(disk)
        continue
      }
      if there.path != disk.path {
        report(
          "disk '\(disk.name)' of VM '\(actual.name)' lies at \(there.path) and cannot become \(disk.path)",
          at: wanted.spec.disks.first { $0.name.rawValue == disk.name }?.path ?? desired.volumes[index].path,
          help: "its pool, format and source stay as they were made; add a new disk and copy the content")
        continue
      }
      let own = Differ.disk(disk, there, staysUp: staysUp)
      if !own.isEmpty { set.append(disk) }
      changes += own
    }
    let removed = actual.disks.filter { disk in !wanted.spec.disks.contains { $0.name.rawValue == disk.name }
    }
    changes += removed.map { FieldChange("disks.\($0.name)", from: $0.path, to: nil, effect: restart) }
    return (changes, set, removed)
  }

  private func nicChanges(
    _ actual: Machine, _ wanted: DesiredHost.WantedMachine, staysUp: Bool
  ) -> (changes: [FieldChange], set: [Machine.NIC], removed: [String]) {
    let restart: Effect = staysUp ? .restart : .none
    var changes: [FieldChange] = []
    var set: [Machine.NIC] = []
    for nic in wanted.machine.nics {
      guard let there = actual.nics.first(where: { $0.name == nic.name }) else {
        changes.append(FieldChange("nics.\(nic.name)", from: nil, to: "\(nic.link)", effect: restart))
        set.append(nic)
        continue
      }
      let own = Differ.nic(nic, there, staysUp: staysUp)
      guard !own.isEmpty else { continue }
      var nic = nic
      // A redefinition without the address would give the interface a new one.
      nic.mac = nic.mac ?? there.mac
      nic.model = nic.model ?? there.model
      set.append(nic)
      changes += own
    }
    let removed = actual.nics.filter { nic in !wanted.machine.nics.contains { $0.name == nic.name } }
    changes += removed.map { FieldChange("nics.\($0.name)", from: "\($0.link)", to: nil, effect: restart) }
    return (changes, set, removed.map(\.name))
  }
}

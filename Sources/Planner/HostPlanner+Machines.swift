import SpecModel

extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedMachine) {
    let spec = wanted.spec
    let ours = state.machines.first { owns($0) && $0.name == wanted.machine.name }
    if let ours { return planUpdate(of: ours, to: wanted) }
    if let foreign = state.machines.first(where: { $0.name == wanted.machine.name }) {
      return refuseForeign(
        "VM", foreign.name, ownedBy: foreign.mark?.stack, at: spec.path, help: "give this VM another name")
    }
    if let other = elsewhere.first(where: { $0.machines.contains { owns($0) && $0.name == wanted.machine.name } }) {
      return report(
        "VM '\(spec.name)' is on host '\(other.name)' and cannot move to '\(state.name)'", at: spec.path + "host",
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
      FieldChange("nics.\(nic.name)", from: nil, to: "\(nic.link) (\(nic.mac.map(\.description) ?? ""))", effect: .none)
    }
    draft.add(Change(address, .create, fields: fields, path: path))
    for index in wanted.volumes where volumeSteps[index] == nil {
      draft.note(desired.volumes[index].address, "is there already and is used again")
    }
    let define = draft.add(.defineMachine(machine), for: address, after: storageSteps(of: wanted), path: path)
    if machine.settings.running == true { start(machine, after: [define], address, path) }
  }

  private func storageSteps(of wanted: DesiredHost.WantedMachine) -> [Int] {
    wanted.volumes.compactMap { volumeSteps[$0] } + wanted.bootImages.compactMap { imageSteps[$0.volume.path] }
  }

  private mutating func start(_ machine: Machine, after steps: [Int], _ address: Address, _ path: SpecPath?) {
    let networks = machine.nics.flatMap { nic -> [Int] in
      if case .network(let name) = nic.link { networkSteps[name] ?? [] } else { [] }
    }
    draft.add(.startMachine(uuid: machine.uuid), for: address, after: steps + networks, path: path)
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
    let differences = Differ.fields(wanted.machine, actual, on: state.capabilities)
    let disks = diskChanges(actual, wanted)
    let nics = nicChanges(actual, wanted)
    var fields = differences.map(\.1) + disks.changes + nics.changes
    let wantsRunning = wanted.machine.settings.running == true
    let needsRestart = fields.contains { $0.effect == .restart && $0.path != MachineField.running.rawValue }
    let restarts =
      actual.isRunning && wantsRunning && wanted.spec.onChange == .restartIfNeeded
      && (needsRestart || !actual.pendingRestart.isEmpty)

    var after = storageSteps(of: wanted)
    if fields.contains(where: { $0.path != MachineField.running.rawValue }) {
      var machine = wanted.machine
      machine.uuid = actual.uuid
      let staged = actual.isRunning ? fields.filter { $0.effect == .restart }.map(\.path) : []
      machine.mark = mark(for: machine, staged: Array(Set(staged + actual.pendingRestart)).sorted())
      let update = MachineUpdate(
        wanted: machine, fields: Set(differences.map(\.0)).subtracting([.running]), setDisks: disks.set,
        removeDisks: disks.removed, setNICs: nics.set.map { withAddress($0, of: machine) },
        removeNICs: nics.removed)
      let worst = fields.map(\.effect).max() ?? .none
      after = [draft.add(.updateMachine(update), for: address, after: after, effect: worst, path: path)]
    }
    if restarts {
      let stop = draft.add(
        .stopMachine(uuid: actual.uuid, wanted.spec.shutdown), for: address, after: after, effect: .restart, path: path)
      start(wantedWithUUID(wanted.machine, actual), after: [stop], address, path)
    } else if actual.isRunning, !wantsRunning {
      draft.add(
        .stopMachine(uuid: actual.uuid, wanted.spec.shutdown), for: address, after: after, effect: .live, path: path)
    } else if !actual.isRunning, wantsRunning {
      start(wantedWithUUID(wanted.machine, actual), after: after, address, path)
    }
    let pending = restarts ? [] : actual.pendingRestart
    if !pending.isEmpty {
      draft.note(address, "pending restart: \(pending.joined(separator: ", "))")
    }
    if restarts, fields.isEmpty {
      fields = actual.pendingRestart.map { FieldChange($0, from: "pending", to: "in effect", effect: .restart) }
    } else if needsRestart, actual.isRunning, !restarts, wantsRunning {
      draft.note(address, "the guest keeps running: what needs a restart counts from its next start")
    }
    guard let worst = fields.map(\.effect).max() else { return }
    draft.add(Change(address, .update, fields: fields, effect: worst, path: path))
  }

  private func wantedWithUUID(_ machine: Machine, _ actual: Machine) -> Machine {
    var machine = machine
    machine.uuid = actual.uuid
    return machine
  }

  private func diskChanges(
    _ actual: Machine, _ wanted: DesiredHost.WantedMachine
  ) -> (changes: [FieldChange], set: [Machine.Disk], removed: [String]) {
    let restart: Effect = actual.isRunning ? .restart : .none
    var changes: [FieldChange] = []
    var set: [Machine.Disk] = []
    for (disk, spec) in zip(wanted.machine.disks, wanted.spec.disks) {
      guard let there = actual.disks.first(where: { $0.name == disk.name }) else {
        changes.append(FieldChange("disks.\(disk.name)", from: nil, to: disk.path, effect: restart))
        set.append(disk)
        continue
      }
      if there.path != disk.path {
        report(
          "disk '\(disk.name)' of VM '\(actual.name)' lies at \(there.path) and cannot become \(disk.path)", at: spec.path,
          help: "its pool, format and source stay as they were made; add a new disk and copy the content")
        continue
      }
      let own = Differ.disk(disk, there, isRunning: actual.isRunning)
      if !own.isEmpty { set.append(disk) }
      changes += own
    }
    let removed = actual.disks.filter { disk in !wanted.machine.disks.contains { $0.name == disk.name } }
    changes += removed.map { FieldChange("disks.\($0.name)", from: $0.path, to: nil, effect: restart) }
    return (changes, set, removed.map(\.name))
  }

  private func nicChanges(
    _ actual: Machine, _ wanted: DesiredHost.WantedMachine
  ) -> (changes: [FieldChange], set: [Machine.NIC], removed: [String]) {
    let restart: Effect = actual.isRunning ? .restart : .none
    var changes: [FieldChange] = []
    var set: [Machine.NIC] = []
    for nic in wanted.machine.nics {
      guard let there = actual.nics.first(where: { $0.name == nic.name }) else {
        changes.append(FieldChange("nics.\(nic.name)", from: nil, to: "\(nic.link)", effect: restart))
        set.append(nic)
        continue
      }
      let own = Differ.nic(nic, there, isRunning: actual.isRunning)
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

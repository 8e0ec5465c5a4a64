import SpecModel

extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedMachine) {
    let spec = wanted.spec
    let name = wanted.machine.name
    if let old = host.machineInTheWay(ofMoveTo: name) {
      return report(
        "VM '\(old.name)' cannot be renamed: there is a VM '\(name)' of the stack on host '\(state.name)'",
        at: SpecPath("moved.vms.\(old.name)"),
        help: "take one of the two out of the stack first")
    }
    if replacedMachines.contains(wanted.machine.uuid) { return planCreate(wanted) }
    if let actual = host.ownMachine(named: name) {
      if let other = host.machine(named: name), other.uuid != actual.uuid {
        return refuseForeign(
          "VM", name, ownedBy: other.mark?.stack, at: spec.path, help: "give this VM another name")
      }
      return planUpdate(of: actual, to: wanted)
    }
    if let actual = host.machine(named: name) {
      if actual.uuid == identity.uuid(.machine, name), actual.mark == nil {
        return refuseUnmarked(actual, at: spec.path)
      }
      return refuseForeign(
        "VM", name, ownedBy: actual.mark?.stack, at: spec.path,
        help: "give this VM another name" + adoption(of: "vms.\(name)", actual.mark))
    }
    if let renamed = host.machine(wanted.machine.uuid) {
      if host.owns(renamed) {
        return report(
          "the name '\(name)' is spent on host '\(state.name)': VM '\(renamed.name)' was made under it",
          at: spec.path,
          help:
            "give this VM another name, or that one its name back: moved: {vms.\(renamed.name): vms.\(name)}")
      }
      return report(
        "VM '\(name)' is called '\(renamed.name)' on host '\(state.name)'", at: spec.path,
        help: "give it its name back: \(state.virsh("domrename \(renamed.name) \(name)"))")
    }
    if let renamed = host.ownMachine(ofDomain: name) {
      return report(
        "VM '\(host.specName(of: renamed))' is called '\(name)' on host '\(state.name)'", at: spec.path,
        help: "if that is its new name, say so: moved: {vms.\(renamed.name): vms.\(name)}")
    }
    planCreate(wanted)
  }

  private func refuseUnmarked(_ actual: Machine, at path: SpecPath) {
    report(
      "VM '\(actual.name)' on host '\(state.name)' has lost virtform's mark, which names its disks", at: path,
      help: "its disks stay if you undefine it while it is off and apply again: "
        + state.virsh("undefine \(actual.name)") + adoption(of: "vms.\(actual.name)", nil)
    )
  }

  // MARK: Create

  private mutating func planCreate(_ wanted: DesiredHost.WantedMachine) {
    let address = address(.vm, wanted.machine.name)
    let path = wanted.spec.path
    if site.adopted.contains(where: { $0.subject == .machine(wanted.spec.name) }) {
      draft.note(address, "'adopt' names it, and it is not there: it is made")
    }
    let removal = undefineSteps[wanted.machine.uuid]
    var machine = wanted.machine
    if removal != nil { machine.uuid = identity.uuid(.machine, machine.name) }
    machine.nics = wanted.machine.nics.map { withAddress($0, of: machine) }
    machine.mark = mark(for: wanted, staged: [])
    var fields = MachineField.allCases.filter { $0 != .name }.compactMap { field in
      field.value(of: machine).map { FieldChange(field.rawValue, from: nil, to: $0, effect: .none) }
    }
    fields += Self.additions(machine.memoryDevices) + Self.additions(machine.disks)
    fields += Self.additions(machine.drives)
    fields += machine.nics.flatMap { nic in
      let place = "\(host.specName(ofNetwork: "\(nic.link)")) (\(nic.mac.map(\.description) ?? ""))"
      return [FieldChange(NICField.attached.path(of: nic.name), from: nil, to: place, effect: .none)]
        + Self.values(of: nic, besides: [.attached, .network, .mac])
    }
    fields += Self.additions(machine.shares) + Self.additions(machine.hostDevices)
    if machine.isActive { fields += orderFields(of: wanted.spec) }
    let replaced = removal == nil ? nil : host.machine(wanted.machine.uuid)
    let losses = replaced.map(tpmLosses) ?? []
    draft.add(
      removal == nil
        ? Change(address, .create, fields: fields, reason: reasons[wanted.spec.name], path: path)
        : Change(
          address, .replace, fields: fields + losses, effect: losses.isEmpty ? .replace : .dataLoss,
          reason: "--replace" + (replaced.flatMap(powerOff).map { "; \($0)" } ?? ""), path: path))
    let before =
      storageSteps(of: wanted) + forgetNotes(ofDisksOf: wanted, nil).steps + (removal.map { [$0] } ?? [])
      + machine.nics.flatMap { firewallSteps(for: $0) } + hostNotes(for: wanted) + noteLoss(of: wanted)
    let define = draft.add(.defineMachine(machine), for: address, after: before, path: path)
    _ = noteDisks(of: wanted, nil, after: [define])
    if machine.isActive { starts.append(Start(wanted: wanted, machine: machine, after: [define])) }
  }

  private static func additions<Device: NamedDevice>(_ devices: [Device]) -> [FieldChange] {
    devices.flatMap { device in
      // A drive is told by what is in it.
      values(of: device).filter { $0.path != "\(Device.Field.section).\(device.name).media" }
    }
  }

  /// What the fields of a device have, for people. What only the mark has, how a disk is kept, makes no other device.
  private static func values<Device: NamedDevice>(of device: Device, besides told: [Device.Field] = [])
    -> [FieldChange]
  {
    Device.Field.allCases.filter { !told.contains($0) }.compactMap { field in
      if case .definition = field.rule.scope { return nil }
      return field.rule.value(device).map {
        FieldChange(field.path(of: device.name), from: nil, to: $0, effect: .none)
      }
    }
  }

  /// What comes before and after the first start, for people.
  private func orderFields(of spec: MachineSpec) -> [FieldChange] {
    let names = spec.startAfter.map(\.rawValue).joined(separator: ", ")
    return [("start_after", names.isEmpty ? nil : names), ("ready", spec.readiness?.description)].compactMap {
      path, text in text.map { FieldChange(path, from: nil, to: $0, effect: .none) }
    }
  }

  func storageSteps(of wanted: DesiredHost.WantedMachine) -> [Int] {
    let pools = wanted.spec.disks.compactMap { disk in
      if case .existing(_, let pool, _) = disk.source { poolSteps[pool.rawValue] } else { nil }
    }
    // A clone that is there may lack its image.
    let images = wanted.volumes.compactMap {
      desired.volumes[$0].source.flatMap { imageSteps[$0.volume.path] }
    }
    return pools + images + wanted.volumes.compactMap { volumeSteps[$0] }
      + wanted.images.compactMap { imageSteps[$0.volume.path] }
  }

  private func withAddress(_ nic: Machine.NIC, of machine: Machine) -> Machine.NIC {
    var nic = nic
    nic.mac = nic.mac ?? host.address(ofNIC: nic.name, of: machine.name)
    return nic
  }

  /// What the host is to remember of `machine`, with what the spec sets and nothing else. Disks without a target get theirs when they are attached.
  private func mark(for wanted: DesiredHost.WantedMachine, staged: [String], of actual: Machine? = nil)
    -> Mark
  {
    let machine = wanted.machine
    var mark = Mark(stack: site.stack.rawValue, applied: wanted.applied, staged: staged)
    mark.applied[MachineField.name.rawValue] = nil
    let origin = actual.flatMap { $0.mark?.origin ?? $0.name } ?? machine.name
    mark.origin = origin == machine.name ? nil : origin
    // libvirt's name is a person's to change.
    mark.name = machine.name
    mark.adopted = actual?.mark?.adopted
    return mark
  }

  // MARK: Update

  private mutating func planUpdate(of there: Machine, to wanted: DesiredHost.WantedMachine) {
    // A disk is known by its file: one whose name was taken back has that name again, whatever it was called since.
    let backByFile = Renames.disksByFile(of: there, to: wanted.machine)
    let actual = there.renaming(backByFile)
    let address = address(.vm, wanted.machine.name)
    let path = wanted.spec.path
    let wantedState = wanted.machine.settings.state ?? .running
    let staysUp = actual.isActive && wantedState.isActive
    let renamedDevices = Renames.composed(host.renamedDevices(of: actual), backByFile)
    var target = wanted.machine
    target.nics = target.nics.map { nic in
      actual.nics.contains { $0.name == nic.name } ? nic : withAddress(nic, of: target)
    }
    draft.needs[address, default: []].formUnion(networksToReserve(wanted))
    if actual.domainName != wanted.machine.name, !state.capabilities.driver.can(.renaming) {
      return report(
        "host '\(state.name)' (\(state.capabilities.driver.title)) cannot rename VM '\(actual.domainName)' to '\(wanted.machine.name)'",
        at: path, help: "leave it its name")
    }
    if refusesChange(of: actual, to: target, wanted.spec) { return }
    refuseTakenNames(of: actual, wanted)
    let difference = MachineDifference(
      from: actual, guest: host.guest(of: actual)?.renaming(backByFile), to: target, on: state.capabilities,
      staysUp: staysUp,
      isPaused: actual.settings.state == .paused && wantedState == .paused, renamedDevices: renamedDevices)
    for (there, disk) in difference.disks.misplaced {
      report(
        "disk '\(disk.name)' of VM '\(actual.name)' lies at \(there.path) and cannot become \(disk.path)",
        at: wanted.spec.disks.first { $0.name.rawValue == disk.name }?.path ?? path,
        help: "its pool, format and source stay as they were made; add a new disk and copy the content")
    }
    for disk in difference.disks.removed where losesProtection(disk) {
      report(
        "disk '\(disk.name)' of VM '\(actual.name)' is protected and lies in no active pool (\(disk.path))",
        at: path + "disks",
        help: "start its pool, so that it can remember the protection, or take back protect: true first")
    }
    let lost = disksLost(with: difference, actual)
    noteDisksAtRisk(of: actual)
    if actual.hasSavedState {
      draft.note(address, "has a saved state (virsh managedsave): its next start goes on from there")
    }
    let imageChanges = imageChanges(of: wanted, from: actual)
    let restarts = staysUp && !imageChanges.isEmpty || self.restarts(difference, wanted)
    let stops = restarts || (actual.isActive && !wantedState.isActive)
    if stops, let disk = actual.disks.first(where: { isDeleted($0.path) }) {
      report(
        "VM '\(actual.name)' cannot be stopped: the file of its disk '\(disk.name)' was deleted", at: path,
        help: "its content is lost with the guest; save it first: \(state.rescue(disk, of: actual))")
    }
    var changes = withNetworks(difference.changes, of: actual, wanted.machine).map { change in
      guard lost.contains(where: { DiskField.attached.path(of: $0.name) == change.path }) else {
        return change
      }
      return FieldChange(
        change.path, from: change.from, to: change.to, effect: .dataLoss, cause: change.cause)
    }
    // The word of a VM is that of its disks; it is not told for each.
    if changes.contains(where: { $0.path == MachineField.protect.rawValue }) {
      let disks = Set((actual.disks + target.disks).map { DiskField.protect.path(of: $0.name) })
      changes.removeAll { disks.contains($0.path) }
    }
    let hasDifference = !changes.isEmpty
    changes += imageChanges
    let power = powerChange(from: actual, to: wantedState)
    // The mark remembers the power, too: by it drift is told from a change of the spec.
    let isAdopted = state.adoptees.contains(actual.uuid)
    let isEdited = hasDifference || power?.cause == .change || isAdopted
    if let power { changes.append(power) }

    let forgotten = forgetNotes(ofDisksOf: wanted, actual)
    var after = storageSteps(of: wanted) + forgotten.steps
    if actual.isTransient {
      changes.append(
        FieldChange("definition", from: nil, to: "what the guest runs with", effect: .none, cause: .drift))
      after = [draft.add(.redefineMachine(uuid: actual.uuid), for: address, after: after, path: path)]
    }
    let restored = restoreSnapshots(of: actual, after: after, path: path)
    after = restored.steps
    changes += restored.fields
    // A paused guest lets go of nothing.
    if !stops, (actual.settings.state, wantedState) == (.paused, .running) {
      after = [
        draft.add(.resumeMachine(uuid: actual.uuid), for: address, after: after, effect: .live, path: path)
      ]
      draft.power.up[wanted.spec.name] = after[0]
    }
    func addStop(_ planner: inout HostPlanner) {
      after = [
        planner.draft.add(
          .stopMachine(uuid: actual.uuid, planner.policy(wanted.spec.shutdown)), for: address, after: after,
          effect: restarts ? .restart : .stop, path: path)
      ]
      planner.stopSteps[actual.uuid] = after[0]
      planner.draft.power.stop[wanted.spec.name] = after[0]
    }
    // A guest that has to be stopped is stopped late: what libvirt refuses is then refused while it still runs.
    // Only a disk that is deleted needs it off before. If it starts anew, it may be deleted later still.
    if stops, !restarts, stopSteps[actual.uuid] == nil,
      difference.disks.removed.contains(where: { mayDelete($0, of: actual) })
    {
      addStop(&self)
    }
    // A guest that is off by then, or starts anew, has its devices from the definition: it need not let go of any.
    let plugs = self.plugs(of: difference, actual, isOff: stopSteps[actual.uuid] != nil || restarts)
    if !plugs.unplugged.isEmpty {
      // Disks are unplugged before all else: they may be deleted, or another VM may wait for them.
      after = [
        draft.add(
          .changeDevices(uuid: actual.uuid, plugs.unplugged), for: address, after: after,
          effect: lost.isEmpty ? .live : .dataLoss, path: path)
      ]
    }
    // And the disk goes before the definition forgets it: a run that is cut off in between finds it again. A guest that
    // starts anew needs it to run again as before if it does not: there its pool remembers until then that it goes.
    for disk in difference.disks.removed {
      after +=
        restarts && mayDelete(disk, of: actual)
        ? deferDiscard(of: disk, actual, wanted.spec, after: after)
        : discard(disk, of: actual, after: after)
    }
    if isEdited {
      after +=
        plugs.now.flatMap { networkSteps(for: $0) } + difference.nics.set.flatMap { firewallSteps(for: $0) }
      var machine = difference.wanted
      machine.mark = mark(for: wanted, staged: difference.pending, of: actual)
      var update = MachineUpdate(
        wanted: machine, fields: difference.fields,
        liveFields: stopSteps[actual.uuid] == nil ? difference.liveFields : [], devices: plugs.now,
        renamedDevices: renamedDevices, overlays: overlays(of: actual), setDisks: difference.disks.set,
        removeDisks: difference.disks.removed.map(\.name) + difference.drives.removed.map(\.name),
        setDrives: difference.drives.set, setMemory: difference.memory.set,
        removeMemory: difference.memory.removed.map(\.name),
        setNICs: difference.nics.set.map { withAddress($0, of: machine) },
        removeNICs: difference.nics.removed.map(\.name),
        setShares: difference.shares.set, removeShares: difference.shares.removed.map(\.name),
        setHostDevices: difference.hostDevices.set,
        removeHostDevices: difference.hostDevices.removed.map(\.name))
      update.adopting = isAdopted ? actual.mark : nil
      let worst = difference.changes.map(\.effect).max() ?? .none
      after = [draft.add(.updateMachine(update), for: address, after: after, effect: worst, path: path)]
    }
    let noted = noteDisks(of: wanted, actual, after: after)
    // What is new is told of already.
    if changes.isEmpty { changes += forgotten.fields + noted }
    // A guest that is stopped before then gets it from its definition, when it starts.
    if !plugs.later.isEmpty, !stops {
      deferredPlugs.append(Plug(wanted: wanted, uuid: actual.uuid, devices: plugs.later, after: after))
    }
    if stops, stopSteps[actual.uuid] == nil { addStop(&self) }
    if actual.domainName != wanted.machine.name, stops || !actual.isActive {
      after = [
        draft.add(
          .renameMachine(uuid: actual.uuid, to: wanted.machine.name), for: address, after: after, path: path)
      ]
    }
    addPowerSteps(actual, wanted, restarts: restarts, after: after)
    if restarts {
      let said = Set(changes.map(\.path))
      changes += difference.pending.filter { !said.contains($0) }.map {
        FieldChange($0, from: "pending", to: "in effect", effect: .restart)
      }
    } else if !difference.pending.isEmpty {
      draft.note(
        address, "pending restart: \(difference.pending.joined(separator: ", ")) (the guest keeps running)")
    }
    if isAdopted {
      return draft.add(
        Change(
          address, .adopt, fields: changes, effect: changes.map(\.effect).max() ?? .none,
          reason: "it is there, and becomes the stack's" + devices(namedIn: actual), path: path))
    }
    guard let worst = changes.map(\.effect).max() else { return }
    draft.add(Change(address, .update, fields: changes, effect: worst, path: path))
  }

  /// What the devices of a VM that becomes the stack's are called from now on, for people.
  private func devices(namedIn machine: Machine) -> String {
    let names =
      (machine.disks.map(\.name) + machine.drives.map(\.name)).map { DiskField.attached.path(of: $0) }
      + machine.nics.map { NICField.attached.path(of: $0.name) }
    return names.isEmpty ? "" : " with \(names.joined(separator: ", "))"
  }

  /// The same for people, who know networks by their names in the spec.
  private func withNetworks(_ changes: [FieldChange], of actual: Machine, _ wanted: Machine) -> [FieldChange]
  {
    let names = (actual.nics + wanted.nics).map(\.name)
    let paths = Set(names.flatMap { [NICField.attached.path(of: $0), NICField.network.path(of: $0)] })
    return changes.map { change in
      guard paths.contains(change.path) else { return change }
      return FieldChange(
        change.path, from: change.from.map(host.specName(ofNetwork:)),
        to: change.to.map(host.specName(ofNetwork:)), effect: change.effect, cause: change.cause)
    }
  }

  func networkSteps(for nic: Machine.NIC) -> [Int] {
    if case .network(let name) = nic.link { networkSteps[name] ?? [] } else { [] }
  }

  /// The steps that bring up what an interface is plugged into.
  func networkSteps(for change: DeviceChange) -> [Int] {
    switch change {
    case .attachNIC(let nic), .updateNIC(let nic):
      networkSteps(for: nic) + firewallSteps(for: nic)
    default: []
    }
  }

  /// The changes of a guest's devices by when they are made: at first, with its definition, or once another guest has let
  /// go of what is plugged in.
  private mutating func plugs(of difference: MachineDifference, _ machine: Machine, isOff: Bool) -> (
    unplugged: [DeviceChange], now: [DeviceChange], later: [DeviceChange]
  ) {
    var plugs: (unplugged: [DeviceChange], now: [DeviceChange], later: [DeviceChange]) = ([], [], [])
    if isOff { return plugs }
    var guest = host.guest(of: machine)
    for device in difference.devices {
      guest?.change(device)
      switch device {
      case .detachDisk(let disk):
        freedDisks.insert(disk.path)
        plugs.unplugged.append(device)
      case .attachDisk(let disk) where host.holders(ofDisk: disk.path, other: machine).isEmpty == false:
        plugs.later.append(device)
      case .attachNIC(let nic) where host.holders(ofAddress: nic.mac, other: machine).isEmpty == false:
        plugs.later.append(device)
      case .attachMemory, .attachDisk, .attachNIC, .throttleDisk, .attachDrive, .detachDrive, .changeMedia,
        .detachNIC, .updateNIC, .attachHostDevice, .detachHostDevice:
        plugs.now.append(device)
      }
    }
    guestNetworks[machine.uuid] = guest?.networks
    guestFilters[machine.uuid] = guest?.filters
    guestMedia[machine.uuid] = guest.map { Set($0.drives.compactMap(\.media)) }
    return plugs
  }

  /// Whether the guest is restarted for what it cannot take while it runs. Where the spec forbids to even write that,
  /// the plan is refused.
  private mutating func restarts(_ difference: MachineDifference, _ wanted: DesiredHost.WantedMachine) -> Bool
  {
    guard !difference.pending.isEmpty else { return false }
    if options.restarts { return true }
    switch wanted.spec.onChange {
    case .restartIfNeeded: return true
    case .stage: return false
    case .liveOnly:
      for change in difference.changes where change.effect == .restart {
        refuse(
          "\(change.path) of VM '\(wanted.machine.name)' cannot change while its guest runs, and on_change is live-only",
          at: wanted.spec.path + change.path,
          help: "--restart restarts the guest for it; on_change: stage keeps it for the next start")
      }
      return false
    }
  }

  /// How the run stops guests: the spec's word, and the flag that allows force.
  func policy(_ policy: ShutdownPolicy) -> ShutdownPolicy {
    ShutdownPolicy(timeout: policy.timeout, force: policy.force || options.forcesShutdown)
  }

  // MARK: Power

  private func powerChange(from actual: Machine, to wanted: PowerState) -> FieldChange? {
    let field = MachineField.state
    guard let there = actual.settings.state, there != wanted else { return nil }
    if host.guest(of: actual)?.transit == .off, wanted == .off {
      return FieldChange(field.rawValue, from: "started for a move", to: wanted.rawValue, effect: .none)
    }
    let effect: Effect =
      switch (there, wanted) {
      case (.off, _): .none
      case (.paused, .running): .live
      case (_, .off), (_, .paused), (.running, .running): .stop
      }
    return FieldChange(
      field.rawValue, from: there.rawValue, to: wanted.rawValue, effect: effect,
      cause: .of(wanted: wanted.rawValue, applied: actual.mark?.applied[field.rawValue]))
  }

  private mutating func addPowerSteps(
    _ actual: Machine, _ wanted: DesiredHost.WantedMachine, restarts: Bool, after: [Int]
  ) {
    let address = address(.vm, wanted.machine.name)
    let wantedState = wanted.machine.settings.state ?? .running
    if wantedState.isActive, restarts || !actual.isActive {
      var machine = wanted.machine
      machine.uuid = actual.uuid
      starts.append(Start(wanted: wanted, machine: machine, after: after))
      return
    }
    if (actual.settings.state, wantedState) == (.running, .paused) {
      draft.add(
        .suspendMachine(uuid: actual.uuid), for: address, after: after, effect: .stop, path: wanted.spec.path)
    }
  }
}

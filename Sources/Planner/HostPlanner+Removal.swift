import SpecModel

/// What the stack has on the host and the spec no longer wants. Only what is the stack's own is touched.
extension HostPlanner {
  var reason: String? { options.goal == .destroy ? nil : "the spec no longer has it" }

  // MARK: VMs

  mutating func removeMachines() {
    let wanted = Set(desired.machines.map(\.machine.name))
    let forgotten = Set(
      site.forgotten.compactMap { forgotten in
        if case .machine(let name) = forgotten.subject {
          host.ownMachine(everNamed: name.rawValue)?.uuid
        } else {
          nil
        }
      })
    var removed: [Machine] = []
    for machine in state.machines
    where host.owns(machine) && !wanted.contains(host.specName(of: machine))
      && !forgotten.contains(machine.uuid)
    {
      if machine.isProtected || options.goal == .destroy && isProtected(machine) {
        draft.note(address(.vm, machine.name), "stays (protect: true)")
        keptMachines.insert(machine.uuid)
      } else if options.goal == .converge, site.machine(named: host.specName(of: machine)) != nil {
        // A VM that the spec wants on another host is never removed: the move is refused where it is wanted.
        draft.note(address(.vm, machine.name), "stays, although the spec has it on another host")
      } else if let disk = machine.disks.first(where: losesProtection) {
        draft.note(
          address(.vm, machine.name),
          "stays: its disk '\(disk.name)' is protected and lies in no active pool (\(disk.path))")
        keptMachines.insert(machine.uuid)
      } else if hasDiskAtRisk(machine) {
        noteDisksAtRisk(of: machine)
        keptMachines.insert(machine.uuid)
      } else {
        removed.append(machine)
        removedMachines.insert(machine.uuid)
      }
    }
    for machine in removed where machine.isActive {
      let step = draft.add(
        .powerOffMachine(uuid: machine.uuid, shutdown(of: machine)), for: address(.vm, machine.name),
        effect: .stop,
        path: nil)
      stopSteps[machine.uuid] = step
      if let spec = site.machine(named: host.specName(of: machine)) { draft.power.stop[spec.name] = step }
    }
    for machine in removed { remove(machine) }
  }

  private func shutdown(of machine: Machine) -> ShutdownPolicy {
    let spec = site.machine(named: host.specName(of: machine)).flatMap { $0.host == state.name ? $0 : nil }
    return policy(spec?.shutdown ?? machine.shutdown ?? ShutdownPolicy())
  }

  /// What becomes of the guest of a VM that goes, whether it likes to or not; nil if it does not run.
  func powerOff(of machine: Machine) -> String? {
    guard machine.isActive else { return nil }
    let timeout = shutdown(of: machine).timeout
    return timeout.seconds > 0
      ? "loses its power if it has not shut down within \(timeout)" : "loses its power at once"
  }

  private func joined(_ reasons: String?...) -> String? {
    let reasons = reasons.compactMap { $0 }
    return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
  }

  private mutating func remove(_ machine: Machine) {
    let address = address(.vm, machine.name)
    let stop = stopSteps[machine.uuid].map { [$0] } ?? []
    // The volumes go before the definition: a run that is cut off in between finds the VM again and finishes.
    var deletions: [Int] = []
    for disk in machine.disks { deletions += discard(disk, of: machine, after: stop) }
    let keepsState = !options.dataLoss.covers(address)
    var losses = keepsState ? [] : tpmLosses(of: machine)
    let losesData = !losses.isEmpty
    if machine.hasSavedState {
      losses.append(FieldChange("saved state", from: "where its guest would go on", to: nil, effect: .stop))
    }
    let effect: Effect =
      losesData ? .dataLoss : machine.isActive || machine.hasSavedState ? .stop : .none
    draft.add(
      Change(address, .delete, fields: losses, effect: effect, reason: joined(reason, powerOff(of: machine))))
    if keepsState, !tpmLosses(of: machine).isEmpty {
      draft.note(address, "what its TPM holds stays on the host (--allow-data-loss deletes it)")
    }
    draft.add(
      .undefineMachine(uuid: machine.uuid, keepsState: keepsState), for: address, after: stop + deletions,
      effect: losesData ? .dataLoss : .none, path: nil)
  }

  /// What goes with the TPM of `machine` when its VM goes.
  func tpmLosses(of machine: Machine) -> [FieldChange] {
    guard machine.settings.tpm?.kind != nil else { return [] }
    return [FieldChange("tpm", from: "keys and state", to: nil, effect: .dataLoss)]
  }

  private func isProtected(_ machine: Machine) -> Bool {
    site.machine(named: host.specName(of: machine))?.isProtected ?? false
  }

  // MARK: Letting go

  /// VMs that the spec lets go lose their mark, and nothing else.
  mutating func forgetMachines() {
    for forgotten in site.forgotten where options.goal == .converge {
      guard case .machine(let name) = forgotten.subject,
        let machine = host.ownMachine(everNamed: name.rawValue)
      else { continue }
      let address = address(.vm, machine.name)
      let restored = restoreSnapshots(of: machine, after: [], path: forgotten.path)
      draft.add(
        Change(
          address, .forget, fields: restored.fields, reason: "it stays as it is", path: forgotten.path))
      draft.add(.forgetMachine(uuid: machine.uuid), for: address, after: restored.steps, path: forgotten.path)
      keptMachines.insert(machine.uuid)
    }
  }

  /// Networks that the spec lets go lose their mark, and nothing else.
  mutating func forgetNetworks() {
    for forgotten in site.forgotten where options.goal == .converge {
      guard case .network(let name) = forgotten.subject,
        let network = host.ownNetwork(everNamed: name.rawValue)
      else { continue }
      let address = address(of: network)
      draft.add(Change(address, .forget, reason: "it stays as it is", path: forgotten.path))
      draft.add(.forgetNetwork(uuid: network.uuid), for: address, path: forgotten.path)
      forgottenNetworks.insert(network.uuid)
    }
  }

  // MARK: Replacement

  /// Removes the VMs that are made anew in the same run, and those of their disks that may lose their content.
  mutating func replaceMachines() {
    for wanted in desired.machines {
      let address = address(.vm, wanted.machine.name)
      guard options.replaced.contains(where: { $0.matches(address) }),
        let machine = host.ownMachine(named: wanted.machine.name)
      else { continue }
      replace(machine, by: wanted, address)
    }
  }

  private mutating func replace(_ machine: Machine, by wanted: DesiredHost.WantedMachine, _ address: Address)
  {
    if machine.isProtected || wanted.spec.isProtected {
      return report(
        "VM '\(wanted.machine.name)' is protected and cannot be replaced", at: wanted.spec.path + "protect",
        help: "take back protect: true and apply that first")
    }
    if let disk = machine.disks.first(where: { $0.overlay != nil }) {
      return report(
        "VM '\(wanted.machine.name)' cannot be replaced: somebody has put a file over its disk '\(disk.name)'",
        at: wanted.spec.path,
        help: "take \(disk.file) back into \(disk.path) first, while it runs: \(commit(disk, of: machine))")
    }
    if !tpmLosses(of: machine).isEmpty, !options.dataLoss.covers(address) {
      refuse(
        "replacing VM '\(wanted.machine.name)' destroys what its TPM holds", at: wanted.spec.path + "tpm",
        help: "--allow-data-loss consents")
    }
    var doomed: [Volume] = []
    for index in wanted.volumes {
      let volume = desired.volumes[index]
      guard let disk = wanted.machine.disks.first(where: { $0.path == volume.volume.path }) else { continue }
      guard let there = host.volume(at: disk.path), isMachineDisk(there), !disk.keep, !disk.isProtected else {
        continue
      }
      let isRemembered = machine.disks.contains { $0.path == disk.path && $0.isProtected }
      if isRemembered || host.tagged(there).map({ host.isProtected($0, in: there.pool) }) == true {
        report(
          "\(volume.address) is protected and cannot be replaced", at: volume.path,
          help: "apply without protect: true first, and replace the VM then")
        continue
      }
      guard options.dataLoss.covers(volume.address) else {
        refuse(
          "replacing VM '\(wanted.machine.name)' destroys the content of \(volume.address)", at: volume.path,
          help: "--allow-data-loss consents; keep: true on the disk hands it on to the new VM")
        continue
      }
      doomed.append(there)
    }
    replacedMachines.insert(wanted.machine.uuid)
    var after: [Int] = []
    if machine.isActive {
      after = [
        draft.add(
          .powerOffMachine(uuid: machine.uuid, shutdown(of: machine)), for: address, effect: .stop,
          path: wanted.spec.path)
      ]
      stopSteps[machine.uuid] = after[0]
      draft.power.stop[wanted.spec.name] = after[0]
    }
    for volume in doomed {
      let index = wanted.volumes.first { desired.volumes[$0].volume.path == volume.path }
      let diskAddress = index.map { desired.volumes[$0].address } ?? address
      settledPaths.insert(volume.path)
      let deletion = draft.add(
        .deleteVolume(pool: volume.pool, name: volume.name), for: diskAddress, after: after,
        effect: .dataLoss,
        path: wanted.spec.path)
      replacedVolumes[volume.path] = deletion
    }
    undefineSteps[machine.uuid] = draft.add(
      .undefineMachine(uuid: machine.uuid, keepsState: false), for: address,
      after: after + doomed.compactMap { replacedVolumes[$0.path] }, effect: .replace, path: wanted.spec.path)
  }

  /// Shared disks that the spec no longer has, and what earlier runs left.
  mutating func removeVolumes() {
    let wanted = Set(desired.volumes.map(\.volume.path))
    for volume in state.pools.flatMap(\.volumes)
    where !wanted.contains(volume.path) && !settledPaths.contains(volume.path) {
      guard let tagged = host.tagged(volume) else { continue }
      let address = address(.disk, host.specName(of: tagged, in: volume.pool))
      switch tagged.kind {
      case .sharedDisk: removeShared(volume, tagged, address)
      case .machineDisk: removeLeftover(volume, tagged, address)
      case .image, .seed, .ignition: continue
      }
    }
  }

  private mutating func removeShared(_ volume: Volume, _ tagged: Identity.TaggedVolume, _ address: Address) {
    let isProtected =
      site.disks.contains { $0.name.rawValue == address.name && $0.isProtected }
      || host.isProtected(tagged, in: volume.pool)
    let after = host.users(of: volume.path).flatMap { steps(of: $0) }
    _ = discard(volume, address, isKept: isProtected ? Self.protection : nil, after: after)
  }

  // MARK: Networks

  mutating func removeNetworks() {
    let wanted = Set(desired.networks.map(\.network.name))
    for network in state.networks
    where identity.owns(network) && !wanted.contains(network.name)
      && !forgottenNetworks.contains(network.uuid)
    {
      let address = address(of: network)
      let users = state.machines.filter { machine in
        host.owns(machine)
          ? keptMachines.contains(machine.uuid) && machine.networks.contains(network.name)
            || keepsRunning(machine) && networksAfterPlan(of: machine).contains(network.name)
          : machine.networks.contains(network.name)
      }
      if isProtected(network) {
        draft.note(address, "stays (protect: true)")
        continue
      }
      if let origin = network.parkedFor, isParking(network, for: origin, wanted) { continue }
      if !users.isEmpty {
        draft.note(address, "stays: it is in use by \(names(of: users))")
        continue
      }
      if network.parkedFor == nil, hasForeignGuests(network) {
        draft.note(address, "stays: a guest that is not the stack's is plugged into it")
        continue
      }
      draft.add(
        Change(address, .delete, reason: network.parkedFor == nil ? reason : "nothing uses it any more"))
      let guests =
        state.machines.filter { uses($0, network.name) } + (network.parkedFor.map(guestsParked) ?? [])
      let after = guests.flatMap { steps(of: $0) }
      draft.add(.removeNetwork(uuid: network.uuid), for: address, after: after, path: nil)
    }
  }

  /// Removing the word from the spec takes an application that still has the network.
  private func isProtected(_ network: Network) -> Bool {
    network.isProtected
      || site.networks.contains { $0.name.rawValue == host.specName(of: network) && $0.isProtected }
  }

  /// True if more is plugged in than what the stack's guests have: the definition of a VM need not show it.
  private func hasForeignGuests(_ network: Network) -> Bool {
    guard let live = state.liveNetworks[network.uuid] else { return false }
    let own = state.machines.filter { !live.unplugged.contains($0.uuid) }.compactMap { host.guest(of: $0) }
    return live.connections > own.map { $0.interfaces(on: network.name) }.reduce(0, +)
  }

  /// True if guests wait on `network`, which a run that was cut off left, and go on waiting until their own network takes them
  /// back.
  private mutating func isParking(_ network: Network, for origin: String, _ wanted: Set<String>) -> Bool {
    guard let connections = state.liveNetworks[network.uuid]?.connections, connections > 0 else {
      return false
    }
    let guests = guestsParked(for: origin)
    let areLeaving = guests.allSatisfy {
      !keepsRunning($0) || !networksAfterPlan(of: $0).contains(origin)
    }
    let known = guests.map { (host.guest(of: $0) ?? $0).interfaces(on: origin) }.reduce(0, +)
    if areLeaving, known >= connections { return false }
    if !wanted.contains(origin) {
      draft.note(
        address(of: network), "stays: guests of the network '\(origin)' are plugged into it")
    }
    return true
  }

  /// The running VMs that are plugged in where they wait for the network `origin`, as far as anybody knows.
  private func guestsParked(for origin: String) -> [Machine] {
    let live = host.network(named: origin).flatMap { state.liveNetworks[$0.uuid] }
    return state.machines.filter { machine in
      host.liveNetworks(of: machine).contains(origin)
        && live?.unplugged.contains(machine.uuid) ?? true
    }
  }
}

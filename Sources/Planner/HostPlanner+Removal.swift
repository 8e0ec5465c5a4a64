import SpecModel

/// What the stack has on the host and the spec no longer wants. Only what is the stack's own is touched.
extension HostPlanner {
  var reason: String? { options.goal == .destroy ? nil : "the spec no longer has it" }

  // MARK: VMs

  mutating func removeMachines() {
    let wanted = Set(desired.machines.map(\.machine.name))
    let ofSite = options.goal == .converge ? Set(site.machines.map(\.name.rawValue)) : []
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
      } else if ofSite.contains(host.specName(of: machine)) {
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
      if let spec = specs[host.specName(of: machine)] { draft.power.stop[spec.name] = step }
    }
    for machine in removed { remove(machine) }
  }

  private func shutdown(of machine: Machine) -> ShutdownPolicy {
    let spec = specs[host.specName(of: machine)].flatMap { $0.host == state.name ? $0 : nil }
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
    specs[host.specName(of: machine)]?.isProtected ?? false
  }

  // MARK: Letting go

  /// VMs that the spec lets go lose their mark, and nothing else.
  mutating func forgetMachines() {
    for forgotten in site.forgotten where options.goal == .converge {
      guard case .machine(let name) = forgotten.subject,
        let machine = host.ownMachine(everNamed: name.rawValue)
      else { continue }
      let address = address(.vm, machine.name)
      draft.add(Change(address, .forget, reason: "it stays as it is", path: forgotten.path))
      draft.add(.forgetMachine(uuid: machine.uuid), for: address, path: forgotten.path)
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
        at: wanted.spec.path, help: "take \(disk.file) back into \(disk.path) first: virsh blockcommit")
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

  // MARK: Disks

  /// Deletes the volume of a disk that `machine` gives up, or tells that it stays. Returns the steps of it.
  ///
  /// A shared disk outlives its VM and is not meant here.
  mutating func discard(_ disk: Machine.Disk, of machine: Machine, after: [Int]) -> [Int] {
    let address = address(.disk, "\(machine.name).\(disk.name)")
    guard let volume = host.volume(at: disk.path) else {
      if !isRead(disk.path) {
        let place = startedPool(of: disk.path).map { "pool '\($0)', which was not active" }
        draft.note(address, "stays at \(disk.path), in \(place ?? "no active pool of the spec")")
      }
      return rememberProtection(of: disk, machine)
    }
    guard let tagged = host.tagged(volume), tagged.kind == .machineDisk else { return [] }
    let isProtected = disk.isProtected || host.isProtected(tagged, in: volume.pool)
    let reason = isProtected ? Self.protection : reasonToKeep(disk, address)
    let deletion = discard(volume, address, isKept: reason, after: after)
    // The mark of the VM has the word until now.
    let words = [
      isProtected && !host.isProtected(tagged, in: volume.pool)
        ? identity.protectionName(of: tagged.kind, tagged.base) : nil,
      disk.keep && deletion.isEmpty && !host.isKept(tagged, in: volume.pool)
        ? identity.keepName(of: tagged.kind, tagged.base) : nil,
    ]
    return deletion
      + words.compactMap { $0 }.map { note in
        draft.add(
          .noteVolume(pool: volume.pool, name: note, true),
          for: self.address(.vm, host.specName(of: machine)), after: after, path: nil)
      }
  }

  /// Lets the pool remember the protection of a disk that nobody can see yet, as soon as this plan has started it.
  private mutating func rememberProtection(of disk: Machine.Disk, _ machine: Machine) -> [Int] {
    let name = String(disk.path.split(separator: "/").last ?? "")
    guard disk.isProtected, let pool = startedPool(of: disk.path), let start = poolSteps[pool],
      let tagged = identity.volume(named: name), tagged.kind == .machineDisk
    else { return [] }
    return [
      draft.add(
        .noteVolume(pool: pool, name: identity.protectionName(of: tagged.kind, tagged.base), true),
        for: address(.vm, host.specName(of: machine)), after: [start], path: nil)
    ]
  }

  /// The pool of the file at `path`, if this plan starts it.
  private func startedPool(of path: String) -> String? {
    state.pools.first { pool in
      poolSteps[pool.name] != nil && pool.source?.root.map { path.hasPrefix("\($0)/") } == true
    }?.name
  }

  /// True for a protected disk that nothing would remember to be protected once its VM has given it up.
  func losesProtection(_ disk: Machine.Disk) -> Bool {
    disk.isProtected && host.volume(at: disk.path) == nil && !isRead(disk.path)
      && startedPool(of: disk.path) == nil
  }

  static let protection = "protect: true"
  static let keeping = "keep: true"
  private static let lackOfConsent = "--allow-data-loss deletes it"

  private func reasonToKeep(_ disk: Machine.Disk, _ address: Address) -> String? {
    disk.isProtected ? Self.protection : disk.keep && !isNamed(address) ? Self.keeping : nil
  }

  /// True if this plan would delete the volume of `disk` once its VM is stopped.
  func mayDelete(_ disk: Machine.Disk, of machine: Machine) -> Bool {
    let address = address(.disk, "\(machine.name).\(disk.name)")
    guard options.dataLoss.covers(address), reasonToKeep(disk, address) == nil,
      let volume = host.volume(at: disk.path), isMachineDisk(volume)
    else {
      return false
    }
    return remainingUsers(of: disk.path).allSatisfy { $0.uuid == machine.uuid }
  }

  private func isMachineDisk(_ volume: Volume) -> Bool {
    host.tagged(volume)?.kind == .machineDisk
  }

  /// True if the file's pool was looked into, so that a volume which is not in it does not exist.
  func isRead(_ path: String) -> Bool {
    state.pools.contains { pool in
      guard pool.isActive, let root = pool.source?.root, path.hasPrefix("\(root)/") else { return false }
      return identity.owns(pool) || site.pools.contains { $0.name.rawValue == pool.name }
    }
  }

  /// Deletes `volume` if the run may and nothing goes on using it, else tells that it stays.
  ///
  /// - Parameter isKept: the word of the spec that keeps it.
  mutating func discard(_ volume: Volume, _ address: Address, isKept: String?, after: [Int]) -> [Int] {
    settledPaths.insert(volume.path)
    let users = remainingUsers(of: volume.path)
    let obstacle: String? =
      if let isKept {
        isKept
      } else if desired.volumes.contains(where: { $0.volume.path == volume.path }) {
        "the spec has it"
      } else if isBase(volume.path) {
        "another file is based on it"
      } else if !users.isEmpty {
        "in use by \(names(of: users))"
      } else if !options.dataLoss.covers(address) {
        Self.lackOfConsent
      } else if let other = namesake(of: volume, address) {
        "\(other.path) is called the same, and which of the two is meant nobody can tell: virsh vol-delete deletes one"
      } else {
        nil
      }
    if let obstacle {
      if obstacle == Self.lackOfConsent { unconsentedPaths.insert(volume.path) }
      draft.note(address, "stays at \(volume.path), \(volume.capacity) (\(obstacle))")
      return []
    }
    let content = FieldChange(
      "content", from: "\(volume.capacity) at \(volume.path)", to: nil, effect: .dataLoss)
    draft.add(Change(address, .delete, fields: [content], effect: .dataLoss))
    return [delete(volume, address, after: after, effect: .dataLoss)]
  }

  /// Another file of a VM's disk that nobody wants, either, and that a consent which names disks would delete with `volume`.
  private func namesake(of volume: Volume, _ address: Address) -> Volume? {
    guard isNamed(address), isMachineDisk(volume) else { return nil }
    return host.namesakes(of: address.name, but: volume.path).first { other in
      !desired.volumes.contains { $0.volume.path == other.path }
    }
  }

  mutating func delete(_ volume: Volume, _ address: Address, after: [Int], effect: Effect) -> Int {
    let notes = forgetCopy(volume, for: address, after: after)
    let step = draft.add(
      .deleteVolume(pool: volume.pool, name: volume.name), for: address, after: after + notes, effect: effect,
      path: nil)
    deletionSteps[volume.path] = step
    // What it was called, that it was kept, and that it is not whole, is remembered for as long as it is there.
    var last = forgetNames(of: volume, but: nil, for: address, after: [step]).last ?? step
    last = forgetKeeping(of: volume, for: address, after: [last]).last ?? last
    guard host.isCutOff(volume) else { return last }
    return forget(Identity.copyingName(of: volume.name), of: volume, for: address, after: [last]).last ?? last
  }

  /// The steps by which the host forgets what the volume was copied from.
  mutating func forgetCopy(_ volume: Volume, for address: Address, after: [Int]) -> [Int] {
    host.copiedImages(of: volume).flatMap { image in
      forget(Identity.copiedName(of: volume.name, from: image), of: volume, for: address, after: after)
    }
  }

  /// The step by which the pool forgets what an empty volume beside `volume` says, unless this plan has it already.
  mutating func forget(_ note: String, of volume: Volume, for address: Address, after: [Int]) -> [Int] {
    let path = "\(volume.path.dropLast(volume.name.count))\(note)"
    guard deletionSteps[path] == nil else { return [] }
    let step = draft.add(
      .noteVolume(pool: volume.pool, name: note, false), for: address, after: after, path: nil)
    deletionSteps[path] = step
    return [step]
  }

  /// VMs that will use the file at `path` after this plan: those of others, and guests that keep running.
  func remainingUsers(of path: String) -> [Machine] {
    host.users(of: path).filter { machine in
      guard host.owns(machine) else { return true }
      if removedMachines.contains(machine.uuid) { return false }
      // A file that belongs to no disk with a name was attached by a person and stays attached.
      if keptMachines.contains(machine.uuid) { return true }
      return keepsRunning(machine) && host.liveFiles(of: machine).contains(path) && !freedDisks.contains(path)
        || machine.files.contains(path) && !machine.disks.contains { $0.path == path }
    }
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
      if hasForeignGuests(network) {
        draft.note(address, "stays: a guest that is not the stack's is plugged into it")
        continue
      }
      draft.add(
        Change(address, .delete, reason: network.parkedFor == nil ? reason : "nothing uses it any more"))
      let after = state.machines.filter { uses($0, network.name) }.flatMap { steps(of: $0) }
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

  /// True if guests wait on `network`, which a run that was cut off left: their own network takes them back.
  private mutating func isParking(_ network: Network, for origin: String, _ wanted: Set<String>) -> Bool {
    guard let connections = state.liveNetworks[network.uuid]?.connections, connections > 0 else {
      return false
    }
    if !wanted.contains(origin) {
      draft.note(
        address(of: network), "stays: guests of the network '\(origin)' are plugged into it")
    }
    return true
  }
}

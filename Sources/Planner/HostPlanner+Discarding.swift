import SpecModel

/// What becomes of the files of disks that VMs give up, and of what lies beside them.
extension HostPlanner {
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
    guard let tagged = host.tagged(volume), tagged.kind == .machineDisk else {
      if host.tagged(volume) == nil { draft.note(address, "stays at \(disk.path): virtform did not make it") }
      return []
    }
    let isProtected = disk.isProtected || host.isProtected(tagged, in: volume.pool)
    let reason = isProtected ? Self.protection : reasonToKeep(disk, address)
    let deletion = discard(volume, address, isKept: reason, after: after)
    // What has not come to pass was called off.
    let calledOff =
      deletion.isEmpty
      ? forgetDeletion(of: volume, for: self.address(.vm, host.specName(of: machine)), after: after) : []
    // The mark of the VM has the word until now.
    let words = [
      isProtected && !host.isProtected(tagged, in: volume.pool)
        ? identity.protectionName(of: tagged.kind, tagged.base) : nil,
      disk.keep && deletion.isEmpty && !host.isKept(tagged, in: volume.pool)
        ? identity.keepName(of: tagged.kind, tagged.base) : nil,
    ]
    return deletion + calledOff
      + words.compactMap { $0 }.map { note in
        draft.add(
          .noteVolume(pool: volume.pool, name: note, true),
          for: self.address(.vm, host.specName(of: machine)), after: after, path: nil)
      }
  }

  /// Lets the pool remember the protection of a disk that nobody can see yet, as soon as this plan has started it.
  private mutating func rememberProtection(of disk: Machine.Disk, _ machine: Machine) -> [Int] {
    let name = Identity.fileName(ofPath: disk.path)
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
      poolSteps[pool.name] != nil && !pool.isActive
        && pool.source?.root.map { path.hasPrefix("\($0)/") } == true
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
    guard let volume = host.volume(at: disk.path), let tagged = host.tagged(volume),
      tagged.kind == .machineDisk, !host.isProtected(tagged, in: volume.pool)
    else { return false }
    return obstacle(to: volume, address, isKept: reasonToKeep(disk, address), givenUpBy: machine) == nil
  }

  /// Lets the pool remember that the disk is deleted once the guest that gives it up has started anew. Returns the step.
  mutating func deferDiscard(of disk: Machine.Disk, _ machine: Machine, _ spec: MachineSpec, after: [Int])
    -> [Int]
  {
    deferredDiscards.append((disk, machine, spec.name))
    guard let volume = host.volume(at: disk.path), let tagged = host.tagged(volume),
      !host.isBeingDeleted(tagged, in: volume.pool)
    else { return [] }
    return [
      draft.add(
        .noteVolume(pool: volume.pool, name: identity.deletionName(of: tagged.kind, tagged.base), true),
        for: address(.disk, "\(machine.name).\(disk.name)"), after: after, path: nil)
    ]
  }

  /// Deletes the disks that guests gave up which have started without them, and are ready if the spec says when that is.
  mutating func discardDeferred() {
    for (disk, machine, spec) in deferredDiscards {
      let after = [stopSteps[machine.uuid], draft.power.up[spec]].compactMap { $0 }
      _ = discard(disk, of: machine, after: after)
    }
  }

  func isMachineDisk(_ volume: Volume) -> Bool {
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
    if let obstacle = obstacle(to: volume, address, isKept: isKept) {
      if obstacle == Self.lackOfConsent { unconsentedPaths.insert(volume.path) }
      draft.note(address, "stays at \(volume.path), \(volume.capacity) (\(obstacle))")
      return []
    }
    let content = FieldChange(
      "content", from: "\(volume.capacity) at \(volume.path)", to: nil, effect: .dataLoss)
    draft.add(Change(address, .delete, fields: [content], effect: .dataLoss))
    return [delete(volume, address, after: after, effect: .dataLoss)]
  }

  /// Why the volume is not deleted; nil if it is.
  ///
  /// - Parameter machine: a VM that no longer uses it by then.
  private func obstacle(
    to volume: Volume, _ address: Address, isKept: String?, givenUpBy machine: Machine? = nil
  ) -> String? {
    if let isKept { return isKept }
    if wantedPaths.contains(volume.path) { return "the spec has it" }
    if host.isBase(volume.path) { return "another file is based on it" }
    let users = remainingUsers(of: volume.path).filter { $0.uuid != machine?.uuid }
    if !users.isEmpty { return "in use by \(names(of: users))" }
    if !options.dataLoss.covers(address) { return Self.lackOfConsent }
    return isNamed(address) ? namesake(of: volume, address).map { handiwork(volume, beside: $0) } : nil
  }

  /// How one of two files is deleted that have the same name.
  func handiwork(_ volume: Volume, beside other: Volume) -> String {
    "\(other.path) is called the same, and which of the two is meant nobody can tell: "
      + "\(state.virsh("vol-delete \(volume.path)")) deletes this one"
  }

  /// Another file of a VM's disk that nobody wants, either, and that a consent which names disks would delete with `volume`.
  func namesake(of volume: Volume, _ address: Address) -> Volume? {
    guard isMachineDisk(volume) else { return nil }
    return host.namesakes(of: address.name, but: volume.path).first { !wantedPaths.contains($0.path) }
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
    last = forgetDeletion(of: volume, for: address, after: [last]).last ?? last
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
}

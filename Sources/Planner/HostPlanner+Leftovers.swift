import SpecModel

/// Disks of VMs that are gone, or that gave them up while nobody consented to the loss of their content.
extension HostPlanner {
  /// Deletes a VM's disk that no VM of the spec has, or tells that it stays.
  ///
  /// It takes a consent that names it. One in general is enough at the end of the whole stack, and for what a run with
  /// consent was about to delete when it was cut off, if it was not to be kept.
  mutating func removeLeftover(_ volume: Volume, _ tagged: Identity.TaggedVolume, _ address: Address) {
    let isDestroyed = options.goal == .destroy
    let spec = isDestroyed ? diskSpec(ofVolume: tagged.base) : nil
    let isProtected =
      host.isProtected(tagged, in: volume.pool) || spec.map { $0.machine.protects($0.disk) } == true
    let isKept = spec?.disk.keep == true || host.isKept(tagged, in: volume.pool)
    let reason = isProtected ? Self.protection : isKept && !isNamed(address) ? Self.keeping : nil
    let users = remainingUsers(of: volume.path)
    // What another's VM has is none of the stack's.
    if spec == nil, users.contains(where: { !host.owns($0) }) { return }
    let isBegun = host.isBeingDeleted(tagged, in: volume.pool)
    let hasConsent = isDestroyed || isBegun ? options.dataLoss.covers(address) : isNamed(address)
    if spec != nil || hasConsent {
      // A guest that was to give it up with its restart has it until then.
      let stops = host.users(of: volume.path).filter { host.liveFiles(of: $0).contains(volume.path) }
        .compactMap {
          stopSteps[$0.uuid]
        }
      // One that starts in this plan may need it, if somebody puts its definition back.
      let starts = starts.filter { address.name.hasPrefix("\($0.machine.name).") }.compactMap {
        draft.power.up[$0.wanted.spec.name]
      }
      _ = discard(volume, address, isKept: reason, after: stops + starts)
      return
    }
    if reason == nil, users.isEmpty { unconsentedPaths.insert(volume.path) }
    let flag = isDestroyed || isBegun ? "--allow-data-loss" : "--allow-data-loss-of \(address)"
    let other = isDestroyed || isBegun ? nil : namesake(of: volume, address)
    let remedy =
      (host.isCutOff(volume) ? "a copy that was cut off; " : "")
      + (other.map { handiwork(volume, beside: $0) } ?? "\(flag) deletes it")
    let belongs =
      users.isEmpty
      ? "belongs to no VM and stays at \(volume.path), \(volume.capacity) (\(reason ?? remedy))"
      : "is still in use by \(names(of: users)) and stays at \(volume.path), \(volume.capacity)"
        + (reason.map { " (\($0))" } ?? "")
    draft.note(address, belongs)
  }

  /// True if the run has a consent that names this very disk: it counts more than keep: true, and less than protect: true.
  func isNamed(_ address: Address) -> Bool { options.dataLoss.named.contains { $0.matches(address) } }

  /// The disk of the spec that has a volume of this name.
  private func diskSpec(ofVolume base: String) -> (machine: MachineSpec, disk: DiskSpec)? {
    // The names of both may have dots in them.
    for dot in base.indices where base[dot] == "." {
      let name = base[base.index(after: dot)...]
      if let machine = site.machine(named: String(base[..<dot])), machine.host == state.name,
        let disk = machine.disks.first(where: { $0.name.rawValue == name })
      {
        return (machine, disk)
      }
    }
    return nil
  }
}

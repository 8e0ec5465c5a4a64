import SpecModel

/// Disks whose content is not where the definition says.
///
/// Somebody may have put a file over one, as `virsh snapshot-create-as --disk-only` does: what lies below must not be
/// written, grown, deleted or given to another VM. Or somebody deleted the file: a running guest has its content still,
/// and nobody else. Both are for a person to mend.
extension HostPlanner {
  /// Tells of such disks of a VM that stays.
  mutating func noteDisksAtRisk(of machine: Machine) {
    let address = address(.vm, host.specName(of: machine))
    for disk in machine.disks {
      if machine.isActive, isDeleted(disk.path) {
        draft.note(
          address,
          "the file of its disk '\(disk.name)' was deleted, and its content is lost once the guest stops; "
            + "this saves it: \(state.rescue(disk, of: machine))")
      }
      guard let overlay = disk.overlay else { continue }
      let wanted = wantedMachines[machine.uuid]?.machine.disks.contains { $0.name == disk.name } ?? false
      draft.note(
        address, "\(text(of: overlay, disk, machine))\(wanted ? "" : "; the disk stays until then")")
    }
  }

  private func text(of overlay: Machine.Overlay, _ disk: Machine.Disk, _ machine: Machine) -> String {
    guard overlay.isProven else {
      return
        "the place of its disk '\(disk.name)' has \(overlay.path), into which nobody can look while it is off: "
        + "start the VM, or refresh the file's pool, to tell whether it is based on \(disk.path)"
    }
    return "writes what its disk '\(disk.name)' is to hold into \(overlay.path), which somebody has put over "
      + "\(disk.path): while it runs, \(commit(disk, of: machine)) takes it back"
  }

  /// The command that writes what lies over a disk of a running guest into it, and not into the image below.
  func commit(_ disk: Machine.Disk, of machine: Machine) -> String {
    let target = disk.target ?? disk.path
    return state.virsh(
      "blockcommit \(machine.domainName) \(target) --base \(disk.path) --active --pivot")
  }

  func overlays(of machine: Machine) -> [String: Machine.Overlay] {
    Dictionary(
      machine.disks.compactMap { disk in disk.overlay.map { (disk.path, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// True if the removal of `machine` would lose what only its guest or its overlay has, and the run has no consent to that.
  func hasDiskAtRisk(_ machine: Machine) -> Bool {
    machine.disks.contains { disk in
      (disk.overlay != nil || machine.isActive && isDeleted(disk.path))
        && !options.dataLoss.covers(address(.disk, "\(machine.name).\(disk.name)"))
    }
  }

  /// The disks that leave the spec and whose content only the running guest has. Refuses without consent to its loss.
  mutating func disksLost(with difference: MachineDifference, _ machine: Machine) -> [Machine.Disk] {
    let lost = difference.disks.removed.filter { machine.isActive && isDeleted($0.path) }
    for disk in lost {
      let address = address(.disk, "\(machine.name).\(disk.name)")
      guard !options.dataLoss.covers(address) else { continue }
      refuse(
        "unplugging disk '\(disk.name)' of VM '\(machine.name)' destroys its content: the file was deleted, and only the "
          + "running guest has it",
        at: wantedMachines[machine.uuid]?.spec.path,
        help: "--allow-data-loss-of \(address) consents; this saves it: \(state.rescue(disk, of: machine))")
    }
    return lost
  }

  /// True if a running guest has the file at `path` open, which is gone from its pool.
  func isDeleted(_ path: String) -> Bool {
    guard host.volume(at: path) == nil, isRead(path) else { return false }
    return host.users(of: path).contains { host.owns($0) && host.liveFiles(of: $0).contains(path) }
  }

  /// The VM that has a file over the one at `path`, and the disk that both are; nil if there is none.
  func overlaid(_ path: String) -> (machine: Machine, disk: Machine.Disk)? {
    for machine in host.users(of: path) {
      if let disk = machine.disks.first(where: { $0.path == path && $0.overlay != nil }) {
        return (machine, disk)
      }
    }
    return nil
  }
}

extension HostState {
  /// The command that copies the content of a file that was deleted under a running guest into a new one of the same name.
  func rescue(_ disk: Machine.Disk, of machine: Machine) -> String {
    let pool = pools.first { pool in pool.source?.root.map { disk.path.hasPrefix("\($0)/") } ?? false }
    let format = disk.format.map { " --format \($0.rawValue)" } ?? ""
    let copy =
      "blockcopy \(machine.domainName) \(disk.target ?? disk.name) \(disk.path)\(format) "
      + "--transient-job --wait --pivot"
    return "\(virsh(copy)) && \(virsh("pool-refresh \(pool?.name ?? "POOL")"))"
  }
}

import SpecModel

/// Files that a person has put over the stack's disks, as `virsh snapshot-create-as --disk-only` does. What lies below one
/// must not be written, grown, deleted or given to another VM; the person takes the overlay back first.
extension HostPlanner {
  /// Tells of the overlays of a VM that stays.
  mutating func noteOverlays(of machine: Machine) {
    for disk in machine.disks {
      guard let overlay = disk.overlay else { continue }
      let wanted = wantedMachines[machine.uuid]?.machine.disks.contains { $0.name == disk.name } ?? false
      let stays = wanted ? "" : "; the disk stays until then"
      draft.note(address(.vm, host.specName(of: machine)), "\(text(of: overlay, disk, machine))\(stays)")
    }
  }

  private func text(of overlay: Machine.Overlay, _ disk: Machine.Disk, _ machine: Machine) -> String {
    guard overlay.isProven else {
      return
        "the place of its disk '\(disk.name)' has \(overlay.path), into which nobody can look while it is off: "
        + "start the VM, or refresh the file's pool, to tell whether it is based on \(disk.path)"
    }
    let remedy = "virsh blockcommit \(machine.domainName) \(disk.target ?? disk.path) --active --pivot"
    return "writes what its disk '\(disk.name)' is to hold into \(overlay.path), which somebody has put over "
      + "\(disk.path): while it runs, \(remedy) takes it back"
  }

  func overlays(of machine: Machine) -> [String: Machine.Overlay] {
    Dictionary(
      machine.disks.compactMap { disk in disk.overlay.map { (disk.path, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The first disk of `machine` that has an overlay, and that the run may not delete all the same.
  func overlaidDisk(of machine: Machine) -> Machine.Disk? {
    machine.disks.first { disk in
      disk.overlay != nil && !options.dataLoss.covers(address(.disk, "\(machine.name).\(disk.name)"))
    }
  }

  /// True if the file at `path` is below an overlay of some VM's.
  func isBelowOverlay(_ path: String) -> Bool {
    host.users(of: path).contains { $0.disks.contains { $0.path == path && $0.overlay != nil } }
  }
}

import Planner

extension Machine {
  /// Nobody knows the names of its devices any more.
  mutating func loseMark() {
    mark = nil
    unnamed.disks += disks.map { disk in
      var disk = disk
      (disk.name, disk.keep, disk.isProtected) = ("", false, false)
      return disk
    }
    unnamed.drives += drives.map { drive in
      var drive = drive
      drive.name = ""
      return drive
    }
    unnamed.nics += nics.map { nic in
      var nic = nic
      nic.name = ""
      if case .network(let network) = nic.link { otherNetworks[network, default: 0] += 1 }
      return nic
    }
    (disks, drives, nics, boot) = ([], [], [], nil)
    (isProtected, shutdown) = (false, nil)
  }

  /// Its devices have the names that `mark` says.
  mutating func gain(_ mark: Mark) {
    for known in mark.disks {
      if let index = unnamed.disks.firstIndex(where: { $0.path == known.file }) {
        var disk = unnamed.disks.remove(at: index)
        (disk.name, disk.keep, disk.isProtected) = (known.name, known.keep, known.isProtected)
        disks.append(disk)
      } else if known.file == nil, let index = unnamed.drives.firstIndex(where: { $0.target == known.target })
      {
        var drive = unnamed.drives.remove(at: index)
        drive.name = known.name
        drives.append(drive)
      }
    }
    for known in mark.nics {
      guard let index = unnamed.nics.firstIndex(where: { $0.mac?.description == known.mac }) else { continue }
      var nic = unnamed.nics.remove(at: index)
      nic.name = known.name
      if case .network(let network) = nic.link, let count = otherNetworks[network] {
        otherNetworks[network] = count > 1 ? count - 1 : nil
      }
      nics.append(nic)
    }
    self.mark = mark
  }
}

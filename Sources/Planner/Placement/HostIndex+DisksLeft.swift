import SpecModel

extension HostIndex {
  /// The disks of a VM that is nowhere which lie on this host alone: they were kept, or a person has removed the VM.
  func disksLeft(by machine: MachineSpec, of site: Site) -> [ResourceName] {
    machine.disks.filter { disk in
      guard case .own(_, _, _, let pool) = disk.source, site.pool(pool)?.isShared != true,
        let path = detachedFile(
          ofDisk: disk.name.rawValue, of: machine.name.rawValue, in: pool.rawValue),
        let volume = volume(at: path)
      else { return false }
      // What a copy that was cut off has left is worth nothing.
      return !isCutOff(volume) && !isMoving(volume)
    }.map(\.name)
  }
}

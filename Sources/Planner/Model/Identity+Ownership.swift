import FoundationEssentials

extension Identity {
  // An object is the stack's own if it carries the stack's mark and its UUID is the one computed for its name, or for
  // the name it was made with; or, where it was there before, the one that the mark was written for. The mark alone proves nothing: `virt-clone` and the like copy it into objects that
  // virtform did not make. Nor does the UUID: an object that was let go keeps it.

  public func owns(_ machine: Machine) -> Bool { owns(machine.mark, machine.uuid, .machine, machine.name) }

  public func owns(_ network: Network) -> Bool {
    owns(network.mark, network.uuid, .network, network.specName)
  }

  /// libvirt keeps no metadata for pools: the UUID is the mark.
  public func owns(_ pool: Pool) -> Bool { pool.uuid == uuid(.pool, pool.name) }

  private func owns(_ mark: Mark?, _ uuid: UUID, _ kind: Kind, _ name: String) -> Bool {
    guard let mark, mark.stack == stack.rawValue else { return false }
    if mark.adopted == uuid { return true }
    return uuid == self.uuid(kind, mark.origin ?? mark.name ?? name)
  }
}

extension Identity {
  // An object is the stack's own if its UUID is the one computed for its name, unless its mark says otherwise.
  // The mark alone proves nothing: `virt-clone` and the like copy it into objects that virtform did not make.

  public func owns(_ machine: Machine) -> Bool {
    isOwn(machine.mark) && machine.uuid == uuid(.machine, machine.name)
  }

  public func owns(_ network: Network) -> Bool {
    isOwn(network.mark) && network.uuid == uuid(.network, network.name)
  }

  /// libvirt keeps no metadata for pools: the UUID is the mark.
  public func owns(_ pool: Pool) -> Bool { pool.uuid == uuid(.pool, pool.name) }

  private func isOwn(_ mark: Mark?) -> Bool { mark.map { $0.stack == stack.rawValue } ?? true }
}

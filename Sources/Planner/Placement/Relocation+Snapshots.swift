import SpecModel

/// What becomes of snapshots when a VM moves: their content stays where it is, so both hosts have to see it.
extension Relocation {
  /// What libvirt knows of them, or did before another move was cut off.
  func snapshots(of machine: Machine, _ host: HostIndex) -> Set<String> {
    Set((host.state.snapshots[machine.uuid] ?? []).map(\.name) + machine.carriedSnapshots)
  }

  /// Why a VM that could move without its snapshots and checkpoints cannot.
  func obstacle(
    toSnapshotsOf machine: Machine, _ copies: [Move.Copy], _ old: HostIndex, _ new: HostIndex
  ) -> String? {
    func virsh(_ command: String) -> String { old.state.virsh("\(command) \(machine.domainName)") }
    if old.state.checkpointed.contains(machine.uuid) {
      return "it has checkpoints, which libvirt would lose: \(virsh("checkpoint-list")) names them, and "
        + "\(virsh("checkpoint-delete")) NAME deletes one"
    }
    let names = snapshots(of: machine, old)
    if let copy = copies.first, !names.isEmpty {
      return "a copy of its disk '\(copy.disk.name)' would lose its snapshots (\(Self.list(names))): "
        + "a shared pool keeps them, and \(virsh("snapshot-delete")) NAME deletes one"
    }
    for snapshot in old.state.snapshots[machine.uuid] ?? [] {
      if let file = snapshot.files.sorted().first(where: { !isShared($0, old, new) }) {
        return "its snapshot '\(snapshot.name)' needs \(file), which lies in no pool that both hosts see: "
          + "\(virsh("snapshot-delete")) '\(snapshot.name)' --metadata has libvirt forget it"
      }
    }
    return nil
  }

  private static func list(_ names: Set<String>) -> String {
    let shown = names.sorted { $0.isOrderedNaturally(before: $1) }
    return shown.prefix(5).joined(separator: ", ") + (shown.count > 5 ? " …" : "")
  }

  /// True if the file at `path` lies in a pool in which both hosts see the same files.
  func isShared(_ path: String, _ old: HostIndex, _ new: HostIndex) -> Bool {
    old.state.pools.contains { pool in
      guard let root = pool.source?.root, path.hasPrefix("\(root)/") else { return false }
      return isShared(pool.name, between: old.state.name, new.state.name)
        && new.pool(named: pool.name).map { $0.source?.root == root } ?? true
    }
  }
}

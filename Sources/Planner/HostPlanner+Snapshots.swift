import SpecModel

/// Snapshots that a move has taken off: libvirt moves no VM that it knows any of. Until they are put back, the VM's metadata
/// has them, so that they are found wherever it is.
extension HostPlanner {
  /// Plans to put them back before anything else is done with the VM. Returns the steps to wait for and what to tell.
  ///
  /// A VM that is about to arrive has them put back by its move.
  mutating func restoreSnapshots(of machine: Machine, after: [Int], path: SpecPath?) -> (
    steps: [Int], fields: [FieldChange]
  ) {
    guard !machine.carriedSnapshots.isEmpty, !arrivals.contains(where: { $0.machine.uuid == machine.uuid })
    else { return (after, []) }
    let step = draft.add(
      .restoreSnapshots(uuid: machine.uuid), for: address(.vm, host.specName(of: machine)), after: after,
      path: path)
    let names = machine.carriedSnapshots.joined(separator: ", ")
    return (
      [step],
      [FieldChange("snapshots", from: "taken off by a move that was cut off", to: names, effect: .none)]
    )
  }
}

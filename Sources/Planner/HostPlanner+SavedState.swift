import SpecModel

/// Guests that were saved by hand (`virsh managedsave`). The next start goes on from there, with the definition that the
/// guest had: what is changed meanwhile does not reach it, and a disk that is gone or has grown ends it.
extension HostPlanner {
  /// True if the plan is refused, since the saved guest would notice what is to change.
  func refusesChange(of actual: Machine, to target: Machine, _ spec: MachineSpec) -> Bool {
    guard actual.hasSavedState else { return false }
    // To it the definition is what it runs with.
    let difference = MachineDifference(
      from: actual, guest: actual, to: target, on: state.capabilities, staysUp: true,
      renamedDevices: [:])
    let paths = difference.changes.filter { $0.effect != .none }.map(\.path)
    guard !paths.isEmpty else { return false }
    report(
      "VM '\(actual.name)' has a saved state, to which \(paths.joined(separator: ", ")) cannot change",
      at: spec.path, help: help(forSaved: actual))
    return true
  }

  func help(forSaved machine: Machine) -> String {
    "let it go on (\(state.virsh("start \(machine.domainName)"))), or give the state up, as if its power failed: "
      + state.virsh("managedsave-remove \(machine.domainName)")
  }
}

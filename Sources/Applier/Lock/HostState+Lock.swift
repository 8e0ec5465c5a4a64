public import Planner
import SpecModel

extension HostState {
  /// The state without the locks of any stack, which are nobody's networks and VMs.
  public var withoutLocks: HostState {
    var state = self
    state.networks.removeAll { $0.name.hasPrefix(ResourceName.lockPrefix) }
    state.machines.removeAll { $0.name.hasPrefix(ResourceName.lockPrefix) }
    return state
  }
}

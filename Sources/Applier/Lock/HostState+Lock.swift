public import Planner
public import SpecModel

extension HostState {
  /// True if somebody has, or had, the lock of the stack.
  public func hasLock(of stack: ResourceName) -> Bool {
    let name = ResourceName.lockPrefix + stack.rawValue
    return networks.contains { $0.name == name } || machines.contains { $0.domainName == name }
  }

  /// The state without the locks of any stack, which are nobody's networks and VMs.
  public var withoutLocks: HostState {
    var state = self
    state.networks.removeAll { $0.name.hasPrefix(ResourceName.lockPrefix) }
    state.machines.removeAll { $0.name.hasPrefix(ResourceName.lockPrefix) }
    return state
  }
}

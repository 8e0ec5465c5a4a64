public import SpecModel

extension Site {
  /// The same site, where VMs whose host virtform chooses are on the one that has them.
  public func located(in states: [HostState]) -> Site {
    guard machines.contains(where: \.placement.isChosen) else { return self }
    let identity = Identity(stack: stack)
    var places: [String: ResourceName] = [:]
    for state in states {
      for machine in state.machines where identity.owns(machine) {
        let name = machine.mark?.name ?? machine.name
        // Of several, the one where it runs.
        if places[name] == nil || machine.settings.state == .running { places[name] = state.name }
      }
    }
    let chosen = machines.filter(\.placement.isChosen)
    return placing(
      Dictionary(
        chosen.compactMap { machine in places[machine.name.rawValue].map { (machine.name, $0) } },
        uniquingKeysWith: { first, _ in first }))
  }
}

extension Site {
  /// `states` with what each host looks after of the pools that several hosts see the same volumes in.
  public func dividingSharedPools(of states: [HostState], unreachable: Set<ResourceName>) -> [HostState] {
    SharedPools(self, unreachable: unreachable).views(of: states)
  }
}

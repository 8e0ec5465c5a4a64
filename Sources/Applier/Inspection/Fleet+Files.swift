import Libvirt
public import Planner
public import SpecModel

extension Fleet {
  /// `states` with the files that VMs of the stack name and that are not there. Each host is asked for those that no pool of
  /// its state has, of VMs that are off: of a guest that runs, the host tells what that has opened.
  public func lookingAtFiles(_ states: [HostState], of stack: ResourceName) async -> [HostState] {
    await concurrently(states) { state in
      var state = state
      guard let session = self.sessions[state.name] else { return state }
      state.absentFiles = await session.absentFiles(state, Identity(stack: stack))
      return state
    }
  }
}

extension HostSession {
  fileprivate func absentFiles(_ state: HostState, _ identity: Identity) async -> Set<String> {
    let known = Set(state.pools.flatMap(\.volumes).map(\.path))
    let machines = state.machines.filter { identity.owns($0) && !$0.isActive }
    let found = await concurrently(machines) { machine -> [String] in
      let files = machine.files.subtracting(known).sorted()
      guard !files.isEmpty, let domain = try? await self.connection.domain(uuid: machine.uuid) else {
        return []
      }
      var absent: [String] = []
      for file in files {
        // What nobody can tell is not told.
        if let isThere = try? await domain.hasFile(ofDisk: file), !isThere { absent.append(file) }
      }
      return absent
    }
    return Set(found.flatMap { $0 })
  }
}

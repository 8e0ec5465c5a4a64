import SpecModel

extension HostPlanner {
  /// A VM to start once it is defined and what it takes over from others is free.
  struct Start {
    let wanted: DesiredHost.WantedMachine
    let machine: Machine
    let after: [Int]
  }

  mutating func startMachines() {
    let stopping = state.machines.filter { stopSteps[$0.uuid] != nil }
    for start in starts {
      let machine = start.machine
      let networks = machine.nics.flatMap { nic -> [Int] in
        if case .network(let name) = nic.link { networkSteps[name] ?? [] } else { [] }
      }
      let addresses = Set(machine.nics.compactMap(\.mac))
      let formerOwners = stopping.filter { other in
        other.uuid != machine.uuid && other.nics.contains { nic in nic.mac.map(addresses.contains) ?? false }
      }
      draft.add(
        .startMachine(uuid: machine.uuid), for: address(.vm, machine.name),
        after: start.after + networks + diskReleases(for: start)
          + formerOwners.compactMap { stopSteps[$0.uuid] },
        path: start.wanted.spec.path)
    }
  }

  /// The steps that stop the guests which have the machine's disks now.
  private func diskReleases(for start: Start) -> [Int] {
    var steps: [Int] = []
    for disk in start.machine.disks {
      for other in host.users(of: disk.path)
      where other.uuid != start.machine.uuid && other.liveFiles.contains(disk.path) {
        guard let stop = stopSteps[other.uuid] else {
          let spec = start.wanted.spec.disks.first { $0.name.rawValue == disk.name }
          report(
            "VM '\(start.machine.name)' cannot start: the running VM '\(other.name)' has its disk '\(disk.name)'",
            at: spec?.path ?? start.wanted.spec.path,
            help: "stop '\(other.name)' first, or let it restart with on_change: restart-if-needed")
          continue
        }
        steps.append(stop)
      }
    }
    return steps
  }
}

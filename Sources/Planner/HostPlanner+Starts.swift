import FoundationEssentials
import SpecModel

extension HostPlanner {
  /// A VM to start once it is defined and what it takes over from others is free.
  struct Start {
    let wanted: DesiredHost.WantedMachine
    let machine: Machine
    let after: [Int]
  }

  /// Devices to plug into a running guest once others have let go of them.
  struct Plug {
    let wanted: DesiredHost.WantedMachine
    let uuid: UUID
    let devices: [DeviceChange]
    let after: [Int]
  }

  mutating func startMachines() {
    for plug in deferredPlugs {
      var releases: [Int] = []
      for device in plug.devices {
        switch device {
        case .attachDisk(let disk): releases += release(ofDisk: disk, for: plug.uuid, plug.wanted)
        case .attachNIC(let nic): releases += release(ofAddress: nic.mac, for: plug.uuid)
        default: continue
        }
      }
      draft.add(
        .changeDevices(uuid: plug.uuid, plug.devices), for: address(.vm, plug.wanted.machine.name),
        after: plug.after + releases + plug.devices.flatMap { networkSteps(for: $0) }, effect: .live,
        path: plug.wanted.spec.path)
    }
    for start in starts {
      let machine = start.machine
      let networks = machine.nics.flatMap { networkSteps(for: $0) + firewallSteps(for: $0) }
      let disks = machine.disks.flatMap { release(ofDisk: $0, for: machine.uuid, start.wanted) }
      let addresses = machine.nics.flatMap { release(ofAddress: $0.mac, for: machine.uuid) }
      draft.add(
        .startMachine(uuid: machine.uuid, paused: machine.settings.state == .paused),
        for: address(.vm, machine.name), after: start.after + networks + disks + addresses,
        path: start.wanted.spec.path)
    }
  }

  /// The steps after which no other guest has the disk any more.
  private func release(ofDisk disk: Machine.Disk, for uuid: UUID, _ wanted: DesiredHost.WantedMachine)
    -> [Int]
  {
    host.holders(ofDisk: disk.path, other: wanted.machine).flatMap { other -> [Int] in
      if let stop = stopSteps[other.uuid] { return [stop] }
      if freedDisks.contains(disk.path) {
        return steps(of: other) { if case .changeDevices = $0 { true } else { false } }
      }
      let spec = wanted.spec.disks.first { $0.name.rawValue == disk.name }
      report(
        "VM '\(wanted.machine.name)' cannot have disk '\(disk.name)': the running VM '\(other.name)' has it",
        at: spec?.path ?? wanted.spec.path,
        help: "stop '\(other.name)' first, or let it restart with on_change: restart-if-needed")
      return []
    }
  }

  /// The steps after which no other guest has the address any more.
  private func release(ofAddress mac: MACAddress?, for uuid: UUID) -> [Int] {
    host.owners(ofAddress: mac, other: uuid).flatMap { other -> [Int] in
      if let stop = stopSteps[other.uuid] { return [stop] }
      return steps(of: other) { operation in
        guard case .updateMachine(let update) = operation else { return false }
        return update.devices.contains { if case .detachNIC(let nic) = $0 { nic.mac == mac } else { false } }
      }
    }
  }
}

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
      let step = draft.add(
        .startMachine(uuid: machine.uuid, paused: machine.settings.state == .paused),
        for: address(.vm, machine.name), after: start.after + networks + disks + addresses,
        path: start.wanted.spec.path)
      draft.power.start[start.wanted.spec.name] = step
      draft.power.up[start.wanted.spec.name] = awaitReady(start, after: step) ?? step
    }
  }

  /// The step that waits until the guest is ready; nil if the spec does not say when that is. One that is paused never is.
  private mutating func awaitReady(_ start: Start, after step: Int) -> Int? {
    let (spec, machine) = (start.wanted.spec, start.machine)
    guard let readiness = spec.readiness, machine.settings.state != .paused else { return nil }
    let interfaces = zip(spec.nics, start.wanted.machine.nics).map { nic, wanted in
      var network: String?
      if case .network(let name) = wanted.link { network = name }
      return ReadinessWait.Interface(
        name: wanted.name, mac: wanted.mac ?? host.address(ofNIC: wanted.name, of: machine.name),
        network: network,
        stated: nic.statedAddresses)
    }
    return draft.add(
      .awaitReady(ReadinessWait(uuid: machine.uuid, readiness: readiness, interfaces: interfaces)),
      for: address(.vm, machine.name), after: [step], path: spec.path + "ready")
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

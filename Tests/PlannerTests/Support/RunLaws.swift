import FoundationEssentials
import SpecModel
import Testing

@testable import Planner

/// What a whole run did, held against what its plan had said.
struct RunLaws {
  let plan: Plan
  let before: SimulatedFleet
  let after: SimulatedFleet
  let site: Site
  let options: SitePlanner.Options
  let context: String

  func check() {
    for (name, host) in before.hosts {
      let now = after[name]
      checkVolumes(host, now)
      for machine in host.state.machines { checkMachine(machine, host, now) }
      for network in host.state.networks where network.isActive { checkNetwork(network, host, now) }
    }
  }

  private func expect(_ condition: Bool, _ text: @autoclosure () -> String) {
    if !condition { Issue.record("\(text())\n\(context)") }
  }

  // MARK: Disks

  private func checkVolumes(_ before: SimulatedHost, _ after: SimulatedHost) {
    let identity = Identity(stack: plan.stack)
    let there = Set(after.volumes.map(\.path))
    // The files of a pool that goes stay in its directory.
    let pools = Set(after.state.pools.map(\.name))
    for volume in before.volumes where pools.contains(volume.pool) {
      let isMadeAnew = before.births[volume.path] != after.births[volume.path]
      let isCutOff = before.notes[volume.pool]?.contains(Identity.copyingName(of: volume.name)) == true
      guard !there.contains(volume.path) || isMadeAnew && !isCutOff else { continue }
      guard let tagged = identity.volume(named: volume.name) else {
        expect(false, "\(volume.path) of others is gone")
        continue
      }
      if tagged.kind.isCopy { continue }
      let losses = plan.changes.filter { $0.effect == .dataLoss && $0.address.kind == .disk }
      expect(losses.contains { change in change.tells(of: volume) }, "\(volume.path) is gone without a word")
      expect(options.dataLoss != .none, "\(volume.path) is gone without consent")
      // One that is made anew is in the spec, whose word counts for what is to be kept.
      let mayGo = losses.contains { change in
        options.dataLoss.named.contains { $0.matches(change.address) }
          || change.action == .replace && change.tells(of: volume) && !staysInSpec(change.address)
      }
      for disk in before.state.machines.flatMap(\.disks) where disk.path == volume.path {
        let isWord = disk.isProtected || disk.keep && tagged.kind == .machineDisk && !mayGo
        expect(!isWord, "\(volume.path) is gone, although it was to be kept")
      }
      let protection = identity.protectionName(of: tagged.kind, tagged.base)
      expect(
        before.notes[volume.pool]?.contains(protection) != true, "\(volume.path) was protected")
      let isKept =
        before.notes[volume.pool]?.contains(identity.keepName(of: tagged.kind, tagged.base)) == true
      expect(!isKept || mayGo, "\(volume.path) was kept")
    }
  }

  /// True unless the spec has the disk and does not keep it.
  private func staysInSpec(_ disk: Address) -> Bool {
    !site.machines.contains { machine in
      machine.disks.contains { "\(machine.name).\($0.name)" == disk.name && !$0.keep && !$0.isProtected }
    }
  }

  // MARK: VMs

  private func checkMachine(_ machine: Machine, _ before: SimulatedHost, _ after: SimulatedHost) {
    let now = after.state.machines.first { $0.uuid == machine.uuid }
    let name = (now ?? machine).mark?.name ?? (now ?? machine).domainName
    let address = Address(.vm, name, on: before.state.name)
    let change = plan.changes.first { $0.address == address }
    guard change?.action != .replace else { return }
    guard let now else { return expect(change?.action == .delete, "\(name) is gone without a word") }
    // Of what was let go nobody knows which devices are whose.
    let isLetGo = machine.mark != nil && now.mark == nil
    expect(isLetGo || now.otherNetworks == machine.otherNetworks, "\(name) lost a NIC of others")
    let guests = (before.guests[machine.uuid], after.guests[machine.uuid])
    let isSameBoot = before.boots[machine.uuid] == after.boots[machine.uuid]
    guard let change, change.action == .update else {
      expect(isSameBoot, "\(name) was started without a word")
      expect(
        isLetGo || guests.0?.unmarked == guests.1?.unmarked, "the guest of \(name) changed without a word")
      return
    }
    let power = change.fields.first { $0.path == MachineField.state.rawValue }
    guard let guest = guests.0 else {
      expect(change.effect == .none, "\(name) is off and yet something happens to it")
      expect((guests.1 != nil) == (power != nil), "\(name) was off; a word is wrong of whether it runs")
      return
    }
    guard let guestNow = guests.1 else {
      expect(power?.to == "off" && power?.effect == .stop, "\(name) was stopped without a word")
      return
    }
    expect(
      guestNow.settings.state?.rawValue == power?.to ?? guest.settings.state?.rawValue, "\(name)'s power")
    let pending = plan.notes.first { $0.address == address && $0.text.hasPrefix("pending restart") }
    let isRestart = pending == nil && change.fields.contains { $0.effect == .restart }
    expect(isRestart == !isSameBoot, "\(name) \(isSameBoot ? "was not" : "was") restarted")
    let guestBefore = guest.renaming(change.renamedDevices)
    for field in change.fields where field.path != "state" && change.renamedDevices[field.from ?? ""] == nil {
      check(field, of: name, guestBefore, guestNow, defined: now, isRestart, pending?.text)
    }
  }

  private func check(
    _ field: FieldChange, of name: String, _ before: Machine, _ after: Machine, defined: Machine,
    _ isRestart: Bool, _ pending: String?
  ) {
    func value(_ machine: Machine) -> String? {
      switch MachineField(rawValue: field.path) {
      case .password: machine.settings.graphicsPassword
      // What a guest has of them is on the medium of its drive.
      case .metaData, .networkConfig, .userData:
        machine.drives.first { $0.name == SeedDrive.name }?.media
      default: machine.values[field.path]
      }
    }
    let what = "\(field.path) of \(name) (\(field.effect.word))"
    let (old, new) = (value(before), value(after))
    switch field.effect {
    case .live: expect(new == value(defined), "the guest has \(new ?? "no") \(what)")
    case .none where !isRestart: expect(old == new, "the guest noticed \(what): \(old ?? "") → \(new ?? "")")
    case .restart where !isRestart:
      // A device that is unplugged leaves the order of booting at once.
      if field.path == MachineField.boot.rawValue, before.deviceNames != after.deviceNames { return }
      expect(old == new, "the guest has the staged \(what)")
      expect(pending?.contains(field.path) == true, "no note tells of \(what)")
    case .none, .restart: expect(new == value(defined), "the restarted guest has \(new ?? "no") \(what)")
    case .stop, .replace, .dataLoss: expect(false, "\(what) says more than a field can do")
    }
  }

  // MARK: Networks

  private func checkNetwork(_ network: Network, _ before: SimulatedHost, _ after: SimulatedHost) {
    let now = after.state.networks.first { $0.uuid == network.uuid } ?? network
    let address = Address(.network, now.specName, on: before.state.name)
    let change = plan.changes.first { $0.address == address }
    if change?.action == .delete { return }
    let pending = plan.notes.contains {
      $0.address == address && $0.text.hasPrefix("pending restart of the network")
    }
    let isRestart = !pending && change?.fields.contains { $0.effect == .restart } == true
    let isSame = before.starts[network.name] == after.starts[network.name]
    expect(isRestart == !isSame, "network \(network.name) \(isSame ? "was not" : "was") restarted")
  }
}

extension Change {
  fileprivate func tells(of volume: Volume) -> Bool {
    fields.contains { $0.path == "content" && $0.from?.hasSuffix(volume.path) == true }
  }

  /// New paths of devices by their old ones.
  fileprivate var renamedDevices: [String: String] {
    Dictionary(
      fields.filter { field in
        field.path == field.to && field.from?.contains(".") == true && field.from?.hasPrefix("/") == false
      }.map { ($0.from ?? "", $0.path) }, uniquingKeysWith: { first, _ in first })
  }
}

extension Machine {
  fileprivate var deviceNames: Set<String> { Set(disks.map(\.name) + drives.map(\.name) + nics.map(\.name)) }

  /// What the guest itself has.
  fileprivate var unmarked: Machine {
    var machine = self
    machine.mark = nil
    return machine
  }
}

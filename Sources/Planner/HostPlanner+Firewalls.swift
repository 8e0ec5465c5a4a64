import FoundationEssentials
import SpecModel

/// Firewalls are made before the NICs that get them, and go when none has them any more.
extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedFirewall) {
    let (firewall, path) = (wanted.firewall, wanted.spec.path)
    // Xen's driver takes a filter and never enforces it; without root, libvirt lists none and takes none.
    guard state.capabilities.driver.can(.firewalls), state.isPrivileged, let there = state.firewalls,
      let names = state.filterNames
    else {
      return report(
        "host '\(state.name)' has no network filters, which the firewall '\(wanted.spec.name)' needs",
        at: path,
        help: "libvirt filters for QEMU, where it runs as root; leave out 'firewall' at the NICs on this host"
      )
    }
    for name in firewall.includes.subtracting(names).sorted() {
      report(
        "host '\(state.name)' has no network filter '\(name)'", at: path + "include",
        help:
          "\(state.virsh("nwfilter-list")) shows those that it has; libvirt's own come with its package of filters"
      )
    }
    let address = address(.firewall, firewall.specName)
    let actual = there.first { $0.uuid == firewall.uuid }
    if actual == nil, names.contains(firewall.name) {
      report(
        "host '\(state.name)' already has a network filter '\(firewall.name)', and it is a person's or another stack's",
        at: path, help: "give this firewall another name")
      return
    }
    if actual == firewall { return }
    let fields = Self.differences(from: actual, to: firewall)
    let effect = fields.map(\.effect).max() ?? .none
    draft.add(
      Change(address, actual == nil ? .create : .update, fields: fields, effect: effect, path: path))
    firewallSteps[firewall.name] = draft.add(
      .defineFirewall(firewall), for: address, effect: effect, path: path)
  }

  private static func differences(from actual: Firewall?, to wanted: Firewall) -> [FieldChange] {
    let effect: Effect = actual == nil ? .none : .live
    let before = actual?.rules ?? []
    // What every firewall lets pass is not worth a word.
    let after = actual == nil ? wanted.rules.subtracting(Firewall.always) : wanted.rules
    let gone = before.subtracting(after).sorted().map {
      FieldChange($0.direction.rawValue, from: "\($0)", to: nil, effect: effect)
    }
    let new = after.subtracting(before).sorted().map {
      FieldChange($0.direction.rawValue, from: nil, to: "\($0)", effect: effect)
    }
    let included = (actual?.includes ?? []).symmetricDifference(wanted.includes).sorted().map { name in
      let isNew = wanted.includes.contains(name)
      return FieldChange("include", from: isNew ? nil : name, to: isNew ? name : nil, effect: effect)
    }
    return gone + new + included
  }

  /// The step that makes the firewall of a NIC.
  func firewallSteps(for nic: Machine.NIC) -> [Int] {
    nic.firewall.flatMap { firewallSteps[$0] }.map { [$0] } ?? []
  }

  mutating func removeFirewalls() {
    let wanted = Set(desired.firewalls.map(\.firewall.uuid))
    for firewall in state.firewalls ?? [] where !wanted.contains(firewall.uuid) {
      let address = address(.firewall, firewall.specName)
      let users = state.machines.filter { has($0, firewall.name) }
      if !users.isEmpty {
        draft.note(address, "stays: it is in use by \(names(of: users))")
        continue
      }
      draft.add(
        Change(address, .delete, reason: options.goal == .destroy ? nil : "the spec no longer uses it"))
      let before = state.machines.filter {
        $0.filters.contains(firewall.name) || host.guest(of: $0)?.filters.contains(firewall.name) == true
      }
      draft.add(
        .removeFirewall(uuid: firewall.uuid), for: address, after: before.flatMap { steps(of: $0) }, path: nil
      )
    }
  }

  /// True if `machine` has the filter, by its definition or in its running guest, once the plan is done.
  private func has(_ machine: Machine, _ filter: String) -> Bool {
    guard host.owns(machine), !keptMachines.contains(machine.uuid) else {
      return machine.filters.contains(filter)
    }
    if removedMachines.contains(machine.uuid) { return false }
    let live = guestFilters[machine.uuid] ?? host.guest(of: machine)?.filters ?? []
    if keepsRunning(machine), live.contains(filter) { return true }
    // A NIC without a name is a person's.
    return machine.otherFilters.contains(filter)
  }
}

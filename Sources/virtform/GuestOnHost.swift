import Applier
import Planner
import SpecModel

/// A VM of the spec as its host has it.
struct GuestOnHost: Sendable {
  let spec: MachineSpec
  /// Its persistent definition.
  let machine: Machine
  let state: HostState
  let session: HostSession
}

/// A VM and where it is reached.
struct GuestEntry: Sendable {
  let guest: GuestOnHost
  let nics: [GuestNIC]

  var spec: MachineSpec { guest.spec }

  /// The first address that any NIC has.
  var address: String? { nics.lazy.compactMap(\.addresses.first).first }

  func address(ofNIC name: String) -> String? { nics.first { $0.name == name }?.addresses.first }
}

extension Workspace {
  /// The VM as its host has it; nil if it is not made yet.
  func existingGuest(of spec: MachineSpec) -> GuestOnHost? {
    guard let state = states.first(where: { $0.name == spec.host }), let session = fleet.sessions[spec.host],
      let machine = state.machine(named: spec.name, of: site.stack)
    else { return nil }
    return GuestOnHost(spec: spec, machine: machine, state: state, session: session)
  }

  /// The same; if it is not made yet, says so and ends the command.
  func guest(of spec: MachineSpec) throws -> GuestOnHost {
    if let guest = existingGuest(of: spec) { return guest }
    throw Terminal.fail(
      "VM '\(spec.name)' is not on host '\(spec.host)' yet", at: site.origins.location(of: spec.path),
      help: "virtform apply makes it")
  }
}

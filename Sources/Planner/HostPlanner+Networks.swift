import SpecModel

extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedNetwork) {
    let network = wanted.network
    let path = wanted.spec.path
    let address = address(.network, network.name)
    guard let actual = host.network(named: network.name) else {
      let fields = NetworkField.allCases.compactMap { field in
        field.value(of: network).map { FieldChange(field.rawValue, from: nil, to: $0, effect: .none) }
      }
      let reservations = network.reservations.sorted().map {
        FieldChange("reservation", from: nil, to: "\($0)", effect: .none)
      }
      draft.add(Change(address, .create, fields: fields + reservations, path: path))
      networkSteps[network.name] = [draft.add(.ensureNetwork(network), for: address, path: path)]
      return
    }
    guard identity.owns(actual) else {
      return refuseForeign(
        "network", network.name, ownedBy: actual.mark?.stack, at: path,
        help: "to use it as it is, write \(network.name): {external: true}")
    }
    planUpdate(of: actual, to: network, address, path)
  }

  private mutating func planUpdate(
    of actual: Network, to wanted: Network, _ address: Address, _ path: SpecPath
  ) {
    let users = state.machines.filter { $0.liveNetworks.contains(actual.name) }
    let differences = Differ.fields(wanted, actual)
    let surplus = actual.reservations.subtracting(wanted.reservations)
    let removed = surplus.filter { isOwn($0, beside: wanted.reservations) }
    var wanted = wanted
    wanted.reservations.formUnion(surplus.subtracting(removed))
    let added = wanted.reservations.subtracting(actual.reservations)
    let definition = Set(differences.map(\.0)).subtracting([.autostart])
    let isRewritten = !definition.isDisjoint(with: NetworkField.carriesReservations)
    let isStaged = actual.isActive && !users.isEmpty
    // A guest that is removed holds its address for as long as it runs.
    var steps = removed.isEmpty ? [] : stops(ofRemovedHoldersOf: removed)

    if !definition.isEmpty {
      let effect: Effect = actual.isActive ? .restart : .none
      steps = [
        draft.add(
          .redefineNetwork(wanted, fields: definition, restart: actual.isActive && !isStaged), for: address,
          after: steps, effect: effect, path: path)
      ]
      if isStaged {
        draft.note(address, "counts from the network's next start: it is in use by \(names(of: users))")
      }
    }
    if !isRewritten, !removed.isEmpty || !added.isEmpty {
      steps = [
        draft.add(
          .updateReservations(uuid: actual.uuid, remove: removed.sorted(), add: added.sorted()), for: address,
          after: steps, effect: actual.isActive ? .live : .none, path: path)
      ]
    }
    if !actual.isActive {
      steps = [draft.add(.ensureNetwork(wanted), for: address, after: steps, path: path)]
    }
    if differences.contains(where: { $0.0 == .autostart }), let autostart = wanted.autostart {
      draft.add(
        .setNetworkAutostart(uuid: actual.uuid, autostart), for: address, after: steps,
        effect: actual.isActive ? .live : .none, path: path)
    }
    networkSteps[actual.name] = steps

    let effect: Effect = !actual.isActive ? .none : isRewritten ? .restart : .live
    var fields = differences.map(\.1)
    fields += removed.sorted().map { FieldChange("reservation", from: "\($0)", to: nil, effect: effect) }
    fields += added.sorted().map { FieldChange("reservation", from: nil, to: "\($0)", effect: effect) }
    if !actual.isActive { fields.append(FieldChange("active", from: "false", to: "true", effect: .none)) }
    if let worst = fields.map(\.effect).max() {
      draft.add(Change(address, .update, fields: fields, effect: worst, path: path))
    }
  }

  /// True for a reservation of one of the stack's VMs, and for one that is in the way of a wanted one. Others were made
  /// by a person and stay.
  private func isOwn(_ reservation: Network.Reservation, beside wanted: Set<Network.Reservation>) -> Bool {
    site.machines.contains { $0.name.rawValue == reservation.hostname }
      || host.ownMachine(named: reservation.hostname) != nil
      || wanted.contains { $0.ip == reservation.ip || $0.mac == reservation.mac }
  }

  private func stops(ofRemovedHoldersOf reservations: Set<Network.Reservation>) -> [Int] {
    let addresses = Set(reservations.map(\.mac))
    return state.machines.filter { machine in
      removedMachines.contains(machine.uuid)
        && machine.nics.contains { nic in nic.mac.map(addresses.contains) ?? false }
    }.compactMap { stopSteps[$0.uuid] }
  }
}

import SpecModel

extension HostPlanner {
  mutating func plan(_ wanted: DesiredHost.WantedNetwork) {
    let network = wanted.network
    let path = wanted.spec.path
    let address = address(.network, network.name)
    guard let actual = state.networks.first(where: { $0.name == network.name }) else {
      let fields = NetworkField.allCases.compactMap { field in
        field.value(of: network).map { FieldChange(field.rawValue, from: nil, to: $0, effect: .none) }
      }
      draft.add(
        Change(address, .create, fields: fields + reservations(added: network.reservations), path: path))
      networkSteps[network.name] = [draft.add(.ensureNetwork(network), for: address, path: path)]
      return
    }
    guard owns(actual) else {
      return refuseForeign(
        "network", network.name, ownedBy: actual.mark?.stack, at: path,
        help: "to use it as it is, write \(network.name): {external: true}")
    }
    var merged = network
    merged.uuid = actual.uuid
    planUpdate(of: actual, to: merged, address, path)
  }

  private func reservations(added: Set<Network.Reservation>) -> [FieldChange] {
    added.sorted().map { FieldChange("reservation", from: nil, to: "\($0)", effect: .none) }
  }

  private mutating func planUpdate(of actual: Network, to wanted: Network, _ address: Address, _ path: SpecPath) {
    let users = state.machines.filter { $0.isRunning && $0.networks.contains(actual.name) }.map(\.name)
    let differences = Differ.fields(wanted, actual)
    var fields = differences.map(\.1)
    var steps: [Int] = []
    let definition = Set(differences.map(\.0).filter { $0 != .autostart })
    if !definition.isEmpty {
      let restarts = actual.isActive && users.isEmpty
      steps.append(
        draft.add(
          .redefineNetwork(wanted, fields: definition, restart: restarts), for: address,
          effect: restarts ? .live : .restart, path: path))
      if actual.isActive, !users.isEmpty {
        draft.note(
          address,
          "counts from the network's next start: it is in use by \(users.sorted().joined(separator: ", "))")
      }
    }
    let removed = actual.reservations.subtracting(wanted.reservations)
    let added = wanted.reservations.subtracting(actual.reservations)
    if !removed.isEmpty || !added.isEmpty {
      fields += removed.sorted().map { FieldChange("reservation", from: "\($0)", to: nil, effect: .live) }
      fields += added.sorted().map { FieldChange("reservation", from: nil, to: "\($0)", effect: .live) }
      steps.append(
        draft.add(
          .updateReservations(uuid: actual.uuid, remove: removed.sorted(), add: added.sorted()), for: address,
          after: steps, effect: .live, path: path))
    }
    if !actual.isActive {
      fields.append(FieldChange("active", from: "false", to: "true", effect: .none))
      steps.append(draft.add(.ensureNetwork(wanted), for: address, after: steps, path: path))
    }
    if differences.contains(where: { $0.0 == .autostart }), let autostart = wanted.autostart {
      draft.add(
        .setNetworkAutostart(uuid: actual.uuid, autostart), for: address, after: steps, effect: .live, path: path)
    }
    networkSteps[actual.name] = steps
    if let worst = fields.map(\.effect).max() {
      draft.add(Change(address, .update, fields: fields, effect: worst, path: path))
    }
  }
}

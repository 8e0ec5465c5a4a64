import FoundationEssentials
import SpecModel

extension HostPlanner {
  /// What is known of a network of the spec once its own steps are planned. Whether it restarts is decided when it is
  /// known which guests this plan stops.
  struct NetworkDraft {
    /// As it is defined now; nil if it is to be made.
    let actual: Network?
    let path: SpecPath
    var fields: [FieldChange]
    /// What only a restart puts in effect.
    var pending: [NetworkDiffer.Difference] = []
    /// The keys of what `fields` tell of.
    var told: Set<String> = []
    var isOnlyRecorded = false
  }

  mutating func plan(_ wanted: DesiredHost.WantedNetwork) {
    let network = wanted.network
    let path = wanted.spec.path
    if let old = host.networkInTheWay(ofMoveTo: network.specName) {
      return report(
        "network '\(old.specName)' cannot be renamed: there is a network '\(network.specName)' of the stack on host '\(state.name)'",
        at: SpecPath("moved.networks.\(old.specName)"), help: "take one of the two out of the stack first")
    }
    if let actual = host.ownNetwork(named: network.specName) {
      var network = network
      network.ipv4.reservations.formUnion(
        reservationsThatStay(actual.ipv4, beside: network.ipv4, actual.applied))
      network.ipv6.reservations.formUnion(
        reservationsThatStay(actual.ipv6, beside: network.ipv6, actual.applied))
      return planUpdate(of: actual, to: network, path)
    }
    guard let other = host.network(named: network.name) else { return planCreate(network, path) }
    if identity.owns(other) {
      return report(
        "the name '\(network.name)' is spent on host '\(state.name)': network '\(host.specName(of: other))' was made under it",
        at: path, help: "give this network another name")
    }
    refuseForeign(
      "network", network.name, ownedBy: other.mark?.stack, at: path,
      help: "to use it as it is, write \(network.name): {external: true}"
        + adoption(of: "networks.\(network.name)", other.mark))
  }

  /// Those who have an address in a network as it is wanted, or as it is, and not the same in both.
  struct Unreserved {
    let network: Address
    private var addresses: Set<MACAddress> = []
    private var names: Set<String> = []

    init(_ network: Address, from there: Network, to wanted: Network) {
      self.network = network
      add(there.ipv4.reservations, wanted.ipv4.reservations)
      add(there.ipv6.reservations, wanted.ipv6.reservations)
    }

    private mutating func add<Address>(
      _ there: Set<Network.Reservation<Address>>, _ wanted: Set<Network.Reservation<Address>>
    ) {
      if there == wanted { return }
      for entry in there.symmetricDifference(wanted) {
        if let mac = entry.mac { addresses.insert(mac) } else { names.insert(entry.hostname) }
      }
    }

    var isEmpty: Bool { addresses.isEmpty && names.isEmpty }

    func concerns(_ name: String, _ macs: [MACAddress]) -> Bool {
      names.contains(name) || macs.contains(where: addresses.contains)
    }
  }

  /// The networks that are to keep other addresses for a VM than they do.
  func networksToReserve(_ wanted: DesiredHost.WantedMachine) -> Set<Address> {
    if unreserved.isEmpty { return [] }
    let name = wanted.machine.name
    let actual = host.ownMachine(named: name)?.nics.compactMap(\.mac) ?? []
    let macs = actual + wanted.machine.nics.compactMap(\.mac)
    return Set(unreserved.filter { $0.concerns(name, macs) }.map(\.network))
  }

  /// What networks are to keep otherwise than they do.
  func findUnreserved() -> [Unreserved] {
    desired.networks.map(\.network).compactMap { network in
      guard let there = networkDrafts[network.name]?.actual else { return nil }
      let unreserved = Unreserved(address(.network, network.specName), from: there, to: network)
      return unreserved.isEmpty ? nil : unreserved
    }
  }

  /// A VM that stays although the spec no longer has it keeps its address.
  private func reservationsThatStay<Address>(
    _ subnet: Network.Subnet<Address>, beside wanted: Network.Subnet<Address>, _ memory: [String: String]
  ) -> Set<Network.Reservation<Address>> {
    subnet.reservations.subtracting(wanted.reservations).filter { entry in
      NetworkDiffer.remembers(entry, in: memory)
        && owners(of: entry).contains {
          wantedMachines[$0.uuid] == nil && !removedMachines.contains($0.uuid)
        } && !wanted.reservations.contains { $0.collides(with: entry) }
    }
  }

  /// The VMs that DHCP keeps the address for: by the MAC address, or by the name.
  private func owners<Address>(of reservation: Network.Reservation<Address>) -> [Machine] {
    guard let mac = reservation.mac else {
      return state.machines.filter { host.owns($0) && host.specName(of: $0) == reservation.hostname }
    }
    return host.owners(ofAddress: mac)
  }

  func address(of network: Network) -> Address { address(.network, host.specName(of: network)) }

  private func marked(_ network: Network, for wanted: Network, of actual: Network? = nil) -> Network {
    var network = network
    var mark = Mark(stack: site.stack.rawValue, applied: NetworkDiffer.memory(of: wanted))
    let origin = actual.map { $0.mark?.origin ?? $0.specName } ?? wanted.specName
    mark.origin = origin == wanted.specName ? nil : origin
    mark.name = wanted.name == wanted.specName ? nil : wanted.specName
    mark.adopted = actual?.mark?.adopted
    network.mark = mark
    return network
  }

  // MARK: Create

  private mutating func planCreate(_ wanted: Network, _ path: SpecPath) {
    let address = address(.network, wanted.specName)
    var network = marked(wanted, for: wanted)
    network.autostart = network.autostart ?? true
    let empty = Network(name: wanted.name, uuid: wanted.uuid, mode: nil, isActive: false)
    let fields = NetworkDiffer.differences(from: empty, to: network).filter { $0.field != .name }.map {
      FieldChange($0.path, from: nil, to: $0.to, effect: .none)
    }
    networkSteps[wanted.name] = [
      draft.add(
        .ensureNetwork(network, guests: Set(guestsToPlugIn(on: network).map(\.uuid))), for: address,
        path: path)
    ]
    networkDrafts[wanted.name] = NetworkDraft(actual: nil, path: path, fields: fields)
  }

  // MARK: Update

  private mutating func planUpdate(of actual: Network, to wanted: Network, _ path: SpecPath) {
    var target = marked(
      NetworkDiffer.merge(wanted, into: actual, remembering: actual.applied), for: wanted, of: actual)
    // A run that was cut off before the first start of what it made had not yet told it to start with its host.
    let isMade = actual.mark.map { $0.adopted == nil } ?? false
    if isMade, !actual.isActive, !actual.isTransient, !wasStarted(actual) {
      target.autostart = wanted.autostart ?? true
    }
    let differences = NetworkDiffer.differences(from: actual, to: target)
    let live = state.liveNetworks[actual.uuid]
    let liveTarget = live.map { liveForm(of: target, wanted, definedAs: actual, $0) }
    let liveDifferences =
      zip(live, liveTarget).map { live, target in
        NetworkDiffer.differences(from: live, to: target).filter { $0.field.rule.scope == .guest }
      } ?? []
    /// True for what the active network can be given at once.
    func isLive(_ difference: NetworkDiffer.Difference) -> Bool {
      guard let live, let liveTarget else { return false }
      return difference.field.rule.isLive(from: live, to: liveTarget, on: state.capabilities.driver)
    }
    func effect(of difference: NetworkDiffer.Difference) -> Effect {
      if difference.field.rule.scope != .guest { return .none }
      guard liveDifferences.contains(where: { $0.key == difference.key }) else { return .none }
      return isLive(difference) ? .live : .restart
    }
    func change(_ difference: NetworkDiffer.Difference) -> FieldChange {
      FieldChange(
        difference.path, from: difference.from, to: difference.to, effect: effect(of: difference),
        cause: .of(wanted: target.applied[difference.key], applied: actual.applied[difference.key]))
    }

    var network = NetworkDraft(actual: actual, path: path, fields: differences.map(change))
    // What only the active network has otherwise: a person changed it, or a live change came too late.
    let unnoticed = liveDifferences.filter { difference in !differences.contains { $0.key == difference.key }
    }
    network.fields += unnoticed.filter(isLive).map(change)
    if actual.isTransient {
      // Writing its definition makes it one that stays.
      network.fields.append(
        FieldChange("definition", from: nil, to: "what is active", effect: .none, cause: .drift))
    }
    network.told = Set(differences.map(\.key))
    network.pending = liveDifferences.filter { !isLive($0) }
    let recorded = recordedFields(of: actual, target, besides: Set((differences + unnoticed).map(\.key)))
    network.isOnlyRecorded = network.fields.isEmpty && !recorded.isEmpty
    network.fields += recorded
    planSteps(
      of: network, to: target,
      NetworkEdit(from: actual, to: target, Set(differences.map(\.field))),
      liveTarget.flatMap { target in
        live.map { NetworkEdit(from: $0, to: target, Set(liveDifferences.filter(isLive).map(\.field))) }
      } ?? NetworkEdit())
    networkDrafts[actual.name] = network
  }

  private func zip<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    if let a, let b { (a, b) } else { nil }
  }

  /// The live state as it would be after a restart, as far as the spec has a say or once had.
  private func liveForm(of target: Network, _ wanted: Network, definedAs actual: Network, _ live: Network)
    -> Network
  {
    var memory = actual.applied.merging(live.applied) { defined, _ in defined }
    // The range that the network was started with goes with the restart; another one beside it is a person's.
    for field in [NetworkField.dhcp, .dhcpIPv6] {
      let range = live.applied[field.rawValue]
      let isThere =
        live.ipv4.ranges.contains { $0.description == range }
        || live.ipv6.ranges.contains { $0.description == range }
      if isThere { memory[field.rawValue] = range }
    }
    var wanted = wanted
    // A bridge that the spec names no more stays as it is defined.
    if memory[NetworkField.bridge.rawValue] != nil { wanted.bridge = target.bridge }
    return NetworkDiffer.merge(wanted, into: live, remembering: memory)
  }

  /// What is as the spec wants it already, but was not the spec's when it was last applied, or was and is no more.
  private func recordedFields(of actual: Network, _ target: Network, besides changed: Set<String>)
    -> [FieldChange]
  {
    // A mark that remembers nothing was written before marks did; it is filled with the next change.
    guard !actual.applied.isEmpty else { return [] }
    let keys = Set(actual.applied.keys).union(target.applied.keys).subtracting(changed).sorted()
    return keys.filter { actual.applied[$0] != target.applied[$0] }.map {
      FieldChange($0, from: actual.applied[$0], to: target.applied[$0], effect: .none)
    }
  }

  private mutating func planSteps(
    of network: NetworkDraft, to target: Network, _ definition: NetworkEdit, _ live: NetworkEdit
  ) {
    guard let actual = network.actual else { return }
    let address = address(of: actual)
    // A guest that is removed holds its address for as long as it runs.
    var steps = stops(ofRemovedHoldersOf: [definition, live])
    if definition.fields.contains(.autostart), !actual.isTransient, let autostart = target.autostart {
      // Before the mark says so: a run that is cut off in between does it again.
      steps = [
        draft.add(
          .setNetworkAutostart(uuid: actual.uuid, autostart), for: address, after: steps, path: network.path)
      ]
    }
    if !network.fields.isEmpty || state.adoptees.contains(actual.uuid) {
      let worst = network.fields.map(\.effect).max() ?? .none
      steps = [
        draft.add(
          .updateNetwork(NetworkUpdate(wanted: target, definition: definition, live: live)), for: address,
          after: steps, effect: worst, path: network.path)
      ]
    }
    if actual.isTransient {
      // What has no definition starts with no host, whatever was asked of it.
      let autostart = target.applied[NetworkField.autostart.rawValue] != "false"
      steps = [
        draft.add(
          .setNetworkAutostart(uuid: actual.uuid, autostart), for: address, after: steps, path: network.path)
      ]
    }
    if !actual.isActive {
      let guests = Set(guestsToPlugIn(on: target).map(\.uuid))
      steps = [
        draft.add(
          .ensureNetwork(target, guests: guests), for: address, after: steps,
          effect: guests.isEmpty ? .none : .live, path: network.path)
      ]
    }
    networkSteps[actual.name] = steps
  }

  private func stops(ofRemovedHoldersOf edits: [NetworkEdit]) -> [Int] {
    let addresses = Set(edits.flatMap(\.ipv4.removedReservations).compactMap(\.mac))
    let names = Set(edits.flatMap(\.ipv6.removedReservations).map(\.hostname))
    return state.machines.filter { machine in
      removedMachines.contains(machine.uuid)
        && (names.contains(host.specName(of: machine))
          || !addresses.isDisjoint(with: machine.nics.compactMap(\.mac)))
    }.compactMap { stopSteps[$0.uuid] }
  }
}

import FoundationEssentials
import SpecModel

/// What an active network takes up only when it starts anew, and the guests that hang on it.
extension HostPlanner {
  /// Decides for each network whether it restarts, and tells of all that happens to it.
  ///
  /// Comes when the VMs are planned: a network may restart once the guests which this plan stops are off.
  mutating func finishNetworks() {
    for network in desired.networks.map(\.network) {
      guard let plan = networkDrafts[network.name] else { continue }
      finish(plan, of: network)
    }
  }

  private mutating func finish(_ network: NetworkDraft, of wanted: Network) {
    let address = address(.network, wanted.specName)
    var network = network
    var reason: String?
    if network.actual?.isActive != true {
      network.fields += activation(of: network, wanted, address)
    } else if let actual = network.actual {
      let users = guests(on: actual)
      if !network.pending.isEmpty, mayRestart(actual, as: wanted, under: users) {
        restart(actual, under: users, &network)
        if !users.isEmpty { reason = "plugs in again: \(names(of: users))" }
      } else {
        notePending(network, users, address, canMove: canMove(between: actual, wanted))
        if !network.pending.isEmpty { noteFirewalls(ahead: wanted, of: actual, address) }
        reconnect(actual, &network)
      }
    }
    let isAdopted = network.actual.map { state.adoptees.contains($0.uuid) } == true
    guard let worst = network.fields.map(\.effect).max() ?? (isAdopted ? Effect.none : nil) else { return }
    if isAdopted { reason = reason ?? "it is there, and becomes the stack's" }
    if network.isOnlyRecorded { reason = reason ?? "it is so already, and the host is to remember it" }
    draft.add(
      Change(
        address, network.actual == nil ? .create : isAdopted ? .adopt : .update, fields: network.fields,
        effect: worst,
        reason: reason, path: network.path))
  }

  private mutating func activation(of network: NetworkDraft, _ wanted: Network, _ address: Address)
    -> [FieldChange]
  {
    let cause: FieldChange.Cause = network.actual.map(wasStarted) == true ? .drift : .change
    let start =
      network.actual == nil
      ? [] : [FieldChange("active", from: "false", to: "true", effect: .none, cause: cause)]
    let lost = guestsWithout(wanted).filter(keepsRunning)
    if !lost.isEmpty, !canPlugIn {
      draft.note(address, "this host cannot plug a running guest in again: restart \(names(of: lost))")
    }
    return start + guestsToPlugIn(on: wanted).filter(keepsRunning).map { pluggedIn($0, cause) }
  }

  /// True for a network that was active once: one whose first start fails is not left to start with its host.
  func wasStarted(_ network: Network) -> Bool {
    network.autostart == true || network.applied[NetworkField.autostart.rawValue] == "false"
  }

  /// The running VMs that were on a network which is not active. What is the host's outlives the network.
  private func guestsWithout(_ network: Network) -> [Machine] {
    if network.mode?.usesHostDevice == true { return [] }
    return state.machines.filter { host.liveNetworks(of: $0).contains(network.name) }
  }

  func guestsToPlugIn(on network: Network) -> [Machine] { canPlugIn ? guestsWithout(network) : [] }

  private func pluggedIn(_ guest: Machine, _ cause: FieldChange.Cause) -> FieldChange {
    FieldChange("guests.\(guest.name)", from: "unplugged", to: "plugged in", effect: .live, cause: cause)
  }

  /// The VMs that are on `network`, and go on running, once the plan is done.
  private func guests(on network: Network) -> [Machine] {
    state.machines.filter { keepsRunning($0) && networksAfterPlan(of: $0).contains(network.name) }
  }

  // MARK: Restart

  /// Guests notice a restart: it takes the consent of the run, or of the specs of all of them.
  private func mayRestart(_ actual: Network, as wanted: Network, under users: [Machine]) -> Bool {
    if users.isEmpty { return true }
    guard canMove(between: actual, wanted) else { return false }
    return options.restarts
      || users.allSatisfy { user in
        host.owns(user) && wantedMachines[user.uuid]?.spec.onChange == .restartIfNeeded
      }
  }

  private var canPlugIn: Bool { state.capabilities.driver.can(.replugging) }

  /// True if guests can be parked while the network restarts: as it runs, and as it will.
  private func canMove(between actual: Network, _ wanted: Network) -> Bool {
    let live = state.liveNetworks[actual.uuid] ?? actual
    return canPlugIn && [live.mode, wanted.mode].allSatisfy { $0?.isMovable ?? true }
  }

  private mutating func restart(_ actual: Network, under users: [Machine], _ network: inout NetworkDraft) {
    network.fields += network.pending.filter { !network.told.contains($0.key) }.map {
      FieldChange($0.path, from: $0.from, to: $0.to, effect: .restart)
    }
    // A guest that is stopped in this plan is off before; one that is changed has got its interfaces by then.
    let before =
      state.machines.filter { uses($0, actual.name) }.flatMap { steps(of: $0) }
      + desired.machines.map(\.machine).filter { uses($0, actual.name) }.flatMap { steps(of: $0) }
    let step = draft.add(
      .restartNetwork(uuid: actual.uuid, guests: Set(users.map(\.uuid))), for: address(of: actual),
      after: networkSteps[actual.name, default: []] + before, effect: .restart, path: network.path)
    networkSteps[actual.name, default: []].append(step)
    if !users.isEmpty, network.pending.contains(where: { $0.field == .mtu }) {
      draft.note(
        address(of: actual),
        "guests keep their packet size until they restart themselves: \(names(of: users))")
    }
  }

  /// True if `machine` has an interface on the network, by its definition or in its running guest.
  func uses(_ machine: Machine, _ network: String) -> Bool {
    machine.networks.contains(network) || host.liveNetworks(of: machine).contains(network)
  }

  private mutating func notePending(
    _ network: NetworkDraft, _ users: [Machine], _ address: Address, canMove: Bool
  ) {
    guard !network.pending.isEmpty else { return }
    let hindrance =
      canPlugIn
      ? "no running guest can be plugged into it again" : "this host cannot plug a running guest in again"
    let way =
      canMove
      ? "--restart restarts it and plugs its guests in again" : "it restarts when they are off: \(hindrance)"
    draft.note(
      address,
      "pending restart of the network: \(network.pending.paths.joined(separator: ", ")) (in use by \(names(of: users)); \(way))"
    )
  }

  /// The addresses of those that have another one now.
  private static func addresses<IP>(
    moving live: Network.Subnet<IP>, to wanted: Network.Subnet<IP>
  ) -> Set<String> {
    func holder(_ entry: Network.Reservation<IP>) -> String { entry.mac?.description ?? entry.hostname }
    let before = Dictionary(grouping: live.reservations, by: holder)
    let moved = wanted.reservations.filter { entry in
      before[holder(entry)].map { there in !there.contains { "\($0.ip)" == "\(entry.ip)" } } ?? false
    }
    return Set(moved.map { "\($0.ip)" })
  }

  /// Firewalls change at once, the addresses that they name only with the network.
  private mutating func noteFirewalls(ahead wanted: Network, of actual: Network, _ address: Address) {
    guard let live = state.liveNetworks[actual.uuid] else { return }
    let coming = Self.addresses(moving: live.ipv4, to: wanted.ipv4)
      .union(Self.addresses(moving: live.ipv6, to: wanted.ipv6))
    let firewalls = desired.firewalls.map(\.firewall).filter { firewall in
      firewall.rules.contains { !coming.isDisjoint(with: $0.attributes.values) }
    }
    guard !firewalls.isEmpty else { return }
    let names = firewalls.map { "'\($0.specName)'" }.sorted().joined(separator: ", ")
    draft.note(
      address,
      "until then its guests have their old addresses, which the firewall\(firewalls.count == 1 ? "" : "s") \(names) no longer let\(firewalls.count == 1 ? "s" : "") pass"
    )
  }

  // MARK: Guests without a network

  /// Plugs in the guests that lost the network: somebody restarted it under them, or a run was cut off.
  private mutating func reconnect(_ actual: Network, _ network: inout NetworkDraft) {
    let lost = state.liveNetworks[actual.uuid]?.unplugged ?? []
    let guests = state.machines.filter { lost.contains($0.uuid) && keepsRunning($0) }
    guard !guests.isEmpty, canPlugIn else { return }
    network.fields += guests.map { pluggedIn($0, .drift) }
    draft.add(
      .reconnectGuests(uuid: actual.uuid, guests: Set(guests.map(\.uuid))),
      for: address(of: actual),
      after: networkSteps[actual.name, default: []], effect: .live, path: network.path)
  }
}

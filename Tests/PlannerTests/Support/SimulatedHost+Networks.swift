import FoundationEssentials
import SpecModel

@testable import Planner

/// How a host carries out the steps of networks, and what becomes of the guests on them.
extension SimulatedHost {
  private mutating func withNetwork(_ uuid: UUID, _ complain: Complain, _ body: (inout Network) -> Void) {
    guard let index = state.networks.firstIndex(where: { $0.uuid == uuid }) else {
      return complain("the network is gone")
    }
    body(&state.networks[index])
  }

  mutating func setAutostart(ofNetwork uuid: UUID, _ autostart: Bool, _ complain: Complain) {
    if state.networks.contains(where: { $0.uuid == uuid && $0.isTransient }) {
      complain("cannot set autostart for transient network")
    }
    withNetwork(uuid, complain) { $0.autostart = autostart }
  }

  private func runningUsers(of network: String) -> [Machine] {
    guests.values.filter { Self.networks(of: $0).contains(network) }.sorted { $0.name < $1.name }
  }

  // MARK: Plugs

  /// A network that starts is another one for those that were plugged in before.
  mutating func start(_ network: Network) {
    guard let index = state.networks.firstIndex(where: { $0.uuid == network.uuid }) else { return }
    state.networks[index].isActive = true
    live[network.uuid] = state.networks[index]
    starts[network.name, default: 0] += 1
  }

  mutating func plugIn(_ guest: UUID, _ networks: Set<String>) {
    for name in networks { plugs[guest, default: [:]][name] = starts[name, default: 0] }
  }

  /// A bridge of the host outlives the network.
  private func isPluggedIn(_ guest: UUID, _ network: String) -> Bool {
    if state.networks.first(where: { $0.name == network })?.mode?.usesHostDevice == true { return true }
    return plugs[guest]?[network] == starts[network, default: 0]
  }

  /// The live states of the networks that virtform made.
  var liveNetworks: [UUID: Network] {
    var result: [UUID: Network] = [:]
    for network in state.networks where network.isActive {
      guard var running = live[network.uuid] else { continue }
      let users = runningUsers(of: network.name)
      running.unplugged = Set(users.map(\.uuid).filter { !isPluggedIn($0, network.name) })
      running.connections = users.filter { !running.unplugged.contains($0.uuid) }.map {
        $0.interfaces(on: network.name)
      }.reduce(0, +)
      result[network.uuid] = running
    }
    return result
  }

  mutating func reconnect(_ guests: Set<UUID>, to uuid: UUID, _ complain: Complain) {
    guard let network = state.networks.first(where: { $0.uuid == uuid }), network.isActive else {
      return complain("the network is not active")
    }
    for guest in runningUsers(of: network.name) where !isPluggedIn(guest.uuid, network.name) {
      if guests.contains(guest.uuid) {
        plugIn(guest.uuid, [network.name])
      } else if state.capabilities.driver == .qemu {
        // No other driver can plug it in again; the plan says so.
        complain("\(guest.name) hangs in the air")
      }
    }
  }

  // MARK: Steps

  mutating func ensure(_ wanted: Network, _ guests: Set<UUID>, _ stack: String, _ complain: Complain) {
    if let index = state.networks.firstIndex(where: { $0.uuid == wanted.uuid }) {
      state.networks[index].autostart = wanted.autostart
      if !state.networks[index].isActive { start(state.networks[index]) }
    } else {
      if state.networks.contains(where: { $0.name == wanted.name }) { complain("the name is taken") }
      if wanted.mark?.stack != stack { complain("it has no mark") }
      var network = wanted
      if network.mode != .macvtap { network.bridge = network.bridge ?? "virbr\(state.networks.count)" }
      state.networks.append(network)
      start(network)
    }
    reconnect(guests, to: wanted.uuid, complain)
  }

  mutating func update(_ update: NetworkUpdate, _ complain: Complain) {
    let uuid = update.wanted.uuid
    if !update.live.isEmpty {
      guard var running = liveNetworks[uuid] else { return complain("the network is not active") }
      checkLive(update.live, on: running, complain)
      running.apply(update.live, of: update.wanted)
      live[uuid] = running
    }
    withNetwork(uuid, complain) { network in
      network.apply(update.definition, of: update.wanted)
      network.isTransient = false
      network.mark = update.wanted.mark
      network.specName = update.wanted.mark?.name ?? network.name
      network.isProtected = update.wanted.mark?.applied["protect"] == "true"
      if network.bridge == nil, network.mode != .macvtap { network.bridge = "virbr9" }
    }
  }

  /// What virNetworkUpdate refuses.
  private func checkLive(_ edit: NetworkEdit, on live: Network, _ complain: Complain) {
    if !edit.fields.isEmpty { complain("\(edit.fields) cannot be changed while the network runs") }
    checkLive(edit.ipv4, on: live.ipv4, complain)
    checkLive(edit.ipv6, on: live.ipv6, complain)
    // The server learns nothing of the first addresses of IPv6 that are reserved.
    if !edit.ipv6.addedReservations.isEmpty, !live.ipv6.hasDHCP, edit.ipv6.addedRanges.isEmpty {
      complain("\(edit.ipv6.addedReservations) reaches no server")
    }
    checkHolders(edit.ipv4, complain)
  }

  private func checkLive<Address>(
    _ edit: NetworkEdit.Subnet<Address>, on live: Network.Subnet<Address>, _ complain: Complain
  ) {
    let staying = live.reservations.subtracting(edit.removedReservations)
    for new in edit.addedReservations where !staying.contains(new) {
      if staying.contains(where: { $0.ip == new.ip || $0.mac != nil && $0.mac == new.mac }) {
        complain("\(new) clashes with another reservation")
      }
      if !new.hostname.isEmpty, staying.contains(where: { $0.hostname == new.hostname }) {
        complain("\(new) has the name of another reservation")
      }
      if live.cidr?.containsHost(new.ip) != true {
        complain("\(new) is not in \(live.cidr, default: "no block")")
      }
    }
    for range in edit.addedRanges where live.cidr?.containsHost(range.from) != true {
      complain("\(range) is not in \(live.cidr, default: "no block")")
    }
  }

  /// What is given to another guest must be given up by the one that has it.
  private func checkHolders(_ edit: NetworkEdit.Subnet<IPv4Address>, _ complain: Complain) {
    let running = Set(guests.values.flatMap(\.nics).compactMap(\.mac))
    for old in edit.removedReservations
    where edit.addedReservations.contains(where: { $0.ip == old.ip && $0.mac != old.mac }) {
      // One that stays in the spec asks DHCP anew and gets what is reserved for it.
      let isStaying = edit.addedReservations.contains { new in
        new.ip == old.ip
          && (new.hostname == old.hostname
            || state.machines.contains { machine in
              machine.name == old.hostname && machine.nics.contains { $0.mac == new.mac }
            })
      }
      if let mac = old.mac, running.contains(mac), !isStaying {
        complain("\(old.hostname) still holds \(old.ip)")
      }
    }
  }

  mutating func restartNetwork(_ uuid: UUID, _ guests: Set<UUID>, _ complain: Complain) {
    guard let network = state.networks.first(where: { $0.uuid == uuid }) else {
      return complain("the network is gone")
    }
    let users = runningUsers(of: network.name)
    for user in users where !guests.contains(user.uuid) { complain("it is cut under \(user.name)") }
    start(network)
    for user in users { plugIn(user.uuid, [network.name]) }
  }

  mutating func forgetNetwork(_ uuid: UUID, _ complain: Complain) {
    withNetwork(uuid, complain) { $0.mark = nil }
    // What is not the stack's is not looked into.
    live[uuid] = nil
  }

  mutating func removeNetwork(_ uuid: UUID, _ complain: Complain) {
    guard let network = state.networks.first(where: { $0.uuid == uuid }) else { return }
    for user in runningUsers(of: network.name) { complain("it is cut under \(user.name)") }
    state.networks.removeAll { $0.uuid == uuid }
    live[uuid] = nil
  }
}

extension Network {
  /// Carries out an edit, as the applier does on a document.
  fileprivate mutating func apply(_ edit: NetworkEdit, of wanted: Network) {
    for field in edit.fields {
      switch field {
      case .mode: mode = wanted.mode
      case .cidr: ipv4.cidr = wanted.ipv4.cidr
      case .gateway: ipv4.gateway = wanted.ipv4.gateway
      case .cidrIPv6: ipv6.cidr = wanted.ipv6.cidr
      case .gatewayIPv6: ipv6.gateway = wanted.ipv6.gateway
      case .natIPv6: translatesIPv6 = wanted.translatesIPv6
      case .dns: domain = wanted.domain
      case .bridge: bridge = wanted.bridge
      case .device: devices = wanted.devices
      case .type: macvtap = wanted.macvtap
      case .mtu: mtu = wanted.mtu
      case .name, .dhcp, .reservations, .dhcpIPv6, .reservationsIPv6, .records, .portgroups, .autostart,
        .protect:
        break
      }
    }
    ipv4.apply(edit.ipv4)
    ipv6.apply(edit.ipv6)
    for name in edit.removedRecords { records[name] = nil }
    records.merge(edit.setRecords) { $1 }
    for name in edit.removedPortgroups { portgroups[name] = nil }
    portgroups.merge(edit.setPortgroups) { $1 }
    // A network that translates nothing says nothing of it.
    translatesIPv6 = mode == .nat && ipv6.cidr != nil ? translatesIPv6 ?? false : nil
  }
}

extension Network.Subnet {
  fileprivate mutating func apply(_ edit: NetworkEdit.Subnet<Address>) {
    ranges.removeAll { edit.removedRanges.contains($0) }
    ranges = edit.addedRanges.filter { !ranges.contains($0) } + ranges
    reservations.subtract(edit.removedReservations)
    reservations.formUnion(edit.addedReservations)
  }
}

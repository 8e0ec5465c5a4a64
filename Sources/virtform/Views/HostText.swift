import Planner
import SpecModel

/// What a host has of a stack, as tables.
struct HostText {
  private let state: HostState
  private let stack: ResourceName
  private let uri: String
  /// IP addresses by MAC address.
  private let addresses: [MACAddress: [String]]

  init(_ state: HostState, stack: ResourceName, uri: String, addresses: [MACAddress: [String]]) {
    self.state = state
    self.stack = stack
    self.uri = uri
    self.addresses = addresses
  }

  func render() -> String {
    let identity = Identity(stack: stack)
    let machines = state.machines.filter(identity.owns)
    let networks = state.networks.filter(identity.owns)
    let pools = state.pools.filter(identity.owns)
    var text = "host \(state.name)  \(uri)\n"
    text += table(
      ["VM", "STATE", "CPUS", "MEMORY", "ADDRESSES"],
      machines.map { machine in
        let fields = state.guests[machine.uuid].map(machine.pendingRestart) ?? []
        let pending = fields.isEmpty ? "" : ", pending restart: " + fields.joined(separator: " ")
        let power = machine.settings.state?.rawValue ?? ""
        let found = machine.nics.compactMap(\.mac).flatMap { addresses[$0] ?? [] }
        return [
          machine.name, power + pending, machine.settings.cpus?.description ?? "",
          machine.settings.memory?.description ?? "",
          found.joined(separator: " "),
        ]
      })
    text += table(
      ["NETWORK", "STATE", "MODE", "CIDR", "BRIDGE"],
      networks.map { network in
        let waiting = state.pendingFields(of: network)
        let guests = state.guests(on: network).map(\.name)
        let users = guests.isEmpty ? "" : " (in use by \(guests.joined(separator: " ")))"
        let pending =
          waiting.isEmpty ? "" : ", pending restart: " + waiting.joined(separator: " ") + users
        return [
          network.specName == network.name
            ? network.name : "\(network.specName) (libvirt: \(network.name))",
          (network.isActive ? "active" : "inactive") + pending, network.mode?.rawValue ?? "",
          [network.ipv4.cidr?.description, network.ipv6.cidr?.description].compactMap { $0 }.joined(
            separator: " "), network.bridge ?? "",
        ]
      })
    text += table(
      ["POOL", "STATE", "FREE", "TYPE", "SOURCE"],
      pools.map { pool in
        [
          pool.name, pool.isActive ? "active" : "inactive", pool.available.map(rounded) ?? "",
          pool.source?.type.rawValue ?? "", pool.source.flatMap { $0.origin ?? $0.path } ?? "",
        ]
      })
    let volumes = state.pools.flatMap(\.volumes).filter { identity.volume(named: $0.name) != nil }
    text += table(
      ["VOLUME", "SIZE", "USED BY", "PATH"],
      volumes.map { volume in
        let users = state.machines.filter { $0.files.contains(volume.path) }.map(\.name)
        let clones = volumes.contains { $0.backingPath == volume.path }
        let use = users.isEmpty ? (clones ? "clones" : "nothing") : users.joined(separator: " ")
        let base = identity.volume(named: volume.name)?.base ?? ""
        let names =
          state.pools.first { $0.name == volume.pool }.map {
            identity.renamedDisks(among: $0.volumeNames)
          } ?? [:]
        return [names[base]?.max() ?? base, "\(volume.capacity)", use, volume.path]
      })
    if machines.isEmpty, networks.isEmpty, pools.isEmpty, volumes.isEmpty {
      text += "  nothing of stack \(stack)\n"
    }
    return text
  }
}

import Planner
import Reports
import SpecModel

/// What a host has of a stack, as tables.
struct HostText {
  private let state: HostState
  private let stack: ResourceName
  private let uri: String
  private let gauges: [Estate.Gauge]
  private let style: TextStyle
  /// IP addresses by MAC address.
  private let addresses: [MACAddress: [String]]

  init(
    _ state: HostState, stack: ResourceName, uri: String, gauges: [Estate.Gauge],
    addresses: [MACAddress: [String]], style: TextStyle
  ) {
    self.state = state
    self.stack = stack
    self.uri = uri
    self.gauges = gauges
    self.style = style
    self.addresses = addresses
  }

  func render() -> String {
    let identity = Identity(stack: stack)
    let machines = state.machines.filter(identity.owns)
    let networks = state.networks.filter(identity.owns)
    let pools = state.pools.filter(identity.owns)
    var text = "\(style(.bold, "host \(state.name)"))  \(uri)\n" + GaugeText(gauges, style: style).render()
    text += table(
      ["VM", "STATE", "CPUS", "MEMORY", "ADDRESSES"],
      machines.map { machine in
        let guest = machine.isActive ? state.guests[machine.uuid] : nil
        let found = machine.nics.compactMap(\.mac).flatMap { addresses[$0] ?? [] }
        return [
          Self.name(specName(machine), machine.domainName), power(machine, guest),
          machine.settings.cpus?.description ?? "",
          (guest ?? machine).settings.memory?.description ?? "", found.joined(separator: " "),
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
          Self.name(network.specName, network.name),
          (network.isActive ? "active" : "inactive") + pending, network.mode?.rawValue ?? "",
          [network.ipv4.cidr?.description, network.ipv6.cidr?.description].compactMap { $0 }.joined(
            separator: " "), network.bridge ?? "",
        ]
      })
    text += table(
      ["POOL", "STATE", "FREE", "TYPE", "SOURCE"],
      pools.map { pool in
        [
          pool.name, pool.isActive ? "active" : "inactive", pool.available.map(\.rounded) ?? "",
          pool.source?.type.rawValue ?? "", pool.source.flatMap { $0.origin ?? $0.path } ?? "",
        ]
      })
    let volumes = state.pools.flatMap(\.volumes).filter { identity.volume(named: $0.name) != nil }
    text += table(
      ["VOLUME", "SIZE", "USED BY", "PATH"],
      volumes.map { volume in
        let users = state.machines.filter { machine in
          // What lies below a snapshot is the VM's, too.
          machine.files.contains(volume.path) || machine.disks.contains { $0.path == volume.path }
        }.map(specName)
        let clones = volumes.contains { $0.backingPath == volume.path }
        let use = users.isEmpty ? (clones ? "clones" : "nothing") : users.joined(separator: " ")
        let disk = identity.volume(named: volume.name)
        let names =
          state.pools.first { $0.name == volume.pool }.map {
            identity.renamedDisks(among: $0.volumeNames)
          } ?? [:]
        return [
          disk.flatMap { names[$0]?.max() } ?? disk?.base ?? "", "\(volume.capacity)", use, volume.path,
        ]
      })
    if machines.isEmpty, networks.isEmpty, pools.isEmpty, volumes.isEmpty {
      text += "  nothing of stack \(stack)\n"
    }
    return text
  }

  private func specName(_ machine: Machine) -> String { machine.mark?.name ?? machine.name }

  /// Both names of what the spec and libvirt call differently.
  private static func name(_ spec: String, _ libvirt: String) -> String {
    spec == libvirt ? spec : "\(spec) (libvirt: \(libvirt))"
  }

  private func power(_ machine: Machine, _ guest: Machine?) -> String {
    var pending = guest.map(machine.pendingRestart) ?? []
    if guest != nil, specName(machine) != machine.domainName { pending.append(MachineField.name.rawValue) }
    var text = machine.settings.state?.rawValue ?? ""
    if machine.hasSavedState { text += ", has a saved state" }
    if machine.isTransient { text += ", has no definition" }
    return text + (pending.isEmpty ? "" : ", pending restart: " + pending.joined(separator: " "))
  }
}

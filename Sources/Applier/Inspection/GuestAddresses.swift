import Libvirt
public import Planner
public import SpecModel

/// A NIC of a VM that is there, with the addresses it has.
public struct GuestNIC: Hashable, Sendable {
  public let name: String
  public let mac: MACAddress?
  /// What libvirt calls the network that it is on; nil for QEMU's own and for what the language has no word for.
  public let network: String?
  /// The likeliest first; none if none is known.
  public let addresses: [String]
}

/// Finds where guests are reached: the lease that a NIC has, else the address that the spec gives it, else what the guest's
/// agent says.
public struct GuestAddresses: Sendable {
  private let embedded: EmbeddedLibvirt

  public init(embedded: EmbeddedLibvirt) { self.embedded = embedded }

  /// The NICs of VMs of one host, by the VM's name, each in the order of its definition.
  ///
  /// An agent is asked only where nothing else is known, over a connection of its own: libvirt lets nobody ask who may only
  /// read.
  public func find(for guests: [(spec: MachineSpec, machine: Machine)], on session: HostSession) async
    -> [ResourceName: [GuestNIC]]
  {
    let leases = await session.leasedAddresses()
    var found: [ResourceName: [GuestNIC]] = [:]
    var silent: [(spec: MachineSpec, machine: Machine)] = []
    for (spec, machine) in guests {
      let nics = machine.nics.map { nic in Self.nic(nic, of: spec, leases) }
      found[spec.name] = nics
      let isMissing = zip(machine.nics, nics).contains { nic, found in
        nic.link != .user && found.addresses.isEmpty
      }
      if machine.settings.state == .running, isMissing { silent.append((spec, machine)) }
    }
    guard !silent.isEmpty,
      let writer = try? await HostSession.open(session.host, access: .readWrite, embedded: embedded)
    else { return found }
    let answers = await concurrently(silent) { spec, machine in
      (spec.name, await Self.agentAddresses(of: machine, writer.connection))
    }
    await writer.connection.close()
    for (name, answer) in answers {
      found[name] = found[name]?.map { nic in
        guard nic.addresses.isEmpty, let mac = nic.mac, let addresses = answer[mac] else { return nic }
        return GuestNIC(name: nic.name, mac: nic.mac, network: nic.network, addresses: addresses)
      }
    }
    return found
  }

  private static func nic(_ nic: Machine.NIC, of spec: MachineSpec, _ leases: [MACAddress: [String]])
    -> GuestNIC
  {
    let stated =
      spec.nics.first { $0.name.rawValue == nic.name }?.statedAddresses.map(\.description) ?? []
    let leased = nic.mac.flatMap { leases[$0] } ?? []
    var network: String?
    if case .network(let name) = nic.link { network = name }
    return GuestNIC(
      name: nic.name, mac: nic.mac, network: network,
      addresses: leased + stated.filter { !leased.contains($0) })
  }

  private static func agentAddresses(of machine: Machine, _ connection: Connection) async -> [MACAddress:
    [String]]
  {
    guard let domain = try? await connection.domain(uuid: machine.uuid),
      let answer = try? await domain.interfaceAddresses(source: .agent)
    else { return [:] }
    return answer.reduce(into: [:]) { result, interface in
      guard let mac = interface.mac.flatMap({ try? MACAddress(parsing: $0) }) else { return }
      // IPv4 first; what a link has by itself leads nowhere without the link's name.
      let usable = interface.addresses.filter { !$0.address.lowercased().hasPrefix("fe80:") }
      let addresses = (usable.filter { !$0.isIPv6 } + usable.filter(\.isIPv6)).map(\.address)
      if !addresses.isEmpty { result[mac, default: []] += addresses }
    }
  }
}

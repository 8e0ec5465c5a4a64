import Libvirt
import Planner
import SpecModel

/// Where a guest is: the addresses of its NICs.
struct GuestPlaces: Sendable {
  let domain: Domain
  let interfaces: [ReadinessWait.Interface]

  /// The addresses that there may be for an endpoint, the likeliest first; none if none is known yet.
  func addresses(for place: ReadinessProbe.Endpoint.Place) async -> [String] {
    switch place {
    case .address(let address): return [address]
    case .nic(let name): return await addresses(of: interfaces.filter { $0.name == name.rawValue })
    case .anyNIC: return await addresses(of: interfaces)
    }
  }

  private func addresses(of interfaces: [ReadinessWait.Interface]) async -> [String] {
    let leases = (try? await domain.interfaceAddresses(source: .lease)) ?? []
    let known = interfaces.flatMap { Self.addresses(of: $0, in: leases) + $0.stated.map(\.description) }
    if !known.isEmpty { return known.reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
    return await agentAddresses(of: interfaces)
  }

  /// What the guest's agent says, if there is one.
  func agentAddresses(of interfaces: [ReadinessWait.Interface]) async -> [String] {
    guard let answer = try? await domain.interfaceAddresses(source: .agent) else { return [] }
    return interfaces.flatMap { Self.addresses(of: $0, in: answer) }
  }

  /// IPv4 first: what a link has by itself leads nowhere without the link's name.
  private static func addresses(of interface: ReadinessWait.Interface, in list: [InterfaceAddresses])
    -> [String]
  {
    let own = list.filter { $0.mac.flatMap { try? MACAddress(parsing: $0) } == interface.mac }.flatMap(
      \.addresses)
    let usable = own.filter { !$0.address.lowercased().hasPrefix("fe80:") }
    return (usable.filter { !$0.isIPv6 } + usable.filter(\.isIPv6)).map(\.address)
  }

  /// The leases of a NIC with the time they end: who asks anew gets a later one.
  func leases(of interface: ReadinessWait.Interface) async throws -> [DHCPLease] {
    guard let name = interface.network, let network = try await domain.connection.network(named: name) else {
      return []
    }
    return try await network.leases().filter {
      $0.mac.flatMap { try? MACAddress(parsing: $0) } == interface.mac
    }
  }
}

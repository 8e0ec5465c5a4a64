import SpecModel

/// True when a connection is accepted at one of the guest's addresses.
struct TCPProbe: Probe {
  let endpoint: ReadinessProbe.Endpoint
  let places: GuestPlaces

  func look() async throws -> Sighting {
    let addresses = await places.addresses(for: endpoint.place)
    var sights: [String] = []
    for address in addresses {
      do {
        try await Socket.connecting(to: address, port: endpoint.port) { _ in }
        return .ready
      } catch {
        sights.append("\(address): \(error)")
      }
    }
    return .notYet(addresses.isEmpty ? "no address is known yet" : sights.joined(separator: "; "))
  }
}

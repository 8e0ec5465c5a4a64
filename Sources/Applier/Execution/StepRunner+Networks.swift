import FoundationEssentials
import Libvirt
import Planner

extension StepRunner {
  func network(_ uuid: UUID) async throws -> VirtualNetwork {
    guard let network = try await connection.network(uuid: uuid) else {
      throw Failure(description: "the network is gone")
    }
    return network
  }

  func ensure(_ wanted: Network) async throws {
    var network = try await connection.network(uuid: wanted.uuid)
    if network == nil {
      network = try await connection.defineNetwork(
        NetworkDocument.definition(of: wanted, stack: stack, on: host))
    }
    guard let network else { return }
    if try await !network.isActive() { try await network.start() }
    if let autostart = wanted.autostart, try await network.autostart() != autostart {
      try await network.setAutostart(autostart)
    }
  }

  func redefine(_ wanted: Network, _ fields: Set<NetworkField>, _ restart: Bool) async throws {
    let network = try await network(wanted.uuid)
    var document = try await network.xml(.inactive)
    for field in NetworkField.allCases where fields.contains(field) {
      NetworkDocument.write(field, of: wanted, into: &document)
    }
    _ = try await connection.defineNetwork(document)
    guard restart else {
      if try await network.isActive() {
        let live = try await network.xml(.live)
        let there = NetworkDocument.read(live, name: network.name, uuid: network.uuid, isActive: true)
          .reservations
        try await self.update(
          network, .live, there.subtracting(wanted.reservations).sorted(),
          wanted.reservations.subtracting(there).sorted())
      }
      return
    }
    if try await network.isActive() { try await network.stop() }
    try await network.start()
  }

  func updateReservations(_ uuid: UUID, _ remove: [Network.Reservation], _ add: [Network.Reservation])
    async throws
  {
    let network = try await network(uuid)
    try await update(network, .inactive, remove, add)
    if try await network.isActive() { try await update(network, .live, remove, add) }
  }

  /// Updates one of the network's two documents by what it has: they differ while a change waits for a restart.
  private func update(
    _ network: VirtualNetwork, _ view: XMLView, _ remove: [Network.Reservation], _ add: [Network.Reservation]
  ) async throws {
    let document = try await network.xml(view)
    let there = NetworkDocument.read(document, name: network.name, uuid: network.uuid, isActive: true)
    let affect: Affect = view == .live ? .live : .config
    for reservation in remove where there.reservations.contains(reservation) {
      try await network.update(
        command: .delete, section: .dhcpHost, xml: NetworkDocument.host(reservation), affecting: affect)
    }
    for reservation in add where !there.reservations.contains(reservation) {
      // An address of a block that the running network does not have yet.
      if view == .live, there.cidr?.containsHost(reservation.ip) == false { continue }
      try await network.update(
        command: .addLast, section: .dhcpHost, xml: NetworkDocument.host(reservation), affecting: affect)
    }
  }

  func removeNetwork(_ uuid: UUID) async throws {
    guard let network = try await connection.network(uuid: uuid) else { return }
    if try await network.isActive() { try await network.stop() }
    try await network.undefine()
  }
}

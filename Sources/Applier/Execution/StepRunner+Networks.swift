import FoundationEssentials
import Libvirt
import Planner
import SpecModel

extension StepRunner {
  func network(_ uuid: UUID) async throws -> VirtualNetwork {
    guard let network = try await connection.network(uuid: uuid) else {
      throw Failure(description: "the network is gone")
    }
    return network
  }

  func ensure(_ wanted: Network, _ guests: Set<UUID>) async throws {
    var network = try await connection.network(uuid: wanted.uuid)
    if network == nil {
      network = try await connection.defineNetwork(NetworkDocument.definition(of: wanted, on: host))
    }
    guard let network else { return }
    // Before the start: a run that is cut off in between leaves a network that is not active, which the next one has to look at.
    let former = try await network.autostart()
    let autostart = wanted.autostart ?? former
    if former != autostart { try await network.setAutostart(autostart) }
    if try await !network.isActive() {
      do {
        try await start(network)
      } catch {
        // What was never active does not start with its host either.
        if former != autostart { try? await network.setAutostart(former) }
        throw error
      }
    }
    if !guests.isEmpty, host.driver.can(.replugging) { try await reconnect(to: network, guests) }
  }

  func start(_ network: VirtualNetwork) async throws {
    do {
      try await network.start()
    } catch {
      let bridge = try await network.xml(.inactive).first("bridge")?[attribute: "name"] ?? "NAME"
      throw Self.bridgeLeft(bridge, because: error)
    }
  }

  /// What is to be said if a network does not start: where its bridge is there already, how to get rid of it.
  static func bridgeLeft(_ bridge: String, because error: any Error) -> any Error {
    guard let error = error as? LibvirtError, error.message.contains("File exists") else { return error }
    return Failure(
      description:
        "the host has a bridge '\(bridge)' already, which a libvirt that was killed may have left; "
        + "if nothing uses it, delete it on the host: ip link delete \(bridge) (\(error))")
  }

  // MARK: Update

  /// The active network first: what it refuses is not written down, so the next plan has it again.
  func update(_ update: NetworkUpdate) async throws {
    let network = try await network(update.wanted.uuid)
    if !update.live.isEmpty, try await network.isActive() { try await self.update(network, update.live) }
    let before = try await network.xml(.inactive)
    try await define(network, NetworkDocument.edit(before, update.definition, wanted: update.wanted))
  }

  /// Writes the definition of a network that is there.
  private func define(_ network: VirtualNetwork, _ document: XMLElement) async throws {
    // The test driver shows no definition beside an active network: there it takes a restart, which nobody notices.
    let restarts = if host.driver == .test { try await network.isActive() } else { false }
    if restarts { try await network.stop() }
    _ = try await connection.defineNetwork(document)
    if restarts { try await network.start() }
  }

  /// Changes the active network by what it has: parts of the edit may be done already.
  private func update(_ network: VirtualNetwork, _ edit: NetworkEdit) async throws {
    let live = try await network.xml(.live)
    for update in NetworkDocument.liveUpdates(of: live, edit) {
      try await network.update(
        command: update.command, section: update.section, parentIndex: update.block, xml: update.element,
        affecting: .live)
    }
  }

  // MARK: Restart

  /// Stops the network and starts it as it is defined. `guests` are plugged into another network for that time; if
  /// the network does not start, it is started as it was.
  func restartNetwork(_ uuid: UUID, _ guests: Set<UUID>) async throws {
    let network = try await network(uuid)
    let before = try await network.xml(.live)
    let isUsed = before[attribute: "connections"] != nil || !guests.isEmpty
    let parking = Parking(of: network, runner: self)
    if isUsed { try await parking.open(for: guests) }
    do {
      if try await network.isActive() { try await network.stop() }
      do {
        try await start(network)
      } catch {
        try await restore(network, before, because: error)
      }
    } catch {
      try await parking.leave(because: error)
    }
    if isUsed { try await parking.leave() }
  }

  /// Starts the network as it was. What the restart was to put in effect stays defined.
  private func restore(_ network: VirtualNetwork, _ before: XMLElement, because cause: any Error) async throws
    -> Never
  {
    let definition = try await network.xml(.inactive)
    var former = before
    former[attribute: "connections"] = nil
    do {
      _ = try await connection.defineNetwork(former)
      try await network.start()
      _ = try await connection.defineNetwork(definition)
    } catch {
      _ = try? await connection.defineNetwork(definition)
      throw Failure(description: "\(cause); and it does not start as it was before: \(error)")
    }
    throw Failure(description: "\(cause); it runs on as it was before")
  }

  func reconnect(to network: VirtualNetwork, _ guests: Set<UUID>) async throws {
    let parking = Parking(of: network, runner: self)
    do {
      try await parking.takeUnplugged(of: guests)
    } catch {
      try await parking.leave(because: error)
    }
    try await parking.leave()
  }

  /// Takes the mark out of the definition; the active network shows its own until it next starts.
  func forgetNetwork(_ uuid: UUID) async throws {
    guard let network = try await connection.network(uuid: uuid) else { return }
    var document = try await network.xml(.inactive)
    guard MarkDocument.read(from: document) != nil else { return }
    MarkDocument.remove(from: &document)
    try await define(network, document)
  }

  func removeNetwork(_ uuid: UUID) async throws {
    guard let network = try await connection.network(uuid: uuid) else { return }
    if try await network.isActive() { try await network.stop() }
    // One without a definition is gone with that.
    try await connection.network(uuid: uuid)?.undefine()
  }
}

import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// A network that running guests are plugged into while the one they are on is stopped.
///
/// When libvirt stops a network, the interfaces of running guests stay behind without a bridge, and nothing plugs them
/// in again: updating an interface with the network that it is on already does nothing. Updated with another network,
/// libvirt moves it, and the guest keeps its network card. So they are moved away, with the cable pulled so that the
/// guest asks for its address anew, and moved back.
///
/// The network has no definition. Its name and UUID follow from the network it is for: what a killed run leaves is
/// found by the next one.
actor Parking {
  private let network: VirtualNetwork
  private let runner: StepRunner
  private let name: String
  private let uuid: UUID
  /// The interfaces as they were, by their device on the host.
  private var originals: [String: XMLElement] = [:]
  private var lastParked: ContinuousClock.Instant?

  /// How long a cable is out at least: a guest that is asked too late whether it is in sees no difference.
  private static let unpluggedTime = Duration.seconds(2)

  private struct GuestPlug: Sendable {
    let domain: Domain
    let plug: NetworkPlug
  }

  init(of network: VirtualNetwork, runner: StepRunner) {
    self.network = network
    self.runner = runner
    let name = Network.parkingName(for: network.name)
    self.name = name
    // A stack's name is one already.
    let stack = try? ResourceName(parsing: runner.stack)
    uuid = stack.map { Identity(stack: $0).uuid(.network, name) } ?? UUID()
  }

  // MARK: In

  /// Parks all interfaces on the network. Those of other VMs than `guests` are an error: the plan did not tell of them.
  func open(for guests: Set<UUID>) async throws {
    let plugs = try await plugs().filter { $0.plug.network == network.name }
    if let stranger = plugs.first(where: { !guests.contains($0.domain.uuid) })?.domain {
      throw StepRunner.Failure(
        description:
          "the VM '\(stranger.name)' has been plugged in since the plan was made; nothing was stopped")
    }
    do { try await park(plugs) } catch { try await leave(because: error) }
  }

  /// Parks those interfaces of `guests` that name the network, which knows nothing of them.
  func takeUnplugged(of guests: Set<UUID>) async throws {
    let ports = try await network.ports()
    try await park(
      try await plugs().filter { guest in
        guests.contains(guest.domain.uuid) && guest.plug.network == network.name
          && !(guest.plug.port.map(ports.contains) ?? false)
      })
  }

  private func park(_ plugs: [GuestPlug]) async throws {
    guard !plugs.isEmpty else { return }
    try await ensureNetwork()
    for guest in plugs { originals[guest.plug.device] = guest.plug.element }
    try await move(plugs) { [name] in $0.parked(on: name) }
    lastParked = .now
  }

  private func ensureNetwork() async throws {
    if let there = try await runner.connection.network(uuid: uuid), try await there.isActive() { return }
    let wanted = Network(name: name, uuid: uuid, mode: .isolated, isActive: true)
    let bridge = NetworkDocument.bridgeName(for: wanted, on: runner.host)
    var document = XMLElement("network") {
      XMLElement("name", text: name)
      XMLElement("uuid", text: uuid.uuidString.lowercased())
      XMLElement("bridge", ["name": bridge, "stp": "off", "delay": "0"])
    }
    MarkDocument.write(Mark(stack: runner.stack), into: &document)
    do {
      _ = try await runner.connection.createNetwork(document)
    } catch {
      throw StepRunner.bridgeLeft(bridge, because: error)
    }
  }

  // MARK: Out

  /// Plugs in again all that is parked, whoever parked it, and removes the parking.
  func leave() async throws {
    guard let parking = try await runner.connection.network(uuid: uuid), try await parking.isActive() else {
      return
    }
    if let lastParked {
      try await Task.sleep(until: lastParked + Self.unpluggedTime, clock: .continuous)
    }
    var plugs: [GuestPlug] = []
    for guest in try await self.plugs() where guest.plug.network == name {
      if originals[guest.plug.device] == nil {
        originals[guest.plug.device] = try await definition(of: guest)
      }
      plugs.append(guest)
    }
    try await move(plugs) { [originals, network] in
      $0.returned(to: network.name, as: originals[$0.device])
    }
    try await parking.stop()
  }

  /// As `leave()`, after something went wrong.
  func leave(because cause: any Error) async throws -> Never {
    do {
      try await leave()
    } catch {
      throw StepRunner.Failure(
        description:
          "\(cause); and guests are still plugged into '\(name)', from where the next run takes them back: "
          + "\(error)")
    }
    throw cause
  }

  /// The interface as the VM's definition has it; nil for one that only the running guest has.
  private func definition(of guest: GuestPlug) async throws -> XMLElement? {
    let mac = guest.plug.element.first("mac")?[attribute: "address"]
    return try await guest.domain.xml(.inactive).all(at: "devices", "interface").first {
      $0.first("mac")?[attribute: "address"] == mac
    }
  }

  // MARK: Guests

  /// The interfaces of all running guests that are on some network.
  private func plugs() async throws -> [GuestPlug] {
    try await concurrentlyThrowing(try await runner.connection.domains(.active)) { domain in
      let document = try await present({ try await domain.xml(.live) }, unless: .noDomain)
      return document.map(NetworkPlug.all)?.map { GuestPlug(domain: domain, plug: $0) } ?? []
    }.flatMap { $0 }
  }

  /// Updates all that can be updated; then throws if some could not. A guest that has gone needs nothing.
  private func move(_ plugs: [GuestPlug], _ change: @escaping @Sendable (NetworkPlug) -> XMLElement)
    async throws
  {
    let failures = await concurrently(plugs) { guest -> String? in
      do {
        try await guest.domain.updateDevice(change(guest.plug), affecting: .live)
        return nil
      } catch {
        let isGone = (try? await !guest.domain.isActive()) ?? false
        return isGone ? nil : "VM '\(guest.domain.name)': \(error)"
      }
    }.compactMap { $0 }
    if !failures.isEmpty { throw StepRunner.Failure(description: failures.joined(separator: "; ")) }
  }
}

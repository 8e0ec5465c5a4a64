import FoundationEssentials
import Libvirt
import Planner

extension Inspector {
  /// The live states of the stack's own active networks: one call for each, and more only where guests seem to have
  /// lost their network.
  func liveNetworks(
    _ networks: [(handle: VirtualNetwork, network: Network)], beside state: HostState
  ) async throws -> [UUID: Network] {
    let identity = Identity(stack: site.stack)
    let own = networks.filter { $0.network.isActive && identity.owns($0.network) }
    let live = try await concurrentlyThrowing(own) { try await read($0.handle, $0.network) }.compactMap { $0 }
    var result = Dictionary(live.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first })
    guard state.capabilities.driver.can(.replugging) else { return result }
    for network in live where network.parkedFor == nil {
      let isParked = live.contains { $0.parkedFor == network.name && $0.connections > 0 }
      result[network.uuid]?.unplugged = try await unplugged(from: network, state, isParked: isParked)
    }
    return result
  }

  private func read(_ handle: VirtualNetwork, _ network: Network) async throws -> Network? {
    guard let document = try await present({ try await handle.xml(.live) }, unless: .noNetwork) else {
      return nil
    }
    var live = NetworkDocument.read(document, name: network.name, uuid: network.uuid, isActive: true)
    live.autostart = network.autostart
    return live
  }

  /// The running VMs with an interface that names the network but is not plugged in.
  ///
  /// A network counts its interfaces, so as long as there are as many as VMs that should have one, all is well.
  private func unplugged(from network: Network, _ state: HostState, isParked: Bool) async throws -> Set<UUID>
  {
    // What is the host's outlives the network.
    if network.mode?.usesHostDevice == true { return [] }
    let running = state.machines.filter(\.isActive)
    let users = running.filter { state.liveNetworks(of: $0).contains(network.name) }
    guard isParked || network.connections < users.count,
      let handle = try await session.connection.network(uuid: network.uuid)
    else { return [] }
    let ports = try await handle.ports()
    let parking = Network.parkingName(for: network.name)
    let lost = try await concurrentlyThrowing(isParked ? running : users) { machine -> UUID? in
      guard let domain = try await session.connection.domain(uuid: machine.uuid),
        let document = try await present({ try await domain.xml(.live) }, unless: .noDomain)
      else { return nil }
      let isLost = NetworkPlug.all(in: document).contains { plug in
        plug.network == parking
          || plug.network == network.name && !(plug.port.map(ports.contains) ?? false)
      }
      return isLost ? machine.uuid : nil
    }
    return Set(lost.compactMap { $0 })
  }
}

import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// Turns one operation into libvirt calls. Each may find its work done already, wholly or in part.
struct StepRunner: Sendable {
  let connection: Connection
  let host: HostCapabilities
  let stack: String
  /// Shared by all steps of a run.
  let former: FormerGuests
  let checked: CheckedDocuments
  let recent: RecentAnswers
  /// The connection to another host of the site.
  let peer: @Sendable (ResourceName) -> Connection?
  /// Told of the bytes of an upload that are sent, and of how many.
  let progress: @Sendable (UInt64, UInt64) -> Void

  /// The names of the stack's objects.
  var identity: Identity? { (try? ResourceName(parsing: stack)).map(Identity.init) }

  /// Why an operation cannot be done although libvirt refused nothing.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  func run(_ operation: Operation) async throws {
    switch try await located(operation) {
    case .ensurePool(let pool): try await ensure(pool)
    case .setPoolAutostart(let uuid, let autostart): try await pool(uuid).setAutostart(autostart)
    case .removePool(let uuid): try await removePool(uuid)
    case .uploadImage(let file, let content, let volume, let replaces):
      try await upload(file, content, into: volume, replaces: replaces)
    case .uploadSeed(let seed, let volume, let replaces):
      try await upload(seed, into: volume, replaces: replaces)
    case .uploadIgnition(let config, let volume, let replaces):
      try await upload(config, into: volume, replaces: replaces)
    case .createVolume(let volume, let source): try await create(volume, from: source)
    case .copyImage(let content, let format, let name, let volume):
      try await copy(content, format, name, into: volume)
    case .growVolume(let volume, let guest): try await grow(volume, guest)
    case .noteVolume(let pool, let name, let isThere):
      try await note(pool: pool, name: name, isThere)
    case .deleteVolume(let pool, let name): try await deleteVolume(pool: pool, name: name)
    case .defineFirewall(let firewall): try await define(firewall)
    case .removeFirewall(let uuid): try await removeFirewall(uuid)
    case .ensureNetwork(let network, let guests): try await ensure(network, guests)
    case .updateNetwork(let update): try await self.update(update)
    case .restartNetwork(let uuid, let guests): try await restartNetwork(uuid, guests)
    case .reconnectGuests(let uuid, let guests): try await reconnect(to: network(uuid), guests)
    case .setNetworkAutostart(let uuid, let autostart): try await network(uuid).setAutostart(autostart)
    case .removeNetwork(let uuid): try await removeNetwork(uuid)
    case .forgetNetwork(let uuid): try await forgetNetwork(uuid)
    case .defineMachine(let machine): try await define(machine)
    case .redefineMachine(let uuid): try await redefine(domain(uuid))
    case .updateMachine(let update): try await self.update(update)
    case .changeDevices(let uuid, let changes): try await change(changes, of: domain(uuid))
    case .renameMachine(let uuid, let name): try await rename(domain(uuid), to: name)
    case .startMachine(let uuid, let paused): try await start(uuid, paused: paused)
    case .awaitReady(let wait): try await awaitReady(wait)
    case .suspendMachine(let uuid): try await suspend(domain(uuid))
    case .resumeMachine(let uuid): try await resume(domain(uuid))
    case .stopMachine(let uuid, let policy): try await stop(domain(uuid), policy)
    case .powerOffMachine(let uuid, let policy): try await powerOff(uuid, policy)
    case .undefineMachine(let uuid, let keepsState): try await undefine(uuid, keepsState: keepsState)
    case .forgetMachine(let uuid): try await forget(uuid)
    case .migrateMachine(let migration): try await migrate(migration)
    case .removeRemains(let uuid, let place): try await removeRemains(of: uuid, on: place)
    case .restoreSnapshots(let uuid): try await restoreSnapshots(of: domain(uuid))
    }
  }
}

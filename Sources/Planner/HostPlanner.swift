import FoundationEssentials
import SpecModel

/// Plans one host: pools and images first, then disks, networks and VMs, then what has to go.
///
/// Each part is an extension in a file of its own; all of them write to `draft`.
struct HostPlanner {
  let site: Site
  let desired: DesiredHost
  let state: HostState
  /// The other hosts of the site.
  let elsewhere: [HostState]
  let options: SitePlanner.Options
  let diagnostics: Diagnostics
  let identity: Identity
  var draft: PlanDraft

  // Steps that others wait for.
  var poolSteps: [String: Int] = [:]
  /// By the path of the image's volume.
  var imageSteps: [String: Int] = [:]
  /// By index into `desired.volumes`.
  var volumeSteps: [Int: Int] = [:]
  /// By network name; a VM is started after its networks are up and have its reservations.
  var networkSteps: [String: [Int]] = [:]
  /// Steps that take VMs away; what VMs use can only go after them.
  var removalSteps: [Int] = []
  /// Paths of the volumes that this plan deletes.
  var deletedPaths: Set<String> = []

  init(
    site: Site, desired: DesiredHost, state: HostState, elsewhere: [HostState], options: SitePlanner.Options,
    diagnostics: Diagnostics, draft: PlanDraft
  ) {
    self.site = site
    self.desired = desired
    self.state = state
    self.elsewhere = elsewhere
    self.options = options
    self.diagnostics = diagnostics
    self.draft = draft
    identity = Identity(stack: site.stack)
  }

  mutating func plan() -> PlanDraft {
    for pool in desired.pools { plan(pool) }
    planImages()
    for index in desired.volumes.indices { planVolume(index) }
    for network in desired.networks { plan(network) }
    for machine in desired.machines { plan(machine) }
    removeMachines()
    removeVolumes()
    removeNetworks()
    removePools()
    return draft
  }

  func report(_ message: String, at path: SpecPath?, help: String? = nil) {
    diagnostics.error(message, at: path.flatMap { site.origins.location(of: $0) }, help: help)
  }

  func address(_ kind: Address.Kind, _ name: String) -> Address { Address(kind, name, on: state.name) }

  // MARK: Ownership

  func owns(_ machine: Machine) -> Bool {
    machine.mark?.stack == site.stack.rawValue
      || (machine.mark == nil && machine.uuid == identity.uuid(.machine, machine.name))
  }

  func owns(_ network: Network) -> Bool {
    network.mark?.stack == site.stack.rawValue
      || (network.mark == nil && network.uuid == identity.uuid(.network, network.name))
  }

  /// libvirt keeps no metadata for pools: the UUID is the mark.
  func owns(_ pool: Pool) -> Bool { pool.uuid == identity.uuid(.pool, pool.name) }

  /// Reports that `name` is taken by an object that this stack did not make.
  func refuseForeign(_ kind: String, _ name: String, ownedBy stack: String?, at path: SpecPath, help: String) {
    let owner = stack.map { "it belongs to stack '\($0)'" } ?? "virtform did not make it"
    report("host '\(state.name)' already has a \(kind) '\(name)', and \(owner)", at: path, help: help)
  }
}

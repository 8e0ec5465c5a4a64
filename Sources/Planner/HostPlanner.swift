import FoundationEssentials
import SpecModel

/// Plans one host: pools first, then the VMs that have to go, images, disks, networks and VMs, and at last what
/// nothing uses any more.
///
/// Each part is an extension in a file of its own; all of them write to `draft`.
struct HostPlanner {
  let site: Site
  let desired: DesiredHost
  let host: HostIndex
  /// The other hosts of the site.
  let elsewhere: [HostIndex]
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
  /// By the UUID of the VM that is running now and is not after the step.
  var stopSteps: [UUID: Int] = [:]

  /// VMs that this plan removes.
  var removedMachines: Set<UUID> = []
  /// VMs that are started once everything else of the host's VMs is done.
  var starts: [Start] = []
  /// Paths of the volumes that the plan deletes, or says why not.
  var settledPaths: Set<String> = []
  var deletedPaths: Set<String> = []

  init(
    site: Site, desired: DesiredHost, host: HostIndex, elsewhere: [HostIndex], options: SitePlanner.Options,
    diagnostics: Diagnostics, draft: PlanDraft
  ) {
    self.site = site
    self.desired = desired
    self.host = host
    self.elsewhere = elsewhere
    self.options = options
    self.diagnostics = diagnostics
    self.draft = draft
    identity = Identity(stack: site.stack)
  }

  var state: HostState { host.state }

  mutating func plan() -> PlanDraft {
    for pool in desired.pools { plan(pool) }
    // What goes comes before what may take over its disks and addresses.
    removeMachines()
    planImages()
    for index in desired.volumes.indices { planVolume(index) }
    for network in desired.networks { plan(network) }
    for machine in desired.machines { plan(machine) }
    startMachines()
    removeVolumes()
    removeImages()
    removeNetworks()
    removePools()
    return draft
  }

  func report(_ message: String, at path: SpecPath?, help: String? = nil) {
    diagnostics.error(message, at: path.flatMap { site.origins.location(of: $0) }, help: help)
  }

  func address(_ kind: Address.Kind, _ name: String) -> Address { Address(kind, name, on: state.name) }

  /// Reports that `name` is taken by an object that this stack did not make.
  func refuseForeign(_ kind: String, _ name: String, ownedBy stack: String?, at path: SpecPath, help: String)
  {
    let other = stack.flatMap { $0 == site.stack.rawValue ? nil : $0 }
    let owner = other.map { "it belongs to stack '\($0)'" } ?? "virtform did not make it"
    report("host '\(state.name)' already has a \(kind) '\(name)', and \(owner)", at: path, help: help)
  }

  // MARK: Use

  /// True if `machine` runs now and goes on running.
  func keepsRunning(_ machine: Machine) -> Bool { machine.isRunning && stopSteps[machine.uuid] == nil }

  /// "VM 'a', VM 'b'"
  func names(of machines: [Machine]) -> String { machines.map { "VM '\($0.name)'" }.joined(separator: ", ") }

  var allMachineSteps: [Int] { steps { $0.address.kind == .vm } }

  /// The ids of the host's steps that are as `condition` says.
  func steps(where condition: (Step) -> Bool) -> [Int] {
    draft.steps.filter { $0.address.host == state.name && condition($0) }.map(\.id)
  }
}

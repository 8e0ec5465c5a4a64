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
  /// The VMs that come from other hosts.
  let arrivals: [Move]
  /// The VMs that leave for other hosts.
  let departures: [Move]
  /// Why VMs are where virtform has chosen them to be.
  let reasons: [ResourceName: String]
  /// The hosts whose VMs are started elsewhere, since somebody has made sure that nothing runs there.
  let abandoned: [ResourceName]
  /// What moves that were cut off have left here.
  let remains: [MoveRemains]
  let options: SitePlanner.Options
  let diagnostics: Diagnostics
  let identity: Identity
  /// The paths of the volumes that the spec wants.
  let wantedPaths: Set<String>
  /// By UUID.
  let wantedMachines: [UUID: DesiredHost.WantedMachine]
  var draft: PlanDraft

  // Steps that others wait for.
  /// By pool name; the pool remembers that VMs of the host have disks in it.
  var hostNoteSteps: [String: Int] = [:]
  var poolSteps: [String: Int] = [:]
  /// By the path of the image's volume.
  var imageSteps: [String: Int] = [:]
  /// By index into `desired.volumes`.
  var volumeSteps: [Int: Int] = [:]
  /// By network name; a VM is started after its networks are up and have its reservations.
  var networkSteps: [String: [Int]] = [:]
  /// By libvirt's name of the filter.
  var firewallSteps: [String: Int] = [:]
  /// Networks of the spec that are planned but for their restart, by name.
  var networkDrafts: [String: NetworkDraft] = [:]
  /// Known once the networks are planned.
  var unreserved: [Unreserved] = []
  /// By the UUID of the VM that is running now and is not after the step.
  var stopSteps: [UUID: Int] = [:]

  /// By the UUID of a VM that is replaced.
  var undefineSteps: [UUID: Int] = [:]

  /// VMs that this plan makes anew.
  var replacedMachines: Set<UUID> = []
  /// The steps that delete the files which are made anew, by path.
  var replacedVolumes: [String: Int] = [:]
  /// Paths of disks that are unplugged from a guest that keeps running.
  var freedDisks: Set<String> = []
  /// VMs that this plan removes.
  var removedMachines: Set<UUID> = []
  /// Networks that this plan lets go.
  var forgottenNetworks: Set<UUID> = []
  /// VMs of the stack that the spec no longer has and that stay all the same.
  var keptMachines: Set<UUID> = []
  /// The networks that a guest which keeps running has left and joined when the plan is done, by UUID.
  var guestNetworks: [UUID: Set<String>] = [:]
  /// The network filters that a guest which keeps running has when the plan is done, by UUID.
  var guestFilters: [UUID: Set<String>] = [:]
  /// The images that a guest which keeps running has in its drives when the plan is done, by UUID.
  var guestMedia: [UUID: Set<String>] = [:]
  /// Devices that other guests have now.
  var deferredPlugs: [Plug] = []
  /// Disks that are deleted once the guests that gave them up have started anew.
  var deferredDiscards: [(disk: Machine.Disk, machine: Machine, spec: ResourceName)] = []
  /// VMs that are started once everything else of the host's VMs is done.
  var starts: [Start] = []
  /// Paths of the volumes that the plan deletes, or says why not.
  var settledPaths: Set<String> = []
  /// Paths of the disks that stay only because the run has no consent to delete them.
  var unconsentedPaths: Set<String> = []
  /// The steps that delete volumes for good, by path.
  var deletionSteps: [String: Int] = [:]
  /// What the plan takes from pools, by name, in the order of its steps.
  var demands: [String: [Demand]] = [:]
  /// The bytes that new disks may take from pools as their guests write.
  var thinDemands: [String: UInt64] = [:]

  init(
    site: Site, desired: DesiredHost, host: HostIndex, elsewhere: [HostIndex], relocation: Relocation,
    options: SitePlanner.Options, diagnostics: Diagnostics, draft: PlanDraft
  ) {
    reasons = relocation.reasons
    departures = relocation.moves.filter { $0.from == host.state.name }
    arrivals = relocation.moves.filter { $0.to == host.state.name }
    abandoned = relocation.abandoned
    remains = relocation.remains.filter { $0.host == host.state.name }
    self.site = site
    self.desired = desired
    self.host = host
    self.elsewhere = elsewhere
    self.options = options
    self.diagnostics = diagnostics
    self.draft = draft
    identity = Identity(stack: site.stack)
    wantedPaths = Set(desired.volumes.map(\.volume.path))
    wantedMachines = Dictionary(
      desired.machines.map { ($0.machine.uuid, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var state: HostState { host.state }

  mutating func plan() {
    for pool in desired.pools { plan(pool) }
    noteHost()
    // What goes comes before what may take over its disks and addresses.
    removeRemains()
    forgetMachines()
    forgetNetworks()
    removeMachines()
    replaceMachines()
    planImages()
    replaceDisks()
    for index in desired.volumes.indices { planVolume(index) }
    for firewall in desired.firewalls { plan(firewall) }
    for network in desired.networks { plan(network) }
    unreserved = findUnreserved()
    planArrivals()
    for machine in desired.machines { plan(machine) }
    finishNetworks()
    startMachines()
    discardDeferred()
    removeVolumes()
    removeImages()
    removeNetworks()
    removeFirewalls()
    forgetHost()
    removePools()
    checkCapacity()
  }

  /// The objects that there are, or are to be.
  var addresses: [Address] {
    desired.pools.map { address(.pool, $0.pool.name) }
      + desired.networks.map { address(.network, $0.network.specName) }
      + desired.firewalls.map { address(.firewall, $0.firewall.specName) }
      + (state.firewalls ?? []).map { address(.firewall, $0.specName) }
      + desired.volumes.map(\.address) + desired.machines.map { address(.vm, $0.machine.name) }
      + state.machines.filter(host.owns).map { address(.vm, host.specName(of: $0)) }
      + state.networks.filter(identity.owns).map { address(of: $0) }
      + state.pools.filter(identity.owns).map { address(.pool, $0.name) }
      + state.pools.flatMap(\.volumes).compactMap { volume in
        host.tagged(volume).map {
          address($0.kind.isCopy ? .image : .disk, host.specName(of: $0, in: volume.pool))
        }
      }
  }

  func report(_ message: String, at path: SpecPath?, help: String? = nil) {
    diagnostics.error(message, at: path.flatMap { site.origins.location(of: $0) }, help: help)
  }

  /// Reports what could be done and is not: the plan takes a consent which the run lacks, or more than there is.
  mutating func refuse(_ message: String, at path: SpecPath?, help: String) {
    draft.refusals += 1
    report(message, at: path, help: help)
  }

  func address(_ kind: Address.Kind, _ name: String) -> Address { Address(kind, name, on: state.name) }

  /// Reports that `name` is taken by an object that this stack did not make.
  func refuseForeign(_ kind: String, _ name: String, ownedBy stack: String?, at path: SpecPath, help: String)
  {
    let other = stack.flatMap { $0 == site.stack.rawValue ? nil : $0 }
    let owner = other.map { "it belongs to stack '\($0)'" } ?? "virtform did not make it"
    report("host '\(state.name)' already has a \(kind) '\(name)', and \(owner)", at: path, help: help)
  }

  /// The other way for what no other stack has.
  func adoption(of address: String, _ mark: Mark?) -> String {
    mark == nil || mark?.stack == site.stack.rawValue
      ? "; or take it over as it is: adopt: [\(address)]" : ""
  }

  // MARK: Use

  /// True if `machine` runs now and goes on running.
  func keepsRunning(_ machine: Machine) -> Bool { machine.isActive && stopSteps[machine.uuid] == nil }

  /// The networks that the guest of `machine` is plugged into once the plan is done.
  func networksAfterPlan(of machine: Machine) -> Set<String> {
    guestNetworks[machine.uuid] ?? host.liveNetworks(of: machine)
  }

  /// "VM 'a', VM 'b'"
  func names(of machines: [Machine]) -> String { machines.map { "VM '\($0.name)'" }.joined(separator: ", ") }

  /// The ids of the steps of `machine`, which a plan may call by its new name.
  func steps(of machine: Machine) -> [Int] {
    let names = Set([machine.name, host.specName(of: machine)])
    return names.flatMap { draft.steps(of: address(.vm, $0)) }
  }

  /// The ids of the steps of `machine` that are as `condition` says.
  func steps(of machine: Machine, where condition: (Operation) -> Bool) -> [Int] {
    steps(of: machine).filter { condition(draft.steps[$0].operation) }
  }
}

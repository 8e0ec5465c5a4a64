import FoundationEssentials
import SpecModel

/// Looks through one host: its VMs, networks, pools, volumes, and what their marks and notes say.
///
/// Each part is an extension in a file of its own; all of them write to `findings`.
struct HostVerifier {
  let site: Site
  /// What the host has.
  let host: HostIndex
  /// The same with what it looks after of pools that several hosts see.
  let view: HostState
  /// All hosts that answer.
  let all: [HostIndex]
  /// True if there is no other: what no host has is nowhere.
  let seesAll: Bool
  let identity: Identity
  private(set) var findings: [Finding] = []
  private(set) var unseen: [Verification.Unseen] = []

  init(site: Site, host: HostIndex, view: HostState, all: [HostIndex], seesAll: Bool) {
    self.site = site
    self.host = host
    self.view = view
    self.all = all
    self.seesAll = seesAll
    identity = Identity(stack: site.stack)
  }

  var state: HostState { host.state }

  mutating func verify() {
    for machine in state.machines { verifyMark(of: machine) }
    for network in state.networks { verifyMark(of: network) }
    for machine in state.machines where host.owns(machine) {
      verifyPresence(of: machine)
      verifyFiles(of: machine)
      verifyNetworks(of: machine)
    }
    for network in state.networks where identity.owns(network) { verifyPresence(of: network) }
    verifyPools()
    verifyFirewalls()
    for pool in view.pools where isRead(pool) {
      for volume in pool.volumes { verify(volume) }
      verifyNotes(in: pool)
    }
  }

  mutating func find(
    _ kind: Finding.Kind, _ object: String, at path: SpecPath? = nil, _ meaning: String,
    _ remedy: Finding.Remedy
  ) {
    findings.append(
      Finding(kind: kind, host: state.name, object: object, path: path, meaning: meaning, remedy: remedy))
  }

  mutating func leaveUnseen(_ pool: String, _ reason: String) {
    unseen.append(Verification.Unseen(host: state.name, pool: pool, reason: reason))
  }

  /// The VM of the spec that has this name, wherever it is to be.
  func spec(_ name: String) -> MachineSpec? { site.machine(named: name) }

  /// True if the spec may have a VM of this name on the host.
  func isWanted(_ name: String) -> Bool {
    guard let spec = spec(name) else { return false }
    return spec.placement.isChosen ? spec.placement.hosts.contains(state.name) : spec.host == state.name
  }

  /// True if the volumes of the pool were looked at: it is the stack's, or the spec names it.
  func isRead(_ pool: Pool) -> Bool {
    pool.isActive && (identity.owns(pool) || site.pools.contains { $0.name.rawValue == pool.name })
  }
}

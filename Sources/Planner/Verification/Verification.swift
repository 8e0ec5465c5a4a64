import FoundationEssentials
public import SpecModel

/// What hosts have of a stack that no run of virtform leaves when it ends well. Does no I/O.
///
/// What differs from the spec is a plan's to tell; here is what marks, notes beside disks, files and locks say of each other.
public struct Verification: Sendable {
  /// The lock of the stack on a host.
  public struct Lock: Hashable, Sendable {
    public enum State: Hashable, Sendable {
      /// Its holder is gone; anybody may break it.
      case abandoned
      case held
      /// virtform did not make it, or a later version did.
      case unreadable
    }

    public let host: ResourceName
    public let state: State
    /// What it says of itself, for people.
    public let text: String

    public init(host: ResourceName, state: State, text: String) {
      self.host = host
      self.state = state
      self.text = text
    }
  }

  /// What nobody could look at.
  public struct Unseen: Hashable, Sendable {
    public let host: ResourceName
    /// A pool; nil for the whole host.
    public let pool: String?
    public let reason: String
  }

  public let stack: ResourceName
  /// In the order of hosts and objects.
  public let findings: [Finding]
  public let unseen: [Unseen]
  /// The lock of a run that is under way, whose half-done work may be among the findings.
  public let running: Lock?

  /// - Parameters:
  ///   - site: with its VMs on the hosts that have them.
  ///   - hosts: the state of each host that answers, without locks.
  ///   - unreachable: the other hosts.
  ///   - locks: those of the stack, on any host.
  public init(
    of site: Site, hosts: [HostState], unreachable: [UnreachableHost] = [], locks: [Lock] = []
  ) {
    stack = site.stack
    let all = SharedPools.united(hosts, of: site).sorted { $0.name < $1.name }
    let away = Set(unreachable.map(\.name))
    let views = Dictionary(
      SharedPools(site, unreachable: away).views(of: all).map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    let identity = Identity(stack: site.stack)
    let indices = all.map { HostIndex($0, identity: identity, moved: site.moved) }
    var findings: [Finding] = []
    var unseen = unreachable.map { Unseen(host: $0.name, pool: nil, reason: $0.reason) }
    for index in indices {
      var verifier = HostVerifier(
        site: site, host: index, view: views[index.state.name] ?? index.state, all: indices,
        seesAll: unreachable.isEmpty)
      verifier.verify()
      findings += verifier.findings
      unseen += verifier.unseen
    }
    findings += Self.duplicates(in: indices, site)
    for lock in locks {
      let virsh = all.first { $0.name == lock.host }?.virsh ?? Virsh()
      if let finding = Self.finding(lock, site.stack, virsh) { findings.append(finding) }
    }
    self.findings = Array(Set(findings)).sorted()
    self.unseen = unseen.sorted { ($0.host, $0.pool ?? "") < ($1.host, $1.pool ?? "") }
    running = locks.filter { $0.state == .held }.min { $0.host < $1.host }
  }

  /// What `verify --fix` does about those of `approved` that are still there, as steps; breaking locks is none.
  public func mending(_ approved: Set<Finding>) -> Plan {
    var draft = PlanDraft(stack: stack, goal: .converge)
    for finding in findings where approved.contains(finding) {
      var last: [Int] = []
      for mend in finding.mends {
        let operation: Operation
        let address: Address
        switch mend {
        case .deleteNote(let pool, let name):
          operation = .noteVolume(pool: pool, name: name, false)
          address = Address(.pool, pool, on: finding.host)
        case .deleteVolume(let pool, let name):
          operation = .deleteVolume(pool: pool, name: name)
          address = Address(.pool, pool, on: finding.host)
        case .breakLock: continue
        }
        last = [draft.add(operation, for: address, after: last, path: nil)]
      }
    }
    return draft.finished(for: [])
  }

  /// The findings that `verify --fix` does something about.
  public var mendable: [Finding] { findings.filter { !$0.mends.isEmpty } }
}

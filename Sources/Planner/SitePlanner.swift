import FoundationEssentials
public import SpecModel

/// Compares what a spec wants with what its hosts report, and says what to do about it. Does no I/O.
public struct SitePlanner {
  public enum Goal: Sendable {
    /// The hosts are as the spec says.
    case converge
    /// Nothing of the stack is left.
    case destroy
  }

  public struct Options: Hashable, Sendable {
    public var goal: Goal
    /// Whether the content of disks may be destroyed.
    public var dataLoss: DataLossConsent
    /// Whether guests, and networks that running guests use, are restarted for what they cannot take while they run,
    /// whatever the spec says.
    public var restarts: Bool
    /// Whether a guest that does not shut down in time is powered off, whatever the spec says.
    public var forcesShutdown = false
    /// VMs that are made anew: `vm.web-2`.
    public var replaced: [AddressPattern] = []
    /// The part of the plan that is wanted.
    public var scope = PlanScope.all
    /// Hosts that VMs have to leave, whatever the spec says of them.
    public var drained: Set<ResourceName> = []
    /// Unreachable hosts that somebody has made sure run nothing any more: their VMs may be started elsewhere.
    public var fenced: Set<ResourceName> = []
    /// The hosts that somebody wants VMs on, of those that the spec allows.
    public var destinations: [ResourceName: ResourceName] = [:]
    /// True if VMs are moved, and nothing else is changed.
    public var isOnlyMoves = false

    public init(goal: Goal = .converge, allowsDataLoss: Bool = false, restarts: Bool = false) {
      self.goal = goal
      dataLoss = allowsDataLoss ? .all : .none
      self.restarts = restarts
    }
  }

  /// Why there is no plan: each problem is placed in the spec where it can be.
  public struct Failure: Error, Sendable {
    public let diagnostics: [Diagnostic]
    /// True if nothing is wrong: the plan takes a consent which the run lacks, or more space than there is.
    public let isRefusal: Bool
  }

  /// The plan that takes `hosts` to what `site` wants.
  ///
  /// - Parameters:
  ///   - hosts: one state for each host of the site.
  ///   - images: the content of each image's file, by the image's name.
  ///   - unreachable: the hosts of the site whose state nobody knows.
  public static func plan(
    _ site: Site, hosts: [HostState], unreachable: [UnreachableHost] = [],
    images: [ResourceName: ImageContent], options: Options = Options()
  ) throws(Failure) -> Plan {
    let (draft, relocation, diagnostics) = draft(
      site, hosts: hosts, unreachable: unreachable, images: images, options: options)
    if diagnostics.hasErrors {
      let errors = diagnostics.sorted.count { $0.severity == .error }
      throw Failure(diagnostics: diagnostics.sorted, isRefusal: errors == draft.refusals)
    }
    let plan = finished(draft, relocation)
    guard options.isOnlyMoves else { return plan.restricted(to: options.scope, needs: draft.needs) }
    let asked = relocation.moves.filter { options.asks(for: $0.name, on: $0.from) }
    return plan.restrictedToMoves(
      of: Set(asked.map { Address(.vm, $0.name.rawValue, on: $0.to) }), words: options.moveWords,
      needs: draft.needs)
  }

  private static func finished(_ draft: PlanDraft, _ relocation: Relocation) -> Plan {
    var plan = draft.finished(for: relocation.site.machines, waits: relocation.waits)
    plan.unknown = relocation.unknown
    plan.gaps = relocation.gaps
    plan.placement = Dictionary(
      relocation.site.machines.filter(\.placement.isChosen).map { ($0.name, $0.host) },
      uniquingKeysWith: { first, _ in first })
    return plan
  }

  /// What differs, to look at: a plan that nobody may carry out, and what stands in the way of one.
  public static func differences(
    _ site: Site, hosts: [HostState], unreachable: [UnreachableHost] = [],
    images: [ResourceName: ImageContent]
  ) -> (plan: Plan, obstacles: [Diagnostic]) {
    let (draft, relocation, diagnostics) = draft(
      site, hosts: hosts, unreachable: unreachable, images: images, options: Options())
    return (finished(draft, relocation), diagnostics.sorted.filter { $0.severity == .error })
  }

  private static func draft(
    _ wanted: Site, hosts: [HostState], unreachable: [UnreachableHost],
    images: [ResourceName: ImageContent], options: Options
  ) -> (PlanDraft, Relocation, Diagnostics) {
    let diagnostics = Diagnostics()
    refuseUnknownHosts(options, wanted, former: wanted.formerHosts(in: hosts), diagnostics)
    refuseUnfitHosts(options, unreachable.map(\.name), wanted, diagnostics)
    refuseSharedHosts(wanted, hosts.sorted { $0.name < $1.name }, diagnostics)
    let relocation = Relocation(
      wanted, hosts: Adoption(wanted).adopting(hosts), unreachable: unreachable, options: options,
      diagnostics: diagnostics)
    // What is said of VMs that are on no host of their choice would be wrong.
    let hostDiagnostics = relocation.isPlaced ? diagnostics : Diagnostics()
    let (site, hosts) = (relocation.site, relocation.hosts.sorted { $0.name < $1.name })
    var draft = PlanDraft(stack: site.stack, goal: options.goal)
    let identity = Identity(stack: site.stack)
    draft.refusals += relocation.refusals
    for note in relocation.notes { draft.note(note.address, note.text) }
    let indices = hosts.map { HostIndex($0, identity: identity, moved: site.moved) }
    var known: Set<Address> = []
    for host in site.hosts {
      guard let index = indices.first(where: { $0.state.name == host.name }) else { continue }
      var desired = DesiredHost()
      if options.goal == .converge {
        var builder = DesiredHostBuilder(
          site: site, host: host, index: index, images: images, options: options,
          diagnostics: hostDiagnostics)
        desired = builder.build()
      }
      let elsewhere = indices.filter { $0.state.name != host.name }
      var planner = HostPlanner(
        site: site, desired: desired, host: index, elsewhere: elsewhere, relocation: relocation,
        options: options, diagnostics: hostDiagnostics,
        draft: PlanDraft(stack: site.stack, goal: options.goal))
      // Not copied: it grows with each host.
      swap(&planner.draft, &draft)
      planner.plan()
      swap(&planner.draft, &draft)
      known.formUnion(planner.addresses)
    }
    known.formUnion(draft.changes.map(\.address))
    let lost = Set(relocation.unknown.flatMap(\.machines))
    known.formUnion(
      site.machines.filter { lost.contains($0.name) }.map { Address(.vm, $0.name.rawValue, on: $0.host) })
    if relocation.isPlaced {
      refuseUnknown(options, known, relocation.moves, diagnostics)
    } else {
      draft.refusals = relocation.refusals
    }
    noteUnusedConsent(options, known, site, &draft)
    return (draft, relocation, diagnostics)
  }

  /// - Parameter former: hosts that have left the spec, of which somebody may say that they run nothing any more.
  private static func refuseUnknownHosts(
    _ options: Options, _ site: Site, former: [ResourceName], _ diagnostics: Diagnostics
  ) {
    let known = options.fenced.subtracting(former)
    for name in options.drained.union(known).sorted() where site.host(name) == nil {
      let near = diagnostics.nearest(to: name.rawValue, in: site.hosts.map(\.name.rawValue))
      diagnostics.error(
        "no host '\(name)' in this spec", at: nil, help: near.map { "did you mean '\($0)'?" })
    }
  }

  /// A host that answers is not fenced, and nothing moves from one that does not.
  private static func refuseUnfitHosts(
    _ options: Options, _ unreachable: [ResourceName], _ site: Site, _ diagnostics: Diagnostics
  ) {
    for name in options.fenced.sorted() where site.host(name) != nil && !unreachable.contains(name) {
      diagnostics.error(
        "host '\(name)' answers: --fenced is for hosts that do not", at: nil,
        help: "--drain \(name) moves its VMs to other hosts")
    }
    for name in options.drained.subtracting(options.fenced).sorted() where unreachable.contains(name) {
      let isDown = site.host(name)?.state == .down
      diagnostics.error(
        "host '\(name)' \(isDown ? "is down, as the spec says" : "does not answer"), and nothing moves from it",
        at: nil,
        help: "if nothing runs there any more, apply --fenced \(name) starts its VMs on other hosts")
    }
  }

  /// A name on the command line that names nothing is a slip of the pen.
  private static func refuseUnknown(
    _ options: Options, _ known: Set<Address>, _ moves: [Move], _ diagnostics: Diagnostics
  ) {
    let patterns = options.scope.targets + options.scope.excluded + options.replaced
    for pattern in patterns where !known.contains(where: pattern.matches) {
      if let move = moves.first(where: { pattern.matches(Address(.vm, $0.name.rawValue, on: $0.from)) }) {
        diagnostics.error(
          "VM '\(move.name)' moves from host '\(move.from)' to '\(move.to)', and is planned there", at: nil,
          help: "write \(move.to)/vm.\(move.name)")
        continue
      }
      let all = known.map(\.description).sorted()
      // The VMs of a count are several.
      let counted = all.filter { name in
        let number = name.dropFirst("\(pattern)-".count)
        return name.hasPrefix("\(pattern)-") && !number.isEmpty && number.allSatisfy(\.isNumber)
      }
      let near = diagnostics.nearest(to: "\(pattern)", in: all)
      diagnostics.error(
        "there is no '\(pattern)', neither in the spec nor on its hosts", at: nil,
        help: counted.first.map { "it is several: \($0) …; \(pattern)-* names them all" }
          ?? near.map { "did you mean '\($0)'?" }
          ?? "addresses are those that a plan shows, such as vm.web-2")
    }
    for pattern in options.replaced where pattern.kind != .vm {
      diagnostics.error("only a VM can be replaced, not '\(pattern)'", at: nil)
    }
  }

  /// Consent for a disk that is gone by now does no harm: a run that was cut off is repeated as it was. It may be a slip
  /// of the pen all the same.
  private static func noteUnusedConsent(
    _ options: Options, _ known: Set<Address>, _ site: Site, _ draft: inout PlanDraft
  ) {
    guard let host = site.hosts.map(\.name).min() else { return }
    // A VM has what its TPM holds.
    let holders = known.filter { $0.kind == .disk || $0.kind == .vm }
    for pattern in options.dataLoss.named where !holders.contains(where: pattern.matches) {
      draft.note(
        Address(pattern.kind, pattern.name, on: host),
        "--allow-data-loss-of \(pattern) names no disk that there is")
    }
  }

  /// Two names for one libvirt would each undo what the other does. One machine may well run two libvirts, so
  /// what is on them has to be the same, too.
  private static func refuseSharedHosts(_ site: Site, _ hosts: [HostState], _ diagnostics: Diagnostics) {
    for (index, host) in hosts.enumerated() {
      let objects = Self.objects(of: host)
      guard !host.capabilities.hostUUID.isEmpty, !objects.isEmpty else { continue }
      for earlier in hosts[..<index]
      where earlier.capabilities.hostUUID == host.capabilities.hostUUID
        && Self.objects(of: earlier) == objects
      {
        diagnostics.error(
          "hosts '\(earlier.name)' and '\(host.name)' reach the same libvirt",
          at: site.origins.location(of: SpecPath("hosts.\(host.name).uri")))
      }
    }
  }

  private static func objects(of host: HostState) -> Set<UUID> {
    Set(host.pools.map(\.uuid) + host.networks.map(\.uuid) + host.machines.map(\.uuid))
  }
}

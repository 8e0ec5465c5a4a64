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

  public struct Options: Sendable {
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
  public static func plan(
    _ site: Site, hosts: [HostState], images: [ResourceName: ImageContent], options: Options = Options()
  ) throws(Failure) -> Plan {
    let (draft, diagnostics) = draft(site, hosts: hosts, images: images, options: options)
    if diagnostics.hasErrors {
      let errors = diagnostics.sorted.count { $0.severity == .error }
      throw Failure(diagnostics: diagnostics.sorted, isRefusal: errors == draft.refusals)
    }
    return draft.finished(for: site.machines).restricted(to: options.scope, needs: draft.needs)
  }

  /// What differs, to look at: a plan that nobody may carry out, and what stands in the way of one.
  public static func differences(
    _ site: Site, hosts: [HostState], images: [ResourceName: ImageContent]
  ) -> (plan: Plan, obstacles: [Diagnostic]) {
    let (draft, diagnostics) = draft(site, hosts: hosts, images: images, options: Options())
    return (draft.finished(for: site.machines), diagnostics.sorted.filter { $0.severity == .error })
  }

  private static func draft(
    _ site: Site, hosts: [HostState], images: [ResourceName: ImageContent], options: Options
  ) -> (PlanDraft, Diagnostics) {
    let diagnostics = Diagnostics()
    var draft = PlanDraft(stack: site.stack, goal: options.goal)
    let identity = Identity(stack: site.stack)
    let hosts = hosts.sorted { $0.name < $1.name }
    refuseSharedHosts(site, hosts, diagnostics)
    let indices = hosts.map { HostIndex($0, identity: identity, moved: site.moved) }
    var known: Set<Address> = []
    for host in site.hosts {
      guard let index = indices.first(where: { $0.state.name == host.name }) else { continue }
      var desired = DesiredHost()
      if options.goal == .converge {
        var builder = DesiredHostBuilder(
          site: site, host: host, index: index, images: images, options: options,
          diagnostics: diagnostics)
        desired = builder.build()
      }
      let elsewhere = indices.filter { $0.state.name != host.name }
      var planner = HostPlanner(
        site: site, desired: desired, host: index, elsewhere: elsewhere, options: options,
        diagnostics: diagnostics, draft: draft)
      draft = planner.plan()
      known.formUnion(planner.addresses)
    }
    known.formUnion(draft.changes.map(\.address))
    refuseUnknown(options, known, diagnostics)
    noteUnusedConsent(options, known, site, &draft)
    return (draft, diagnostics)
  }

  /// A name on the command line that names nothing is a slip of the pen.
  private static func refuseUnknown(
    _ options: Options, _ known: Set<Address>, _ diagnostics: Diagnostics
  ) {
    let patterns = options.scope.targets + options.scope.excluded + options.replaced
    for pattern in patterns where !known.contains(where: pattern.matches) {
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

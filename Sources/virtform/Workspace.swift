import Applier
import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// A spec and the hosts it is about, opened and read.
struct Workspace {
  /// With its VMs where they are, or, once there is a plan, where they are to be.
  private(set) var site: Site
  let fleet: Fleet
  /// What the hosts have; empty until they are read.
  private(set) var states: [HostState] = []
  /// True if the stack was locked somewhere when they were read.
  private(set) var isLocked = false
  /// The content of the images, once it was read for a plan.
  private var images: [ResourceName: ImageContent]?
  /// The last plan and what it was asked for, as long as all that it was made from is the same.
  private var planned: (options: SitePlanner.Options, plan: Plan)?
  private let options: SpecOptions
  /// The hosts that do not answer, and those that are down by the spec.
  private(set) var unreachable: [HostError] = []

  private init(site: Site, fleet: Fleet, options: SpecOptions) {
    self.site = site
    self.fleet = fleet
    self.options = options
  }

  /// Opens all hosts and, if `reads`, reads them; if none can be reached, or not all although they are needed, says so and ends
  /// the command.
  static func open(
    _ options: SpecOptions, policy: PolicyOptions? = nil, access: Connection.Access, reads: Bool = true,
    needsAll: Bool = false
  ) async throws -> Workspace {
    try await open(
      try options.load(policy: policy), options, access: access, reads: reads, needsAll: needsAll)
  }

  /// The same for a VM's host alone; if the spec has no VM of that name, says so and ends the command.
  static func open(
    vm name: String, _ options: SpecOptions, access: Connection.Access
  ) async throws -> (workspace: Workspace, machine: MachineSpec) {
    let site = try options.load()
    let machine = try options.machine(name, in: site)
    let hosts = Set(machine.placement.isChosen ? machine.placement.hosts : [machine.host])
    let workspace = try await open(site, options, only: hosts, access: access, reads: true)
    // Where it is, if virtform has chosen the host.
    return (workspace, workspace.site.machine(machine.name) ?? machine)
  }

  /// The same for a site that is loaded already, or some of its hosts.
  ///
  /// - Parameter needsAll: whether each host has to answer, not just one.
  static func open(
    _ site: Site, _ options: SpecOptions, only hosts: Set<ResourceName>? = nil, access: Connection.Access,
    reads: Bool = true, needsAll: Bool = false
  ) async throws -> Workspace {
    let embedded = EmbeddedLibvirt(environment: ProcessInfo.processInfo.environment)
    let fleet = await Fleet.open(site, only: hosts, access: access, embedded: embedded) { host in
      options.reading.terms(for: host)
    }
    var workspace = Workspace(site: site, fleet: fleet, options: options)
    do {
      try workspace.accept(fleet.unreachable, needsAll: needsAll)
      return reads ? try await workspace.refreshed() : workspace
    } catch {
      await fleet.close()
      throw error
    }
  }

  /// Warns of hosts that do not answer; if none does, ends the command.
  private mutating func accept(_ failures: [HostError], needsAll: Bool = false) throws {
    let known = Set(unreachable.map(\.host))
    unreachable = failures
    let answering = fleet.sessions.keys.filter { name in !failures.contains { $0.host == name } }
    if !failures.isEmpty, answering.isEmpty || needsAll { throw Self.unreachable(failures, site) }
    let new = failures.filter { !known.contains($0.host) && site.host($0.host)?.state != .down }
    Terminal.report(new.map { Self.diagnostic(.warning, $0, site) })
  }

  /// Runs `body` and closes all hosts, however it ends.
  func closing<Value>(_ body: (Workspace) async throws -> Value) async throws -> Value {
    do {
      let value = try await body(self)
      await fleet.close()
      return value
    } catch {
      await fleet.close()
      throw error
    }
  }

  /// The VMs of the spec that are there, with their addresses, in the order of their names.
  func guestEntries(of specs: [MachineSpec]? = nil) async -> [GuestEntry] {
    let guests = (specs ?? site.machines).compactMap(existingGuest)
    let finder = GuestAddresses(embedded: EmbeddedLibvirt(environment: ProcessInfo.processInfo.environment))
    var entries: [GuestEntry] = []
    for (host, group) in Dictionary(grouping: guests, by: \.spec.host).sorted(by: { $0.key < $1.key }) {
      guard let session = fleet.sessions[host] else { continue }
      let found = await finder.find(for: group.map { ($0.spec, $0.machine) }, on: session)
      entries += group.map { GuestEntry(guest: $0, nics: found[$0.spec.name] ?? []) }
    }
    return entries.sorted { $0.guest.spec.name < $1.guest.spec.name }
  }

  /// `plan` as a file would have it.
  func saved(_ plan: Plan, options planning: SitePlanner.Options) -> SavedPlan {
    SavedPlan(
      plan, of: site, at: options.spec, hosts: states, options: planning, version: VersionCommand.current,
      redact: Terminal.redacted)
  }

  /// Says which hosts cannot be worked with.
  private static func unreachable(_ hosts: [HostError], _ site: Site) -> ExitStatus {
    Terminal.report(hosts.map { diagnostic(.error, $0, site) })
    return .failure
  }

  private static func diagnostic(_ severity: Diagnostic.Severity, _ host: HostError, _ site: Site)
    -> Diagnostic
  {
    Diagnostic(
      severity, host.description, at: site.origins.location(of: SpecPath("hosts.\(host.host).uri")))
  }

  /// Says why a host cannot be worked with.
  func unreachable(_ host: HostError) -> ExitStatus { Self.unreachable([host], site) }

  /// The same with what the hosts have now, and the image files unless they are taken to be as they were.
  func refreshed(keepingImages: Bool = false) async throws -> Workspace {
    var workspace = self
    if !keepingImages { workspace.images = nil }
    let (states, failures) = await fleet.inspect(site)
    try workspace.accept(failures)
    workspace.isLocked = states.contains { $0.hasLock(of: site.stack) }
    workspace.states = states.map(\.withoutLocks)
    workspace.site = site.located(in: workspace.states)
    // Images may have changed as well; who has read a plan and says yes to it gets a new one to compare it with.
    if !keepingImages || workspace.states != self.states || workspace.unreachable != unreachable {
      workspace.planned = nil
    }
    return workspace
  }

  /// The plan for `goal` with what the policy has against it at `time`; if there is none, says why and ends the command.
  mutating func plan(_ planning: SitePlanner.Options, at time: Date = Date()) async throws -> Plan {
    do {
      if images == nil, planning.goal == .converge { images = try await readImages() }
      let plan =
        try planned.flatMap { $0.options == planning ? $0.plan : nil }
        ?? SitePlanner.plan(
          site, hosts: states, unreachable: unknownHosts, images: images ?? [:], options: planning)
      planned = (planning, plan)
      let checked = plan.checked(against: site, hosts: states, at: time)
      site = site.placing(plan.placement)
      return checked
    } catch let failure as ImageStore.Failure {
      Terminal.report(failure.diagnostics)
      throw failure.isOfSpec ? ExitStatus.invalidSpec : .failure
    } catch let failure as SitePlanner.Failure {
      Terminal.report(failure.diagnostics)
      throw failure.isRefusal ? ExitStatus.refused : .failure
    }
  }

  /// What differs between the spec and its hosts, and what is in the way of a plan.
  mutating func differences() async throws -> (plan: Plan, obstacles: [Diagnostic]) {
    do {
      if images == nil { images = try await readImages() }
      return SitePlanner.differences(
        site, hosts: states, unreachable: unknownHosts, images: images ?? [:])
    } catch {
      Terminal.report(error.diagnostics)
      throw error.isOfSpec ? ExitStatus.invalidSpec : .failure
    }
  }

  private var unknownHosts: [UnreachableHost] {
    unreachable.map { UnreachableHost(name: $0.host, reason: $0.reason) }
  }

  /// True if a host does not answer that should.
  var lacksHosts: Bool { unreachable.contains { site.host($0.host)?.state != .down } }

  private func readImages() async throws(ImageStore.Failure) -> [ResourceName: ImageContent] {
    let view = ImageProgressView(isLive: Terminal.errorsAreTerminal)
    defer { view.end() }
    let cache = ImageCache(environment: ProcessInfo.processInfo.environment)
    return try await ImageStore(cache: cache) { view.show($0, $1) }.contents(of: site)
  }
}

public import SpecModel

extension SiteConsolidation {
  /// Looks for the fewest hosts that hold all VMs with the headroom left free.
  ///
  /// Rules, reserves and overcommit hold as they do in a plan. VMs whose host the spec names may go to others that have
  /// what they need, since another name would do.
  ///
  /// - Parameters:
  ///   - hosts: what the hosts have; not looked at where the spec is the basis.
  ///   - unreachable: hosts whose VMs nobody knows: they stay as they are.
  /// - Throws: a refusal if there is no place for all VMs, an error if nobody says what a host has.
  public static func propose(
    for site: Site, hosts: [HostState], unreachable: Set<ResourceName> = [], options: Options
  ) throws(SitePlanner.Failure) -> SiteConsolidation {
    try Consolidating(site, hosts: hosts, unreachable: unreachable, options: options).propose()
  }

  /// The changes of the spec that make it say what is proposed: hosts that are emptied are drained, and VMs whose host it names
  /// get another name, or, if the VMs of an entry go to several hosts, a list of them.
  public func edits(of site: Site) -> [SpecEdit] {
    let hosts = emptied.filter { site.host($0)?.state == .active }.map {
      SpecEdit("hosts", $0, "state", .one(HostPhase.drained.rawValue))
    }
    let named = site.hostsOfMachinesWithNamedHost
    let entries = Dictionary(grouping: site.machines) { $0.group ?? $0.name }
    return hosts
      + entries.sorted { $0.key < $1.key }.compactMap { entry, machines -> SpecEdit? in
        let isChanged = machines.contains { machine in
          named[machine.name] != nil && placement[machine.name].map { $0 != machine.host } ?? false
        }
        guard isChanged else { return nil }
        let places = Set(machines.map { placement[$0.name] ?? $0.host }).sorted().map(\.rawValue)
        return SpecEdit("vms", entry, "host", places.count == 1 ? .one(places[0]) : .list(places))
      }
  }

  /// What a spec says otherwise than is proposed; empty once all edits are made.
  public func contradictions(in site: Site) -> [String] {
    emptied.filter { site.host($0)?.state == .active }.map { "host '\($0)' is not drained" }
      + site.machines.compactMap { machine in
        guard let host = placement[machine.name], !machine.placement.hosts.contains(host) else {
          return nil
        }
        return "VM '\(machine.name)' may not be on host '\(host)'"
      }
  }
}

public import SpecModel

extension SitePlanner {
  /// The VMs as `site` wants them on hosts that are as `hosts` say, whatever is wrong elsewhere; by name.
  public static func wantedMachines(of site: Site, hosts: [HostState]) -> [ResourceName: Machine] {
    let identity = Identity(stack: site.stack)
    var machines: [ResourceName: Machine] = [:]
    for state in Adoption(site).adopting(hosts) {
      guard let host = site.host(state.name) else { continue }
      var builder = DesiredHostBuilder(
        site: site, host: host, index: HostIndex(state, identity: identity, moved: site.moved), images: [:],
        options: Options(), diagnostics: Diagnostics())
      for wanted in builder.build().machines { machines[wanted.spec.name] = wanted.machine }
    }
    return machines
  }
}

import SpecModel

/// Objects of the stack that the spec has no word of, and networks that VMs miss.
extension HostVerifier {
  mutating func verifyPresence(of machine: Machine) {
    let name = host.specName(of: machine)
    guard spec(name) == nil else { return }
    find(
      .notInSpec, "vm.\(name)", "is the stack's, and the spec has no VM of that name",
      machine.isProtected
        ? .person(
          "it stays, since it is protected: put it back into the spec, or take back protect: true first")
        : .apply(
          isForgotten(.machine, name) ? "lets it go" : "removes it; its disks stay without --allow-data-loss")
    )
  }

  private enum Forgettable { case machine, network }

  private func isForgotten(_ kind: Forgettable, _ name: String) -> Bool {
    site.forgotten.contains { forgotten in
      switch (kind, forgotten.subject) {
      case (.machine, .machine(let it)), (.network, .network(let it)): it.rawValue == name
      case (.machine, .network), (.network, .machine): false
      }
    }
  }

  mutating func verifyPresence(of network: Network) {
    let name = host.specName(of: network)
    if let origin = network.parkedFor {
      find(
        .parkedNetwork, "network.\(network.name)",
        "is where guests of network '\(origin)' were while it restarted, and a run was cut off then",
        .apply("plugs them in again and takes it away"))
      return
    }
    let spec = site.networks.first { $0.name.rawValue == name }
    guard let spec, spec.isObject, spec.hosts.contains(state.name) else {
      find(
        .notInSpec, "network.\(name)", at: spec?.path,
        "is the stack's, and the spec has no network of that name on this host",
        network.isProtected
          ? .person(
            "it stays, since it is protected: put it back into the spec, or take back protect: true first")
          : .apply(isForgotten(.network, name) ? "lets it go" : "removes it unless something uses it"))
      return
    }
    let users = state.machines.filter { $0.isActive && $0.networks.contains(network.name) }
    guard !network.isActive, !users.isEmpty else { return }
    find(
      .stoppedNetwork, "network.\(name)", at: spec.path,
      "is stopped, and running VMs are on it: " + users.map { "'\($0.domainName)'" }.joined(separator: ", "),
      .apply("starts it and plugs them in again"))
  }

  mutating func verifyNetworks(of machine: Machine) {
    let name = host.specName(of: machine)
    let path = spec(name)?.path
    for network in machine.networks.sorted() where host.network(named: network) == nil {
      let isWanted = site.networks.contains {
        $0.name.rawValue == network && $0.isObject && !$0.isExternal && $0.hosts.contains(state.name)
      }
      find(
        .missingNetwork, "vm.\(name)", at: path,
        "is on network '\(network)', which the host does not have: \(machine.isActive ? "its NIC leads nowhere" : "it cannot start")",
        isWanted
          ? .apply("makes the network") : .person("define it again, or take the NIC out of the spec"))
    }
    guard let filters = state.filterNames else { return }
    for filter in machine.filters.subtracting(filters).sorted() {
      let isWanted = site.firewalls.contains { identity.filterName($0.name) == filter }
      find(
        .missingFilter, "vm.\(name)", at: path,
        "has the network filter '\(filter)', which the host does not have: it cannot start",
        isWanted ? .apply("makes the filter") : .person("define it again, or take it off the NIC"))
    }
  }

  mutating func verifyPools() {
    for pool in state.pools {
      let spec = site.pools.first { $0.name.rawValue == pool.name }
      if identity.owns(pool), !(spec?.hosts.contains(state.name) ?? false) {
        find(
          .notInSpec, "pool.\(pool.name)", at: spec?.path,
          "is the stack's, and the spec has no pool of that name on this host",
          .apply("removes it unless something uses it; what is in it stays"))
      } else if spec?.hosts.contains(state.name) ?? false, !pool.isActive {
        leaveUnseen(pool.name, "it is not active; the next apply starts it")
      }
    }
  }

  mutating func verifyFirewalls() {
    let wanted = Set(site.firewalls.map(\.name.rawValue))
    for firewall in state.firewalls ?? [] where !wanted.contains(firewall.specName) {
      find(
        .notInSpec, "firewall.\(firewall.specName)",
        "is the stack's, and the spec has no firewall of that name",
        .apply("removes it unless something uses it"))
    }
  }
}

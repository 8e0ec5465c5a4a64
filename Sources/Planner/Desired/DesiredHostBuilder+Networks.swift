import SpecModel

/// Networks, and what their DHCP servers reserve for the NICs of VMs.
extension DesiredHostBuilder {
  /// nil for what no host has an object for, and for what is there already.
  func wantedNetwork(_ spec: NetworkSpec) -> DesiredHost.WantedNetwork? {
    guard spec.isObject else { return nil }
    let name = spec.name.rawValue
    if spec.isExternal {
      let actual = index.network(named: name)
      if actual?.isActive != true {
        report(
          actual == nil
            ? "host '\(host.name)' has no network '\(name)'"
            : "the external network '\(name)' on host '\(host.name)' is not active", at: spec.path,
          help: actual == nil
            ? "an external network must be there; leave out 'external' to have it made"
            : "start it: \(state.virsh("net-start \(name)"))")
      }
      return nil
    }
    if !state.isPrivileged {
      report(
        "host '\(host.name)' runs without root and cannot make a network of mode \(spec.mode.rawValue)",
        at: spec.path,
        help: "use mode: user, or a host whose libvirt runs as root")
    }
    var network = Network(
      name: libvirtName(ofNetwork: spec.name),
      uuid: index.ownNetwork(named: name)?.uuid ?? identity.uuid(.network, name), mode: spec.mode,
      isActive: true)
    network.specName = name
    if let plan = spec.ipv4 { network.ipv4 = Network.Subnet(plan) }
    if let plan = spec.ipv6 { network.ipv6 = Network.Subnet(plan) }
    network.translatesIPv6 = spec.translatesIPv6
    network.domain = spec.domain
    for (name, addresses) in spec.records {
      for address in addresses { network.records[.init(name, address.family)] = address }
    }
    network.bridge = spec.bridge
    network.devices = spec.devices
    network.macvtap = spec.macvtap
    for (name, group) in spec.portgroups { network.portgroups[name.rawValue] = group }
    network.mtu = spec.mtu
    network.autostart = spec.autostart
    network.isProtected = spec.isProtected
    network.ipv4.reservations = reservations(on: spec)
    network.ipv6.reservations = ipv6Reservations(on: spec)
    return .init(spec: spec, network: network)
  }

  /// A network that was renamed keeps the name that it was made with.
  func libvirtName(ofNetwork name: ResourceName) -> String {
    if site.network(name)?.isExternal == true { return name.rawValue }
    return index.ownNetwork(named: name.rawValue)?.name ?? name.rawValue
  }

  /// The mode of a network of the spec; of one that is used as it is, as its host has it.
  func mode(ofNetwork name: ResourceName) -> NetworkMode? {
    guard let spec = site.network(name), !spec.isExternal else {
      return index.network(named: name.rawValue)?.mode
    }
    return spec.mode
  }

  /// The port group that the NIC is in, with what it has from it.
  func portgroup(of nic: NICSpec) -> Machine.PortgroupUse? {
    guard let name = nic.portgroup else { return nil }
    let spec = site.network(nic.network)
    let group =
      spec?.isExternal == false
      ? spec?.portgroups[name] : index.network(named: nic.network.rawValue)?.portgroups[name.rawValue]
    if spec?.isExternal == true, group == nil {
      report(
        "the network '\(nic.network)' on host '\(host.name)' has no port group '\(name)'",
        at: nic.path + "portgroup",
        help: "\(state.virsh("net-dumpxml \(nic.network)")) shows those that it has")
    }
    return Machine.PortgroupUse(
      name: name.rawValue, vlan: nic.vlan == nil ? group?.vlan : nil, qos: nic.qos == nil ? group?.qos : nil)
  }

  /// The address that a running guest has on a NIC whose other one waits for its restart. Until then DHCP goes on
  /// knowing the guest by this one.
  private func addressUntilRestart(of nic: NICSpec, _ machine: MachineSpec) -> MACAddress? {
    let waits =
      nic.mac != nil && !options.restarts && machine.onChange != .restartIfNeeded && !isReplaced(machine)
      && machine.settings.state != .off
    guard waits, let actual = index.ownMachine(named: machine.name.rawValue) else { return nil }
    return index.guest(of: actual)?.nics.first { $0.name == nic.name.rawValue }?.mac
  }

  private func reservations(on network: NetworkSpec) -> Set<Network.Reservation<IPv4Address>> {
    var reservations: Set<Network.Reservation<IPv4Address>> = []
    var holders: [MACAddress: ResourceName] = [:]
    for machine in site.machines(on: host.name) {
      // libvirt adds no second address of a name to an active network: the first interface has it.
      var hostname = machine.name.rawValue
      for nic in machine.nics where nic.network == network.name {
        guard let ip = nic.ip else { continue }
        let mac =
          addressUntilRestart(of: nic, machine) ?? nic.mac
          ?? index.address(ofNIC: nic.name.rawValue, of: machine.name.rawValue)
        if let holder = holders.updateValue(machine.name, forKey: mac) {
          report(
            "VM '\(holder)' has the MAC address \(mac), too, and DHCP can reserve but one address for it",
            at: nic.path,
            help:
              "where one of the two has it until it restarts: restart that one first, or allow it with --restart"
          )
        }
        reservations.insert(.init(mac: mac, ip: ip, hostname: hostname))
        hostname = ""
      }
    }
    return reservations
  }

  /// DHCP for IPv6 knows guests by the names that they call themselves: libvirt takes no MAC address there.
  private func ipv6Reservations(on network: NetworkSpec) -> Set<Network.Reservation<IPv6Address>> {
    Set(
      site.machines(on: host.name).flatMap { machine in
        machine.nics.filter { $0.network == network.name }.compactMap { nic in
          nic.ipv6.map { .init(ip: $0, hostname: machine.guestName) }
        }
      })
  }
}

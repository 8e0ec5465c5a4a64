import CloudInit
import SpecModel

/// What a VM's cloud-init or its Ignition reads, in volumes whose names have the digests of their content.
extension DesiredHostBuilder {
  func seed(of spec: MachineSpec, _ actual: Machine?) -> Seed? {
    guard let cloudInit = spec.cloudInit else { return nil }
    // A VM that is made anew gets the UUID of its name, and what has it by now may have been renamed.
    let made = identity.uuid(.machine, spec.name.rawValue)
    let uuid = isReplaced(spec) ? made : actual?.uuid ?? made
    let nics = spec.nics.map { nic in
      GuestNIC(
        name: nic.name.rawValue, mac: mac(of: nic, of: spec, actual), addresses: nic.addresses,
        nameservers: nic.nameservers, dhcp: nic.dhcp)
    }
    return Seed(cloudInit, identity: uuid.uuidString.lowercased(), nics: nics)
  }

  func image(of seed: Seed, for spec: MachineSpec) -> DesiredHost.WantedImage? {
    let name = "\(spec.name).\(SeedDrive.name)"
    if let pool = spec.pool { checkFile("what cloud-init reads", in: pool, at: spec.path + "cloud_init") }
    guard let pool = spec.pool,
      let volume = volume(
        .seed, base: "\(name)-\(seed.digest.prefix(12))", format: .raw,
        capacity: ByteCount(rawValue: UInt64(seed.length)), pool: pool)
    else { return nil }
    return .init(name: name, source: .seed(seed), volume: volume, path: spec.path + "cloud_init")
  }

  func image(of config: IgnitionConfig, for spec: MachineSpec) -> DesiredHost.WantedImage? {
    guard state.capabilities.driver == .qemu else {
      report(
        "host '\(host.name)' cannot hand a config to Ignition", at: spec.path + "ignition",
        help: "it takes QEMU, whose firmware device the guest reads")
      return nil
    }
    let name = "\(spec.name).ignition"
    if let pool = spec.pool { checkFile("what Ignition reads", in: pool, at: spec.path + "ignition") }
    guard let pool = spec.pool,
      let volume = volume(
        .ignition, base: "\(name)-\(config.digest.prefix(12))", format: .raw,
        capacity: ByteCount(rawValue: UInt64(config.length)), pool: pool)
    else { return nil }
    return .init(name: name, source: .ignition(config), volume: volume, path: spec.path + "ignition")
  }

  /// The address that the NIC has once the plan is done.
  private func mac(of nic: NICSpec, of spec: MachineSpec, _ actual: Machine?) -> MACAddress {
    if let mac = nic.mac { return mac }
    let path = NICField.mac.path(of: nic.name.rawValue)
    if let actual, let guest = index.guest(of: actual), !isReplaced(spec), spec.settings.state != .off,
      actual.pendingRestart(of: guest).contains(path),
      let mac = guest.nics.first(where: { $0.name == nic.name.rawValue })?.mac
    {
      // An address that the spec takes back before the guest has it never was.
      return mac
    }
    return index.address(ofNIC: nic.name.rawValue, of: spec.name.rawValue)
  }
}

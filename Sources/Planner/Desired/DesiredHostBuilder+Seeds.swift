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
    document(
      .seed, called: SeedDrive.name, "what cloud-init reads", .seed(seed), digest: seed.digest,
      length: seed.length, of: spec, at: spec.path + "cloud_init")
  }

  func image(of config: IgnitionConfig, for spec: MachineSpec) -> DesiredHost.WantedImage? {
    let path = spec.path + "ignition"
    guard state.capabilities.driver.can(.ignition) else {
      report(
        "host '\(host.name)' cannot hand a config to Ignition", at: path,
        help: "it takes QEMU, whose firmware device the guest reads")
      return nil
    }
    return document(
      .ignition, called: "ignition", "what Ignition reads", .ignition(config), digest: config.digest,
      length: config.length, of: spec, at: path)
  }

  /// The volume of a document that a guest reads, in the pool of its VM.
  private func document(
    _ kind: Identity.VolumeKind, called name: String, _ words: String,
    _ source: DesiredHost.WantedImage.Source, digest: String, length: Int, of spec: MachineSpec,
    at path: SpecPath
  ) -> DesiredHost.WantedImage? {
    let name = "\(spec.name).\(name)"
    guard let pool = spec.pool else { return nil }
    checkFile(words, in: pool, at: path)
    guard
      let volume = volume(
        kind, base: "\(name)-\(digest.prefix(12))", format: .raw,
        capacity: ByteCount(rawValue: UInt64(length)), pool: pool)
    else { return nil }
    return .init(name: name, source: source, volume: volume, path: path)
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

import CloudInit
import SpecModel

/// Seeds: what a VM's cloud-init reads, as a CD whose name has the digest of its content.
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
    guard let pool = spec.pool,
      let volume = volume(
        .seed, base: "\(name)-\(seed.digest.prefix(12))", format: .raw,
        capacity: ByteCount(rawValue: UInt64(seed.length)), pool: pool)
    else { return nil }
    return .init(name: name, source: .seed(seed), volume: volume, path: spec.path + "cloud_init")
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

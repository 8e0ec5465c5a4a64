/// What a host's driver can do beside what the rows of fields say of it.
///
/// Whoever plans, inspects or carries out asks here; `docs/hypervisors.md` is written from it, too.
public enum DriverAbility: String, CaseIterable, Sendable {
  case marking, userNetworks, replugging, firewalls, renaming, ignition, moving

  /// What the ability is, for people.
  var summary: String {
    switch self {
    case .marking: "what is a stack's is marked as that, and its definition can be edited"
    case .userNetworks: "NICs on QEMU's user-mode network, `mode: user`"
    case .replugging: "a network that restarts is plugged in again under running guests"
    case .firewalls: "network filters, `firewalls:`"
    case .renaming: "a VM is renamed, `moved:`"
    case .ignition: "a config for Ignition, `ignition:`"
    case .moving: "a VM moves to another host"
    }
  }

  /// What the plan does without it, for people.
  var otherwise: String {
    switch self {
    case .marking: "refused at the host"
    case .userNetworks: "refused at the NIC"
    case .replugging: "the network restarts when its guests are off"
    case .firewalls: "refused at the firewall"
    case .renaming: "refused at the VM"
    case .ignition: "refused at `ignition`"
    case .moving: "refused at the VM, or it stays where it is"
    }
  }

  var drivers: [HostCapabilities.Driver] {
    switch self {
    case .marking: [.qemu, .xen, .test]
    case .userNetworks: [.qemu, .test]
    case .replugging, .firewalls, .ignition, .moving: [.qemu]
    case .renaming: [.qemu, .test]
    }
  }
}

extension HostCapabilities.Driver {
  public func can(_ ability: DriverAbility) -> Bool {
    // Of a driver that is none of the table's, libvirt tells when it is asked.
    if case .other = self { return ability == .marking }
    return ability.drivers.contains(self)
  }

  /// The largest weight of a VM that its scheduler takes, of those that a spec may have.
  var largestWeight: Int { self == .xen ? 65_535 : .max }
}

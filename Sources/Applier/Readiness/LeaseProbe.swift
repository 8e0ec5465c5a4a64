import Libvirt
import Synchronization

/// True when a NIC has got an address since the wait began: by DHCP, or as the guest's agent says.
///
/// A guest that was restarted has its lease from before until that ends. It counts only once it was renewed.
final class LeaseProbe: Probe {
  private let nic: String
  private let places: GuestPlaces
  /// The leases there were at first.
  private let former = Mutex<Set<DHCPLease>?>(nil)

  init(nic: String, places: GuestPlaces) {
    self.nic = nic
    self.places = places
  }

  func look() async throws -> Sighting {
    guard let interface = places.interfaces.first(where: { $0.name == nic }) else {
      return .never("the VM has no NIC '\(nic)'")
    }
    let leases = try await places.leases(of: interface)
    let former = former.withLock { former in
      former = former ?? Set(leases)
      return former ?? []
    }
    // A lease without end is never renewed.
    if leases.contains(where: { $0.expiry == 0 || !former.contains($0) }) { return .ready }
    if await !places.agentAddresses(of: [interface]).isEmpty { return .ready }
    return .notYet(
      leases.first.map { "only the lease of \($0.address) from before" } ?? "no lease and no agent's word")
  }
}

import Libvirt
public import SpecModel

extension HostSession {
  /// The addresses that DHCP has handed out on the host's networks, by MAC address, the newest lease first.
  /// A network without DHCP, or a driver without leases, adds nothing.
  public func leasedAddresses() async -> [MACAddress: [String]] {
    let networks = (try? await connection.networks(.active)) ?? []
    let leases = await concurrently(networks) { (try? await $0.leases()) ?? [] }.flatMap { $0 }
    var addresses: [MACAddress: [String]] = [:]
    // A guest that was rebuilt has its old lease beside the new one.
    for lease in leases.sorted(by: { $0.expiry > $1.expiry }) {
      guard let mac = try? MACAddress(parsing: lease.mac ?? "") else { continue }
      addresses[mac, default: []].append(lease.address)
    }
    return addresses.mapValues { Array($0.prefix(1)) }
  }
}

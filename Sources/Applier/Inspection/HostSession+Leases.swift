import Libvirt
public import SpecModel

extension HostSession {
  /// The addresses that DHCP has handed out on the host's networks, by MAC address: of each family the newest one, that of
  /// IPv4 first.
  /// A network without DHCP, or a driver without leases, adds nothing.
  public func leasedAddresses() async -> [MACAddress: [String]] {
    let networks = (try? await connection.networks(.active)) ?? []
    let leases = await concurrently(networks) { (try? await $0.leases()) ?? [] }.flatMap { $0 }
    var addresses: [MACAddress: [AddressFamily: IPAddress]] = [:]
    // A guest that was rebuilt has its old lease beside the new one.
    for lease in leases.sorted(by: { $0.expiry > $1.expiry }) {
      guard let mac = try? MACAddress(parsing: lease.mac ?? ""),
        let address = try? IPAddress(parsing: lease.address)
      else { continue }
      if addresses[mac]?[address.family] == nil { addresses[mac, default: [:]][address.family] = address }
    }
    return addresses.mapValues { $0.values.sorted().map(\.description) }
  }
}

import Libvirt
import SpecModel

extension HostSession {
  /// Where the host keeps the lock of `stack`.
  ///
  /// - Throws: if its driver cannot keep one: ESX would make a switch of a network, and forgets UUID and metadata.
  func lockStore(of stack: ResourceName) throws(HostError) -> LockStore {
    if case .uri(let uri) = host.connection, ["esx", "vpx"].contains(uri.driver) {
      throw failure("libvirt's driver for \(uri.driver) keeps nothing that could be a lock")
    }
    var store = LockStore(host: host.name, connection: connection, stack: stack)
    // libvirt's test driver removes networks by their name, whatever the UUID.
    if case .uri(let uri) = host.connection { store.usesDomains = uri.driver == "test" }
    return store
  }

  func failure(_ reason: String) -> HostError {
    HostError(host: host.name, uri: connection.uri, reason: reason)
  }
}

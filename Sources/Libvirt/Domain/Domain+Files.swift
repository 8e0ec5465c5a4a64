internal import CLibvirt
import Glibc

extension Domain {
  /// Whether the host has the file of a disk, as far as libvirt can tell; follows `virDomainGetBlockInfo`, which a read-only
  /// connection may call. nil where it cannot: the driver knows no such call, or the file is what it may not look into.
  ///
  /// - Parameter path: the disk's source, as the definition has it.
  public func hasFile(ofDisk path: String) async throws -> Bool? {
    do {
      return try await call("virDomainGetBlockInfo") { call, domain in
        var info = virDomainBlockInfo()
        _ = try call.check(virDomainGetBlockInfo(domain, path, &info, 0))
        return true
      }
    } catch let error as LibvirtError where !error.isConnectionFailure {
      return error.systemCode == ENOENT ? false : nil
    }
  }
}

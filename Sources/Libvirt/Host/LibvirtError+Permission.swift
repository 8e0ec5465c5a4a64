import Glibc

extension LibvirtError {
  /// True if the caller lacks a right: to connect to libvirt's socket, or to make this call.
  public var isPermissionDenied: Bool {
    switch code {
    case .accessDenied, .operationDenied, .authenticationFailed, .authenticationCancelled,
      .authenticationUnavailable:
      true
    case .systemError: systemCode == EACCES || systemCode == EPERM
    default: false
    }
  }
}

internal import CLibvirt
import Glibc

extension LibvirtError {
  /// True if a connection was not made for a reason that passes: nothing was asked of the host yet.
  ///
  /// - A daemon that restarts refuses its socket, or hangs up (`ECONNREFUSED`, `ECONNRESET`, `EPIPE`).
  /// - One that has as many clients as it takes answers later (`EAGAIN`: the socket's queue is full).
  /// - sshd turns away who comes when many log in at once (`MaxStartups`), and says so as ssh does.
  ///
  /// A socket that is not there, a name that is not known and a login that fails are the same a moment later.
  var isTransientConnectionFailure: Bool {
    guard code == .systemError || code == .internalError || code == .rpcError, exceeded == nil else {
      return false
    }
    if [ECONNREFUSED, ECONNRESET, EPIPE, EAGAIN].contains(systemCode) { return true }
    let words = [
      "Connection refused", "Connection reset by peer", "kex_exchange_identification",
      "Connection closed by remote host",
    ]
    return words.contains(where: message.contains)
  }

  /// True if a call of that effect failed for a reason that passes, and was not carried out.
  ///
  /// libvirt does one thing at a time to a domain. Who has waited 30 seconds for their turn gets
  /// `VIR_ERR_OPERATION_TIMEOUT` and "cannot acquire state change lock": nothing was begun. Other calls that change
  /// something and time out may have done it, so only these words count for them.
  ///
  /// A connection that broke is none of it: nobody knows whether the call arrived, and no further one would.
  func isTransient(for effect: CallEffect) -> Bool {
    guard code == .operationTimeout, !isConnectionFailure, exceeded == nil else { return false }
    switch effect {
    case .reads: return true
    case .changes: return message.contains("cannot acquire state change lock")
    }
  }
}

internal import CLibvirt

/// An error that libvirt reported.
public struct LibvirtError: Error, Hashable, Sendable {
  /// What kind of error it is (`virErrorNumber`).
  public let code: Code
  /// The part of libvirt that reported it (`virErrorDomain`).
  public let domain: Int32
  /// libvirt's own words, in the daemon's language.
  public let message: String
  /// The function of libvirt that was called, `virDomainDefineXMLFlags`.
  public let call: String
  /// Whether the connection or the host failed, not the object that was asked for: other calls on the same
  /// connection will fail, too.
  public internal(set) var isConnectionFailure: Bool
  /// The kind whose limit the call took longer than; nil for what libvirt itself reported.
  public internal(set) var exceeded: CallKind?
  /// The system's error number of a failed system call, and 0 for anything else.
  let systemCode: Int32

  public init(
    code: Code, domain: Int32 = 0, message: String, call: String, isConnectionFailure: Bool = false,
    systemCode: Int32 = 0
  ) {
    self.systemCode = systemCode
    self.code = code
    self.domain = domain
    self.message = message
    self.call = call
    self.isConnectionFailure = isConnectionFailure
  }
}

extension LibvirtError: CustomStringConvertible {
  /// In one line: QEMU, for one, says what went wrong in several.
  public var description: String {
    let lines = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
    return "\(lines) (\(call)\(exceeded == nil ? ", libvirt error \(code.rawValue)" : ""))"
  }
}

extension LibvirtError {
  /// Copies the last error of this thread, following `virGetLastError`.
  init(lastOf call: String) {
    guard let error = virGetLastError()?.pointee, error.code != 0 else {
      self.init(code: .internalError, message: "failed without saying why", call: call)
      return
    }
    let code = Code(rawValue: error.code)
    self.init(
      code: code, domain: error.domain, message: error.message.map { String(cString: $0) } ?? "unknown error",
      call: call,
      isConnectionFailure: Self.isConnectionFailure(code, domain: error.domain),
      systemCode: code == .systemError ? error.int1 : 0)
  }

  /// The error of a call that took longer than it may.
  init(exceeding limit: Duration, of kind: CallKind, call: String) {
    let time = "\(limit.formatted)"
    let words =
      switch kind {
      case .connect: "no connection within \(time)"
      case .read: "the host did not answer within \(time)"
      case .change: "the host did not answer within \(time), and may have done it or not"
      case .upload: "the host took nothing more for \(time)"
      case .copy: "the host did not finish a copy or a migration within \(time)"
      }
    self.init(
      code: .operationTimeout, message: "\(words); --timeout \(kind.rawValue)=TIME sets another limit",
      call: call,
      isConnectionFailure: true)
    exceeded = kind
  }

  /// The error of a call that never reached libvirt.
  init(_ cause: CallQueueError, call: String) {
    switch cause {
    case .finished:
      self.init(
        code: .invalidConnection, message: "the connection is closed", call: call, isConnectionFailure: true)
    case .givenUp:
      self.init(
        code: .invalidConnection,
        message: "the connection was given up, since the host did not answer another call",
        call: call, isConnectionFailure: true)
    case .noThread:
      self.init(code: .systemError, message: "the system gives no more threads", call: call)
    }
  }

  private static func isConnectionFailure(_ code: Code, domain: Int32) -> Bool {
    switch code {
    case .noConnect, .invalidConnection, .authenticationFailed, .authenticationCancelled,
      .authenticationUnavailable, .tlsError, .unknownHost, .sshError:
      true
    case .systemError, .internalError:
      domain == Int32(VIR_FROM_RPC.rawValue) || domain == Int32(VIR_FROM_SSH.rawValue)
    default:
      false
    }
  }
}

#if VIRTFORM_FAULTS
  import Glibc
  import Synchronization

  /// Numbers the calls of the process, and has one of them fail: for tests of what comes of it. Debug builds alone have it,
  /// and there nothing happens unless the environment says so.
  ///
  /// - `VIRTFORM_FAULT`: the fault and the number of the call that it befalls, `denied:12`; `denied:12+` befalls all calls from
  ///   that one on.
  /// - `VIRTFORM_CALL_LOG`: a file that gets a line for each call before it is made, `12 changes virDomainCreateWithFlags`, with
  ///   the fault behind it where one befalls it.
  final class CallFaults: Sendable {
    /// What the environment of this process says; nil if nothing.
    static let ofProcess: CallFaults? = {
      let fault = getenv("VIRTFORM_FAULT").map { String(cString: $0) }
      let log = getenv("VIRTFORM_CALL_LOG").map { String(cString: $0) }
      guard fault != nil || log != nil else { return nil }
      let parsed = fault.map { text in
        guard let fault = CallFault(parsing: text) else {
          fatalError("VIRTFORM_FAULT is not a fault and a number: \(text)")
        }
        return fault
      }
      return CallFaults(parsed, log: log)
    }()

    private let fault: CallFault?
    var hasFault: Bool { fault != nil }
    private let log: Int32
    private let count = Atomic(0)

    init(_ fault: CallFault?, log: String? = nil) {
      self.fault = fault
      self.log = log.map { open($0, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600) } ?? -1
    }

    deinit {
      if log >= 0 { close(log) }
    }

    /// Makes a call, unless the fault says otherwise.
    ///
    /// - Parameter link: of the connection that the call is made on.
    func befall<Value>(
      _ function: String, _ effect: CallEffect, on link: Link, _ call: () throws -> Value
    ) throws -> Value {
      let number = count.wrappingAdd(1, ordering: .relaxed).newValue
      let kind = link.isLost ? .lost : fault?.kind(for: number)
      write("\(number) \(effect) \(function)\(kind.map { " \($0.rawValue)" } ?? "")\n")
      switch kind {
      case nil: return try call()
      case .killBefore: Self.endProcess()
      case .killAfter:
        _ = try? call()
        Self.endProcess()
      case .unanswered:
        _ = try? call()
        link.isLost = true
      case .lost: link.isLost = true
      case .transient, .denied, .full: break
      }
      throw LibvirtError(kind ?? .lost, call: function)
    }

    private func write(_ line: String) {
      guard log >= 0 else { return }
      var line = line
      _ = line.withUTF8 { Glibc.write(log, $0.baseAddress, $0.count) }
    }

    private static func endProcess() -> Never {
      kill(getpid(), SIGKILL)
      while true { pause() }
    }

    /// Whether a connection is lost, as far as faults know.
    final class Link: Sendable {
      private let state = Atomic(false)

      var isLost: Bool {
        get { state.load(ordering: .acquiring) }
        set { state.store(newValue, ordering: .releasing) }
      }
    }
  }

  /// What befalls which calls.
  struct CallFault: Hashable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
      /// The process is killed before the call is made.
      case killBefore = "kill-before"
      /// The process is killed when the call has returned.
      case killAfter = "kill-after"
      /// The call is not made, and fails for a reason that passes.
      case transient
      /// The call is not made, and neither is any later one on the connection: it is lost.
      case lost
      /// The call is made, but the connection is lost before its answer comes.
      case unanswered
      /// The call is not made, since it is not permitted.
      case denied
      /// The call is not made, since there is no room on the host.
      case full
    }

    let kind: Kind
    /// The number of the first call that it befalls, from 1.
    let first: Int
    /// Whether it befalls all later calls, too.
    let goesOn: Bool

    /// Reads `denied:12` or `denied:12+`.
    init?(parsing text: String) {
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else { return nil }
      goesOn = parts[1].last == "+"
      guard let first = Int(goesOn ? parts[1].dropLast() : parts[1]), first > 0 else { return nil }
      (self.kind, self.first) = (kind, first)
    }

    func kind(for number: Int) -> Kind? {
      number == first || goesOn && number > first ? kind : nil
    }
  }

  extension LibvirtError {
    /// What libvirt says in such a case.
    fileprivate init(_ kind: CallFault.Kind, call: String) {
      let isConnecting = call == "virConnectOpenAuth"
      switch kind {
      case .transient where isConnecting:
        self.init(
          code: .systemError, message: "Failed to connect socket: Connection refused", call: call,
          isConnectionFailure: true, systemCode: ECONNREFUSED)
      case .transient:
        self.init(
          code: .operationTimeout,
          message: "Timed out during operation: cannot acquire state change lock (held by a test)", call: call
        )
      case .denied:
        self.init(
          code: .operationDenied, message: "operation forbidden: a test does not permit it", call: call,
          isConnectionFailure: isConnecting)
      case .full:
        self.init(
          code: .systemError, message: "cannot write data: No space left on device", call: call,
          isConnectionFailure: isConnecting, systemCode: ENOSPC)
      case .lost, .unanswered, .killBefore, .killAfter:
        self.init(
          code: isConnecting ? .noConnect : .internalError, message: "client socket is closed", call: call,
          isConnectionFailure: true)
      }
    }
  }
#endif

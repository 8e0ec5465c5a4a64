import Glibc
import Testing

@testable import Libvirt

/// How long calls may take, and which are made again.
@Suite("Time-outs and retries") struct CallTermsTests {
  private static let uri = "test:///default"

  private func error<Value>(of body: () async throws -> Value) async -> LibvirtError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error as? LibvirtError
    }
  }

  // MARK: Time-outs

  @Test(
    "a call that hangs is given up, and with it all that waits or comes later; closing does not wait for it")
  func hangingCall() async throws {
    let terms = CallTerms(limits: [.read: .milliseconds(200)])
    let connection = try await Connection.open(Self.uri, access: .readWrite, terms: terms)
    let gate = Gate()
    defer { gate.open() }
    // One that has a limit; four more take the threads that are left, and the sixth never begins.
    let first = Task { [self] in
      await error {
        try await connection.call("virHang") { _ in gate.wait() }
      }
    }
    while connection.calls["virHang"] == 0 { try await Task.sleep(for: .milliseconds(1)) }
    let others = (0..<5).map { _ in
      Task { [self] in await error { try await connection.call("virHang", .changes) { _ in gate.wait() } } }
    }
    let hanging = [first] + others
    var errors: [LibvirtError] = []
    for task in hanging { if let error = await task.value { errors.append(error) } }
    #expect(errors.count == 6)
    #expect(errors.allSatisfy { $0.isConnectionFailure })
    #expect(
      errors.filter { $0.exceeded == .read }.map(\.description) == [
        "the host did not answer within 0.2s; --timeout read=TIME sets another limit (virHang)"
      ])
    let later = await error { try await connection.hostname() }
    #expect(
      later?.message == "the connection was given up, since the host did not answer another call")
    #expect(await connection.closeCountingReferences() == nil)
  }

  @Test("what a call returns after its time is dropped, and does no harm")
  func lateResult() async throws {
    let terms = CallTerms(limits: [.read: .milliseconds(100)])
    let connection = try await Connection.open(Self.uri, access: .readWrite, terms: terms)
    let gate = Gate()
    let returned = Gate()
    let error = await error {
      try await connection.call("virHang") { _ in
        defer { returned.open() }
        gate.wait()
        return 7
      }
    }
    #expect(error?.exceeded == .read)
    await connection.close()
    gate.open()
    returned.wait()
  }

  @Test("a long call that makes progress is waited for, and given up when it makes none")
  func progress() async throws {
    let terms = CallTerms(limits: [.upload: .milliseconds(300)])
    let connection = try await Connection.open(Self.uri, access: .readWrite, terms: terms)
    let value = try await connection.callOnThreadOfItsOwn("virLong", .changes, .upload) { call in
      for _ in 0..<10 {
        usleep(100_000)
        call.activity?.note()
      }
      return 1
    }
    #expect(value == 1)
    let gate = Gate()
    defer { gate.open() }
    let error = await error {
      try await connection.callOnThreadOfItsOwn("virLong", .changes, .upload) { _ in gate.wait() }
    }
    #expect(
      error?.description
        == "the host took nothing more for 0.3s; --timeout upload=TIME sets another limit (virLong)")
    #expect(await self.error { try await connection.hostname() }?.isConnectionFailure == true)
  }

  @Test("a host that takes a connection and says nothing is given up")
  func silentHost() async throws {
    let server = try SilentServer()
    let terms = CallTerms(limits: [.connect: .milliseconds(300)])
    let error = await error { try await Connection.open(server.uri, access: .readOnly, terms: terms) }
    #expect(
      error?.description
        == "no connection within 0.3s; --timeout connect=TIME sets another limit (virConnectOpenAuth)")
    #expect(error?.exceeded == .connect)
  }

  @Test("limits are measured by the clock that is given, and without a limit nothing is given up")
  func clock() async throws {
    let gate = Gate()
    let hours = try await Connection.open(
      Self.uri, access: .readOnly, terms: CallTerms(limits: [.read: .seconds(7200)], clock: InstantClock()))
    let error = await error { try await hours.call("virHang") { _ in gate.wait() } }
    gate.open()
    #expect(
      error?.message == "the host did not answer within 2h; --timeout read=TIME sets another limit")
    let patient = try await Connection.open(
      Self.uri, access: .readOnly, terms: CallTerms(limits: [:], clock: InstantClock()))
    #expect(try await patient.call("virSlow") { _ in usleep(100_000) } == 0)
    await patient.close()
  }

  // MARK: Retries

  private func lockError(_ message: String) -> LibvirtError {
    LibvirtError(code: .operationTimeout, message: message, call: "virDomainSetVcpusFlags")
  }

  private static let stateLock =
    "Timed out during operation: cannot acquire state change lock (held by monitor)"

  /// How often a call that fails with `error` is made, and what is told of it.
  private func attempts(_ error: LibvirtError, _ effect: CallEffect) async throws -> (
    count: Int, told: [String]
  ) {
    let told = Shared<[String]>([])
    let terms = CallTerms(limits: [:], pauses: [.seconds(1), .seconds(2)], clock: InstantClock()) { retry in
      told.change {
        $0.append("\(retry.number) of \(retry.most) after \(retry.pause): \(retry.error.message)")
      }
    }
    let connection = try await Connection.open(Self.uri, access: .readWrite, terms: terms)
    let failure = await self.error { try await connection.call("virFail", effect) { _ in throw error } }
    #expect(failure == error)
    let count = connection.calls["virFail"]
    await connection.close()
    return (count, told.value)
  }

  @Test("a domain that others work on is asked again, for changes as well: nothing was begun")
  func stateLock() async throws {
    for effect in [CallEffect.reads, .changes] {
      let (count, told) = try await attempts(lockError(Self.stateLock), effect)
      #expect(count == 3)
      #expect(
        told == [
          "1 of 2 after 1.0 seconds: \(Self.stateLock)", "2 of 2 after 2.0 seconds: \(Self.stateLock)",
        ])
    }
  }

  @Test("a change that may have happened is made once; so is what fails for good")
  func onlyOnce() async throws {
    #expect(try await attempts(lockError("Timed out during operation: block job"), .changes).count == 1)
    #expect(try await attempts(lockError("Timed out during operation: block job"), .reads).count == 3)
    for code in [LibvirtError.Code.noDomain, .operationInvalid, .agentUnresponsive, .rpcError] {
      let error = LibvirtError(code: code, message: "cannot acquire state change lock", call: "virFail")
      #expect(try await attempts(error, .reads).count == 1)
    }
    let lost = LibvirtError(
      code: .operationTimeout, message: Self.stateLock, call: "virFail", isConnectionFailure: true)
    #expect(try await attempts(lost, .reads).count == 1)
  }

  @Test("a daemon that refuses connections is tried again")
  func refusedConnection() async throws {
    let told = Shared(0)
    let terms = CallTerms(limits: [:], clock: InstantClock()) { _ in told.change { $0 += 1 } }
    let server = try SilentServer()
    server.close()
    let refused = await error { try await Connection.open(server.uri, access: .readOnly, terms: terms) }
    #expect(refused?.systemCode == ECONNREFUSED)
    #expect(told.value == 3)
    let once = await error {
      try await Connection.open(server.uri, access: .readOnly, terms: terms, isTriedAgain: false)
    }
    #expect(once?.systemCode == ECONNREFUSED)
    #expect(told.value == 3)
    // What is called on a connection that was to be made at once, or not at all, is made again like any other call.
    let connection = try await Connection.open(
      Self.uri, access: .readOnly, terms: terms, isTriedAgain: false)
    _ = await error {
      try await connection.call("virFail") { _ in
        throw LibvirtError(code: .operationTimeout, message: Self.stateLock, call: "virFail")
      }
    }
    #expect(told.value == 6)
    await connection.close()
    // A socket that is not there is a mistake, or a daemon that is not installed.
    let missing = await error {
      try await Connection.open("qemu+unix:///system?socket=/tmp/none/none", access: .readOnly, terms: terms)
    }
    #expect(missing?.systemCode == ENOENT)
    #expect(told.value == 6)
  }

  @Test("ssh that is turned away is tried again, and a login that fails is not")
  func ssh() {
    func isTransient(_ message: String) -> Bool {
      LibvirtError(code: .systemError, message: message, call: "virConnectOpenAuth")
        .isTransientConnectionFailure
    }
    let end = "Cannot recv data: "
    #expect(
      isTransient(
        end + "kex_exchange_identification: Connection closed by remote host: Connection reset by peer"))
    #expect(
      isTransient(end + "ssh: connect to host rack1 port 22: Connection refused: Connection reset by peer"))
    #expect(!isTransient(end + "root@rack1: Permission denied (publickey).: Input/output error"))
    #expect(
      !isTransient(
        end + "ssh: Could not resolve hostname rack1: Name or service not known: Input/output error"))
  }
}

/// Time that passes at once.
struct InstantClock: Clock {
  let minimumResolution = Duration.zero
  var now: ContinuousClock.Instant { ContinuousClock.now }

  func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
}

/// A socket that takes connections and never answers.
private final class SilentServer: Sendable {
  private let descriptor: Int32
  private let path: String

  init() throws {
    path = "/tmp/vfs-\(UInt32.random(in: 0...UInt32.max)).sock"
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(result == 0)
    try #require(listen(descriptor, 8) == 0)
  }

  var uri: String { "qemu+unix:///system?socket=\(path)" }

  /// The socket stays, with nobody behind it.
  func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  deinit {
    Glibc.close(descriptor)
    unlink(path)
  }
}

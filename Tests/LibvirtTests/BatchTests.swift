import Glibc
import Testing

@testable import Libvirt

/// Calls of which a connection's threads take one after the other.
@Suite("Batches of calls")
struct BatchTests {
  private static let uri = "test:///default"

  private func connection(
    pauses: [Duration] = [.seconds(1), .seconds(2)], limits: [CallKind: Duration] = [:],
    report: @escaping @Sendable (CallTerms.Retry) -> Void = { _ in }
  ) async throws -> Connection {
    let terms = CallTerms(limits: limits, pauses: pauses, clock: InstantClock(), report: report)
    return try await Connection.open(Self.uri, access: .readWrite, terms: terms)
  }

  @Test("answers come in the order of what was asked for, and each call is counted")
  func order() async throws {
    let connection = try await connection()
    let squares = try await connection.calls("virSquare", forEach: Array(0..<1000)) { _, number in
      number * number
    }
    #expect(squares == (0..<1000).map { $0 * $0 })
    #expect(connection.calls["virSquare"] == 1000)
    #expect(try await connection.calls("virNone", forEach: [Int]()) { _, number in number }.isEmpty)
    await connection.close()
  }

  @Test("documents of many domains are read, and those that are gone have none")
  func documents() async throws {
    let host = try await Fixtures.emptyHost()
    for number in 1...20 {
      _ = try await host.defineDomain(Fixtures.domain("vm-\(number)"), validate: false)
    }
    let domains = try await host.domains()
    try await domains[7].undefine()
    let names = try await host.documents(of: domains, .inactive) { domain, document in
      document.first("name")?.text == domain.name ? domain.name : nil
    }
    #expect(names.count == 20)
    #expect(names[7] == nil)
    for (index, domain) in domains.enumerated() where index != 7 { #expect(names[index] == domain.name) }
    await host.close()
  }

  @Test("what fails for a reason that passes is made again, by itself, after a pause that is told")
  func retries() async throws {
    let told = Shared<[String]>([])
    let connection = try await connection { retry in
      told.change { $0.append("\(retry.number) of \(retry.most) after \(retry.pause)") }
    }
    let failed = Shared<[Int: Int]>([:])
    let numbers = try await connection.calls("virBusy", forEach: Array(0..<100)) { _, number in
      // Two of them, one twice.
      let times = [30: 1, 60: 2][number] ?? 0
      let before = failed.change { counts in
        defer { counts[number, default: 0] += 1 }
        return counts[number, default: 0]
      }
      if before < times { throw Self.busy }
      return number
    }
    #expect(numbers == Array(0..<100))
    #expect(
      told.value == ["1 of 2 after 1.0 seconds", "1 of 2 after 1.0 seconds", "2 of 2 after 2.0 seconds"])
    #expect(connection.calls["virBusy"] == 103)
    await connection.close()
  }

  @Test("what goes on failing is an error after as many times as a single call, also without any pause")
  func failures() async throws {
    for pauses in [[], [Duration.seconds(1), .seconds(2)]] {
      let connection = try await connection(pauses: pauses)
      await #expect(throws: Self.busy) {
        try await connection.calls("virBusy", forEach: [1, 2, 3]) { _, number in
          if number == 2 { throw Self.busy }
        }
      }
      #expect(connection.calls["virBusy"] == 3 + pauses.count)
      await connection.close()
    }
  }

  @Test("the first error that does not pass ends it, and leaves the rest")
  func ends() async throws {
    let connection = try await connection()
    let broken = LibvirtError(code: .internalError, message: "broken", call: "virBreak")
    await #expect(throws: broken) {
      try await connection.calls("virBreak", forEach: Array(0..<100_000)) { _, number in
        if number == 10 { throw broken }
      }
    }
    #expect(connection.calls["virBreak"] < 100_000)
    await connection.close()
    let closed = await #expect(throws: LibvirtError.self) {
      try await connection.calls("virClosed", forEach: [1]) { _, number in number }
    }
    #expect(closed?.code == .invalidConnection)
  }

  @Test("time is measured for each call, not for all of them; one that hangs is given up with the connection")
  func limits() async throws {
    let gate = Gate()
    let terms = CallTerms(limits: [.read: .milliseconds(300)], clock: SuspendingClock())
    let connection = try await Connection.open(Self.uri, access: .readOnly, terms: terms)
    // Together much longer than the limit, each much shorter.
    let slow = try await connection.calls("virSlow", forEach: Array(0..<100)) { _, number in
      usleep(20_000)
      return number
    }
    #expect(slow.count == 100)
    let error = await #expect(throws: LibvirtError.self) {
      try await connection.calls("virHang", forEach: Array(0..<100)) { _, number in
        if number == 50 { gate.wait() }
      }
    }
    gate.open()
    #expect(error?.exceeded == .read)
    let later = await #expect(throws: LibvirtError.self) { try await connection.domains() }
    #expect(later?.isConnectionFailure == true)
  }

  @Test("a task that is cancelled gets no answers, and what has not begun is left")
  func cancelled() async throws {
    let connection = try await connection()
    let gate = Gate()
    let task = Task {
      try await connection.calls("virWait", forEach: Array(0..<1000)) { _, number in
        gate.wait()
        return number
      }
    }
    while connection.calls["virWait"] < 5 { await Task.yield() }
    task.cancel()
    gate.open()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(connection.calls["virWait"] < 1000)
    await connection.close()
  }

  private static let busy = LibvirtError(
    code: .operationTimeout, message: "cannot acquire state change lock (held by a test)", call: "virBusy")
}

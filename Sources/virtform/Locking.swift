import Applier
import Planner
import Reports
import SpecModel

/// Takes the lock of a workspace's stack, and says what comes up.
struct Locking {
  private let workspace: Workspace

  init(_ workspace: Workspace) { self.workspace = workspace }

  /// Runs `body` under the lock, and releases it however that ends.
  func holding(
    command: String, timeout: TimeSpan, _ body: (StackLock) async throws -> Void
  ) async throws {
    let lock = try await take(LockRequest(workspace.site.stack, command: command, timeout: timeout))
    do {
      try await body(lock)
    } catch {
      await Self.release(lock)
      throw error
    }
    await Self.release(lock)
  }

  /// Takes the lock on all hosts; if it cannot be had, says why and ends the command.
  func take(_ request: LockRequest) async throws -> StackLock {
    let stack = workspace.site.stack
    do {
      return try await StackLock.take(request, on: workspace.fleet) { Self.tell($0, stack) }
    } catch .held(let held) {
      throw Terminal.fail(
        LockText.sentence(held, stack: stack),
        help: "wait for it with --lock-timeout 10m; "
          + "if nothing works there any more, see 'virtform lock --status' and 'virtform unlock'", .locked)
    } catch .host(let host) {
      throw workspace.unreachable(host)
    }
  }

  /// Breaks locks whose holders are gone, and no other.
  func breakAbandoned() async throws {
    let stack = workspace.site.stack
    let events = try await failing { () async throws(HostError) in
      try await workspace.fleet.breakAbandonedLocks(of: stack)
    }
    for event in events { Self.tell(event, stack) }
  }

  private static func tell(_ event: LockEvent, _ stack: ResourceName) {
    let line = LockText.line(event, stack: stack)
    if Terminal.speech == .text { Terminal.print(line) }
    Terminal.tell(.lock(line))
  }

  private func held() async throws -> [HeldLock] {
    try await failing { () async throws(HostError) in
      try await workspace.fleet.locks(of: workspace.site.stack)
    }
  }

  /// The locks of all hosts, for a program.
  func document() async throws -> StructuredValue {
    let locks = try await held()
    return [
      "format_version": .string(PlanDocument.formatVersion),
      "stack": .string(workspace.site.stack.rawValue),
      "hosts": .list(
        workspace.site.hosts.map { host in
          let lock = locks.first { $0.host == host.name }
          return [
            "host": .string(host.name.rawValue), "locked": .bool(lock != nil),
            "lock": lock?.record.map(LockText.json) ?? .null,
          ]
        }),
    ]
  }

  /// What to verify of the locks of all hosts.
  func verified() async throws -> [Verification.Lock] {
    try await held().map { held in
      let state: Verification.Lock.State =
        held.record == nil ? .unreadable : held.abandonment == nil ? .held : .abandoned
      return Verification.Lock(host: held.host, state: state, text: LockText.details(held))
    }
  }

  /// Shows the lock of every host; returns those that there are.
  func show() async throws -> [HeldLock] {
    let locks = try await held()
    for host in workspace.site.hosts {
      let held = locks.first { $0.host == host.name }
      Terminal.print("host \(host.name)  " + (held.map { "locked \(LockText.details($0))" } ?? "not locked"))
    }
    return locks
  }

  /// Breaks those very locks; what virtform did not make stays and is an error.
  func breakLocks(_ locks: [HeldLock]) async throws {
    for held in locks where held.record != nil {
      let isBroken = try await failing { () async throws(HostError) in
        try await workspace.fleet.breakLock(held, of: workspace.site.stack)
      }
      Terminal.print(
        "host \(held.host)  " + (isBroken ? "the lock is broken" : "the lock was released meanwhile"))
    }
    guard let foreign = locks.first(where: { $0.record == nil }) else { return }
    throw Terminal.fail(
      "what locks host '\(foreign.host)' was not made by this virtform, and stays",
      help: workspace.fleet.sessions[foreign.host].map { session in
        "look at it with: "
          + session.virsh("net-dumpxml \(ResourceName.lockPrefix)\(workspace.site.stack)")
      })
  }

  private func failing<Value>(_ body: () async throws(HostError) -> Value) async throws -> Value {
    do {
      return try await body()
    } catch {
      throw workspace.unreachable(error)
    }
  }

  static func release(_ lock: StackLock) async {
    Terminal.report((await lock.release()).map { Diagnostic(.warning, $0, at: nil) })
  }
}

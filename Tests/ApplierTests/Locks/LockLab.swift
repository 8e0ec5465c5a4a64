import FoundationEssentials
import Glibc
import Libvirt
import SpecModel
import Synchronization
import Testing

@testable import Applier

/// A stack on a host of its own, and people who want its lock.
final class LockLab: Sendable {
  /// A libvirtd with QEMU on this machine, nil to go without.
  static let daemon = ProcessInfo.processInfo.environment["VIRTFORM_TEST_URI"]

  let stack: ResourceName
  let keeper: Connection
  /// The connections of those who race: on a daemon, each has its own.
  let racers: [Connection]

  /// - Parameter uri: of a daemon; without it, a test driver that only `keeper` sees.
  init(racers count: Int = 0, uri: String? = nil) async throws {
    stack = try ResourceName(parsing: "s\(UInt32.random(in: 0...UInt32.max))")
    if let uri {
      keeper = try await Connection.open(uri, access: .readWrite)
      var racers: [Connection] = []
      for _ in 0..<count { racers.append(try await Connection.open(uri, access: .readWrite)) }
      self.racers = racers
    } else {
      keeper = try await Self.privateHost()
      racers = Array(repeating: keeper, count: count)
    }
  }

  /// A driver that starts from a file is private to its connection.
  static func privateHost() async throws -> Connection {
    let node = "/tmp/vfn-\(UInt32.random(in: 0...UInt32.max)).xml"
    try "<node/>".write(toFile: node, atomically: true, encoding: .utf8)
    defer { unlink(node) }
    return try await Connection.open("test://\(node)", access: .readWrite)
  }

  var store: LockStore { get throws { try store(on: keeper) } }

  func store(on connection: Connection, usesDomains: Bool = false) throws -> LockStore {
    var store = LockStore(host: try ResourceName(parsing: "sim"), connection: connection, stack: stack)
    store.usesDomains = usesDomains
    return store
  }

  /// A holder on another machine, of whose process nothing can be known here.
  static func stranger(_ name: String = "anna") -> LockHolder {
    LockHolder(user: name, host: "desk", pid: 4711, process: nil)
  }

  static func holder(_ process: ProcessIdentity?) -> LockHolder {
    LockHolder(user: "anna", host: "desk", pid: process?.pid ?? 0, process: process)
  }

  func request(
    by holder: LockHolder = LockLab.stranger(), command: String = "apply", reason: String? = nil,
    hasLease: Bool = true, timeout: Int = 0
  ) -> LockRequest {
    LockRequest(
      stack, command: command, reason: reason, hasLease: hasLease, timeout: TimeSpan(seconds: timeout),
      holder: holder)
  }

  /// Puts a lock there that `holder` has just taken, or took at the time of `terms`.
  @discardableResult
  func take(
    by holder: LockHolder = LockLab.stranger(), hasLease: Bool = true, on store: LockStore? = nil,
    terms: LockTerms = LockLab.terms(), events: Events = Events()
  ) async throws -> LockRecord {
    try await (store ?? self.store).take(
      request(by: holder, hasLease: hasLease), until: .now, terms: terms, report: events.add)
  }

  /// A lock that `keeper` has taken and renews.
  func hold(_ record: LockRecord, terms: LockTerms = LockTerms()) throws -> HostLock {
    HostLock(record, in: try store, terms: terms, open: { [keeper] _, _ in keeper })
  }

  /// All racers go for the lock at once; returns what those have who got it.
  func race(usesDomains: Bool, events: Events = Events()) async throws -> [LockRecord] {
    try await withThrowingTaskGroup(of: LockRecord?.self) { group in
      for (index, connection) in racers.enumerated() {
        let store = try store(on: connection, usesDomains: usesDomains)
        group.addTask {
          do {
            return try await self.take(by: Self.stranger("racer\(index)"), on: store, events: events)
          } catch LockError.held {
            return nil
          }
        }
      }
      return try await group.reduce(into: []) { winners, record in
        if let record { winners.append(record) }
      }
    }
  }

  /// Terms by a clock that is off by so many seconds, which look at a lock for a moment only.
  static func terms(clockOffset: TimeInterval = 0) -> LockTerms {
    var terms = LockTerms()
    terms.watch = .milliseconds(30)
    terms.poll = .milliseconds(5)
    terms.now = { Date.now + clockOffset }
    return terms
  }

  /// Hosts with these names and connections; their URIs in the spec mean nothing.
  static func fleet(_ hosts: [(name: String, connection: Connection)]) throws -> Fleet {
    let lines = hosts.map { "  \($0.name): {uri: \"test:///\($0.name)\"}\n" }.joined()
    let text = "virtform: 1\nstack: s\nhosts:\n\(lines)"
    let site = try #require(
      SpecLoader(environment: [:]).load([SourceText(path: "site.yaml", text: text)]).site)
    var sessions: [ResourceName: HostSession] = [:]
    for host in site.hosts {
      let connection = try #require(hosts.first { $0.name == host.name.rawValue }).connection
      sessions[host.name] = HostSession(host: host, connection: connection, isPrivileged: true)
    }
    return Fleet(sessions: sessions)
  }

  /// What was reported, in words.
  final class Events: Sendable {
    private let list = Mutex<[LockEvent]>([])

    var words: [String] {
      list.withLock { events in
        events.map { event in
          switch event {
          case .broke(let held, let why): "broke \(held.host) \(why)"
          case .waiting(let held): "waiting \(held.host)"
          case .watching(let held, _): "watching \(held.host)"
          }
        }
      }
    }

    @Sendable func add(_ event: LockEvent) { list.withLock { $0.append(event) } }
  }

  /// Whoever an attempt found in its way; nil if it got the lock.
  static func obstacle(_ body: () async throws -> Void) async throws -> HeldLock? {
    do {
      try await body()
      return nil
    } catch LockError.held(let held) {
      return held
    }
  }
}

import FoundationEssentials
import Libvirt
import Planner
import Synchronization

/// What a host said within the last second, for the many steps of a run that would each ask it the same.
///
/// A run holds the lock of its stack, so what it asks about is changed by itself, which knows what it did, or by a person.
struct RecentAnswers: Sendable {
  private let pools = Answers<StoragePool?>()
  private let volumes = Answers<Set<String>>()
  private let clones = Answers<[String: String]>()
  private let domains = Answers<Set<UUID>>()

  /// The pool of that name; nil if there is none.
  func pool(named name: String, on connection: Connection) async throws -> StoragePool? {
    let question = Question(connection, name)
    let pool = try await pools.answer(to: question) { try await connection.storagePool(named: name) }
    // A step that makes it may come next.
    if pool == nil { pools.forget(question) }
    return pool
  }

  /// The names of the volumes in the pool, as far as libvirt knows them.
  func volumeNames(in pool: StoragePool) async throws -> Set<String> {
    try await volumes.answer(to: Question(pool.connection, pool.name)) {
      Set(try await pool.volumes().map(\.name))
    }
  }

  /// The volumes that are not the stack's and have a backing file, by its path.
  func foreignClones(in pool: StoragePool, _ identity: Identity) async throws -> [String: String] {
    try await clones.answer(to: Question(pool.connection, pool.name)) {
      let foreign = try await pool.volumes().filter { identity.volume(named: $0.name) == nil }
      let backings = try await concurrentlyThrowing(foreign) { volume in
        try await present({ try await volume.xml() }, unless: .noStorageVolume)?.at("backingStore", "path")?
          .text
      }
      return Dictionary(
        zip(backings, foreign).compactMap { path, volume in path.map { ($0, volume.name) } },
        uniquingKeysWith: { first, _ in first })
    }
  }

  /// The UUIDs of all domains of the host.
  func domains(on connection: Connection) async throws -> Set<UUID> {
    try await domains.answer(to: Question(connection, "")) {
      Set(try await connection.domains().map(\.uuid))
    }
  }

  private struct Question: Hashable {
    let host: ObjectIdentifier
    let pool: String

    init(_ connection: Connection, _ pool: String) {
      host = ObjectIdentifier(connection)
      self.pool = pool
    }
  }

  /// The answers to questions of one kind. Who asks while the host is being asked waits for the same answer.
  private final class Answers<Value: Sendable>: Sendable {
    private struct Kept {
      let asked: ContinuousClock.Instant
      let task: Task<Value, any Error>
      /// Once it is there: who finds it need not wait for a task.
      var value: Value?
    }

    /// How long an answer counts.
    private let lifetime = Duration.seconds(1)
    private let kept = Mutex<[Question: Kept]>([:])

    func answer(
      to question: Question, _ ask: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
      let found = kept.withLock { kept in
        let now = ContinuousClock.now
        if let there = kept[question], now < there.asked + lifetime { return there }
        let new = Kept(asked: now, task: Task(operation: ask))
        kept[question] = new
        return new
      }
      if let value = found.value { return value }
      do {
        let value = try await found.task.value
        kept.withLock { kept in
          if kept[question]?.asked == found.asked { kept[question]?.value = value }
        }
        return value
      } catch {
        forget(question)
        throw error
      }
    }

    func forget(_ question: Question) { kept.withLock { $0[question] = nil } }
  }
}

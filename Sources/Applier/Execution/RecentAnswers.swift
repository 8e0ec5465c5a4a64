import FoundationEssentials
import Libvirt
import Planner

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
    if pool == nil { await pools.forget(question) }
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
  private actor Answers<Value: Sendable> {
    /// How long an answer counts.
    private let lifetime = Duration.seconds(1)
    private var kept: [Question: (asked: ContinuousClock.Instant, task: Task<Value, any Error>)] = [:]

    func answer(
      to question: Question, _ ask: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
      do {
        return try await task(for: question, ask).value
      } catch {
        forget(question)
        throw error
      }
    }

    private func task(
      for question: Question, _ ask: @escaping @Sendable () async throws -> Value
    ) -> Task<Value, any Error> {
      let now = ContinuousClock.now
      if let kept = kept[question], now < kept.asked + lifetime { return kept.task }
      let task = Task(operation: ask)
      kept[question] = (now, task)
      return task
    }

    func forget(_ question: Question) { kept[question] = nil }
  }
}

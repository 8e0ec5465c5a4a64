import FoundationEssentials
import Libvirt
import Planner
import SpecModel

extension Inspector {
  /// What libvirt knows of snapshots and checkpoints of the stack's VMs. Two calls tell which have any; only those cost more.
  func readSnapshots(into state: inout HostState) async throws {
    async let withSnapshots = session.connection.domains(.hasSnapshot)
    async let checkpointed = session.connection.checkpointedDomains()
    let identity = Identity(stack: site.stack)
    let own = Set(state.machines.filter(identity.owns).map(\.uuid))
    let domains = try await withSnapshots.filter { own.contains($0.uuid) }
    let found = try await concurrentlyThrowing(domains) { domain -> (UUID, [Snapshot])? in
      try await present({ try await self.snapshots(of: domain) }, unless: .noDomain).map { (domain.uuid, $0) }
    }
    state.snapshots = Dictionary(found.compactMap { $0 }, uniquingKeysWith: { first, _ in first })
    state.checkpointed = own.intersection(try await checkpointed)
  }

  private func snapshots(of domain: Domain) async throws -> [Snapshot] {
    var files: [String: Set<String>] = [:]
    for snapshot in try await domain.snapshots(external: true) {
      let document = try await present({ try await snapshot.xml() }, unless: .noDomainSnapshot)
      files[snapshot.name] = document.map(SnapshotsDocument.files)
    }
    return try await domain.snapshots().map { Snapshot(name: $0.name, files: files[$0.name] ?? []) }
  }
}

extension Connection {
  /// The domains that have checkpoints; none on a libvirt that has no word for them.
  func checkpointedDomains() async throws -> Set<UUID> {
    do {
      return Set(try await domains(.hasCheckpoint).map(\.uuid))
    } catch let error as LibvirtError where error.code == .invalidArgument {
      return []
    }
  }
}

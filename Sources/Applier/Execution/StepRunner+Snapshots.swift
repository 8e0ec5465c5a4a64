import Libvirt
import Planner

extension StepRunner {
  /// Has libvirt forget the snapshots of a VM that is about to move, since it moves none with snapshots. What it knew is in
  /// the VM's metadata then, which moves with it: a run that is cut off from here on leaves it to the next one.
  ///
  /// Returns what to give to ``restore(_:of:)``; nil if there is nothing.
  func takeSnapshots(of domain: Domain, _ migration: Migration) async throws -> CarriedSnapshots? {
    if try await connection.checkpointedDomains().contains(domain.uuid) {
      throw Failure(description: "it has checkpoints by now, which libvirt would lose; plan again")
    }
    let there = try await domain.snapshots()
    let carried = try SnapshotsDocument.read(from: try await domain.xml(.inactive, secure: true))
    guard !there.isEmpty else { return carried }
    if !migration.copies.isEmpty {
      throw Failure(description: "it has snapshots by now, which copies of its disks would lose; plan again")
    }
    let snapshots = try await merge(there, into: carried ?? CarriedSnapshots())
    try await write(snapshots, of: domain)
    do {
      for snapshot in there.reversed() { try await snapshot.deleteMetadata() }
    } catch {
      try? await restore(snapshots, of: domain)
      throw error
    }
    return snapshots
  }

  private func merge(_ there: [DomainSnapshot], into carried: CarriedSnapshots) async throws
    -> CarriedSnapshots
  {
    var snapshots = carried
    for snapshot in there {
      let document = try await snapshot.xml(secure: true)
      if let index = snapshots.names.firstIndex(of: snapshot.name) {
        snapshots.documents[index] = document
      } else {
        snapshots.documents.append(document)
      }
    }
    // Those that were taken off before say which is current, unless somebody has made one since.
    guard carried.current == nil || !Set(there.map(\.name)).isSubset(of: carried.names) else {
      return snapshots
    }
    snapshots.current = nil
    for snapshot in there where try await snapshot.isCurrent() { snapshots.current = snapshot.name }
    return snapshots
  }

  /// Has libvirt know the snapshots in the metadata of the VM again, and takes them out of there.
  func restoreSnapshots(of domain: Domain) async throws {
    let definition = try await domain.xml(.inactive, secure: true)
    guard let snapshots = try SnapshotsDocument.read(from: definition) else { return }
    try await restore(snapshots, of: domain)
  }

  /// The same with snapshots that ``takeSnapshots(of:_:)`` returned, which have their passwords still.
  func restore(_ snapshots: CarriedSnapshots, of domain: Domain) async throws {
    let there = Set(try await domain.snapshots().map(\.name))
    // One that was made since is the current one.
    let isUntouched = there.isSubset(of: snapshots.names)
    for document in snapshots.documents {
      let name = SnapshotsDocument.name(of: document)
      guard !there.contains(name) else { continue }
      do {
        try await domain.redefineSnapshot(document, isCurrent: isUntouched && name == snapshots.current)
      } catch let error as LibvirtError where !error.isConnectionFailure {
        throw Failure(
          description:
            "libvirt does not take its snapshot '\(name)' back: \(error); it stays in the VM's metadata, "
            + "and virsh metadata \(domain.name) --uri \(SnapshotsDocument.namespace) --config --remove gives it up"
        )
      }
    }
    try await write(nil, of: domain)
  }

  private func write(_ snapshots: CarriedSnapshots?, of domain: Domain) async throws {
    try await domain.setMetadata(
      element: try snapshots.map(SnapshotsDocument.element), prefix: SnapshotsDocument.prefix,
      uri: SnapshotsDocument.namespace, affecting: .config)
  }
}

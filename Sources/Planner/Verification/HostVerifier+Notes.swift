import SpecModel

/// Notes beside disks that are not there any more.
extension HostVerifier {
  /// The notes of the pool that say something of `volume`.
  func notes(about volume: Volume) -> [String] {
    let stem = String(Identity.stem(of: volume.name))
    let names = host.pool(named: volume.pool)?.volumeNames ?? []
    return names.filter { identity.note(named: $0)?.subject == stem }.sorted()
  }

  mutating func verifyNotes(in pool: Pool) {
    // Of what several hosts see, the first one tells.
    let isShared = site.pools.contains { $0.name.rawValue == pool.name && $0.isShared }
    if isShared, all.first(where: { $0.pool(named: pool.name)?.isActive == true })?.state.name != state.name {
      return
    }
    let stems = Set((host.pool(named: pool.name)?.volumes ?? []).map { String(Identity.stem(of: $0.name)) })
    for name in pool.volumeNames.sorted() {
      guard let note = identity.note(named: name) else { continue }
      if note.kind == .host {
        verifyHostNote(note.subject, name, pool)
      } else if !stems.contains(note.subject) {
        verifyNoteAlone(note, name, pool)
      }
    }
  }

  private mutating func verifyHostNote(_ former: String, _ name: String, _ pool: Pool) {
    guard !site.hosts.contains(where: { $0.name.rawValue == former }) else { return }
    find(
      .formerHost, "pool.\(pool.name)",
      "'\(name)' in it says that host '\(former)' has VMs of the stack, and the spec has no such host",
      .person(
        "put the host back into the spec; or, once nothing of the stack runs there any more, "
          + "apply with --fenced \(former)"))
  }

  private mutating func verifyNoteAlone(_ note: VolumeNote, _ name: String, _ pool: Pool) {
    // A file that is named and is not there is told of as that, and may come back.
    if isNamed(stem: note.subject) { return }
    let words: String =
      switch note.kind {
      case .moving: "was being copied from host to host"
      case .lost: "had its VM started elsewhere when its host was lost"
      case .copying: "was a copy that was not whole"
      case .copied: "was copied from an image"
      case .protected: "was protected"
      case .kept: "was to be kept"
      case .deleting: "was about to be deleted"
      case .renamed: "had got another name"
      case .host: ""
      }
    let meaning = "'\(name)' in it says that '\(note.subject)' \(words), and there is no such volume"
    // What is on a host that does not answer, such notes may be about.
    if [.moving, .lost].contains(note.kind), !seesAll {
      find(
        .noteAlone, "pool.\(pool.name)", meaning,
        .person("verify again once all hosts answer: it may be about a VM on one that does not"))
      return
    }
    find(
      .noteAlone, "pool.\(pool.name)", meaning,
      .fix("takes the note away", [.deleteNote(pool: pool.name, name: name)]))
  }

  /// True if a VM of any host has a file of this name, or remembers one, or the spec has a disk of it.
  private func isNamed(stem: String) -> Bool {
    let isUsed = all.contains { index in
      index.state.machines.contains { machine in
        let marked = (machine.mark?.disks ?? []).compactMap(\.file)
        return (Array(machine.files) + marked).contains { Identity.stem(ofPath: $0) == stem }
      }
    }
    if isUsed { return true }
    guard let tagged = identity.volume(stem: stem) else { return false }
    switch tagged.kind {
    case .sharedDisk: return site.disks.contains { $0.name.rawValue == tagged.base }
    case .machineDisk:
      return site.machines.contains { machine in
        machine.disks.contains { "\(machine.name).\($0.name)" == tagged.base }
      }
    case .image, .seed, .ignition: return false
    }
  }
}

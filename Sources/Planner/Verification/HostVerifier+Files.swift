import SpecModel

/// Files that definitions and volumes name, and volumes that none does.
extension HostVerifier {
  mutating func verifyFiles(of machine: Machine) {
    let name = host.specName(of: machine)
    let path = spec(name)?.path
    for file in machine.files.sorted() where isAbsent(file) {
      let disk = machine.disks.first { $0.path == file || $0.overlay?.path == file }
      let what = disk.map { "its disk '\($0.name)' is \(file)" } ?? "it uses \(file)"
      if let disk, disk.path == file, state.liveFiles(of: machine).contains(file) {
        find(
          .missingFile, "vm.\(name)", at: path,
          "\(what), which is gone: only the running guest has its content, and loses it when it stops",
          .person("save it while the guest runs", command: state.rescue(disk, of: machine)))
        continue
      }
      let copy = identity.volume(named: Self.name(of: file)).flatMap { $0.kind.isCopy ? $0 : nil }
      let refresh = pool(of: file).map { state.virsh("pool-refresh \($0.name)") }
      find(
        .missingFile, "vm.\(name)", at: path,
        "\(what), which is not there: \(machine.isActive ? "its next start fails" : "it cannot start")",
        copy != nil
          ? .apply("brings it again if the spec still has what it is made from")
          : .person(
            "put the file back, and have libvirt look again"
              + (disk == nil || spec(name) == nil ? "" : "; without it the next apply makes an empty disk"),
            command: refresh))
    }
  }

  /// True if the file is known not to be there: the host said so, or it is one of the stack's and not in its pool.
  private func isAbsent(_ path: String) -> Bool {
    if state.absentFiles.contains(path) { return true }
    guard host.volume(at: path) == nil, let pool = pool(of: path), isRead(pool) else { return false }
    return identity.volume(named: Self.name(of: path)) != nil
  }

  private func pool(of path: String) -> Pool? {
    state.pools.first { pool in
      pool.source?.root.map { path == "\($0)/\(Self.name(of: path))" } ?? false
    }
  }

  static func name(of path: String) -> String { Identity.fileName(ofPath: path) }

  // MARK: Volumes

  mutating func verify(_ volume: Volume) {
    guard let tagged = host.tagged(volume) else { return }
    let name = host.diskName(of: volume, tagged)
    let object = tagged.kind.isCopy ? "image.\(tagged.base)" : "disk.\(name)"
    verifyBase(of: volume, object, tagged)
    if host.isMoving(volume) {
      find(
        .unfinishedMove, object, "\(volume.path) was being copied from host to host when a move was cut off",
        .apply("takes away what is worth nothing, and goes on with the VM where it is"))
      return
    }
    let users = host.users(of: volume.path)
    let wanted = wanted(tagged, name)
    if host.isCutOff(volume) { return verifyCopy(volume, object, users, wanted, tagged) }
    guard users.isEmpty, !isBase(volume.path) else { return }
    if tagged.kind.isCopy { return verifyUse(ofCopy: volume, object, tagged) }
    if host.isBeingDeleted(tagged, in: volume.pool) {
      find(
        .unfinishedDeletion, object, at: wanted?.path,
        "\(volume.path) was about to be deleted when a run was cut off",
        wanted == nil
          ? .apply("deletes it", options: "--allow-data-loss") : .apply("keeps it, as the spec has it again"))
      return
    }
    if let wanted {
      // A shared disk needs no VM.
      guard tagged.kind == .machineDisk else { return }
      find(
        .notInUse, object, at: wanted.path, "\(volume.path) is there, and no definition has it",
        .apply("gives it to the VM that the spec has it for"))
      return
    }
    // What was to stay has stayed.
    guard !host.isProtected(tagged, in: volume.pool), !host.isKept(tagged, in: volume.pool) else { return }
    find(
      tagged.kind == .sharedDisk ? .notInSpec : .notInUse, object,
      "\(volume.path) (\(volume.capacity)) is the stack's, and neither a VM nor the spec has it",
      .apply("deletes it, with what is in it", options: "--allow-data-loss-of \(object)"))
  }

  /// What the spec says of a disk on this host; nil if it has none of the name.
  private func wanted(_ tagged: Identity.TaggedVolume, _ name: String) -> (path: SpecPath, isHere: Bool)? {
    if tagged.kind == .sharedDisk {
      return site.disks.first { $0.name.rawValue == name }.map { ($0.path, true) }
    }
    for machine in site.machines {
      if let disk = machine.disks.first(where: { "\(machine.name).\($0.name)" == name }) {
        return (disk.path, isWanted(machine.name.rawValue))
      }
    }
    return nil
  }

  private mutating func verifyBase(
    of volume: Volume, _ object: String, _ tagged: Identity.TaggedVolume
  ) {
    guard let base = volume.backingPath, isAbsent(base) else { return }
    let users = host.users(of: volume.path).map { "'\($0.domainName)'" }.joined(separator: ", ")
    let image = identity.volume(named: Self.name(of: base))
    find(
      .missingBase, object,
      "\(volume.path) is based on \(base), which is not there"
        + (users.isEmpty ? "" : ": without it no guest of \(users) can read the disk"),
      image?.kind == .image
        ? .apply("brings the image again if the spec still has it as it was")
        : .person(
          "put the file back, and have libvirt look again",
          command: pool(of: base).map { state.virsh("pool-refresh \($0.name)") }))
  }

  /// A copy that is not whole: nothing has ever been in it that is not where it was copied from.
  private mutating func verifyCopy(
    _ volume: Volume, _ object: String, _ users: [Machine], _ wanted: (path: SpecPath, isHere: Bool)?,
    _ tagged: Identity.TaggedVolume
  ) {
    let meaning = "\(volume.path) is a copy that was cut off, and not whole"
    let running = users.filter { !host.owns($0) || $0.isActive }
    if !running.isEmpty {
      let names = running.map { "'\($0.domainName)'" }.joined(separator: ", ")
      find(
        .halfCopy, object, at: wanted?.path, "\(meaning), and VM \(names) has it",
        .person("stop the VM; then the next apply makes the copy again"))
    } else if wanted != nil || !users.isEmpty || tagged.kind.isCopy {
      find(.halfCopy, object, at: wanted?.path, meaning, .apply("makes the copy again"))
    } else if host.isProtected(tagged, in: volume.pool) || isBase(volume.path) {
      find(.halfCopy, object, meaning, .person("look at it: it is protected, or another file is based on it"))
    } else {
      let notes = notes(about: volume).filter { $0 != Identity.copyingName(of: volume.name) }.map {
        Finding.Mend.deleteNote(pool: volume.pool, name: $0)
      }
      let copying = Identity.copyingName(of: volume.name)
      find(
        .halfCopy, object, "\(meaning); neither a VM nor the spec has it",
        .fix(
          "deletes it",
          [.deleteVolume(pool: volume.pool, name: volume.name)] + notes + [
            .deleteNote(pool: volume.pool, name: copying)
          ]))
    }
  }

  /// Images, seeds and configs are copies of what is kept elsewhere.
  private mutating func verifyUse(
    ofCopy volume: Volume, _ object: String, _ tagged: Identity.TaggedVolume
  ) {
    if tagged.kind == .image {
      // What the spec has disks made from stays for the next of them.
      let name = tagged.base.lastIndex(of: "-").map { String(tagged.base[..<$0]) } ?? tagged.base
      if site.images.contains(where: { $0.name.rawValue == name }) { return }
    }
    find(
      .notInUse, object, "\(volume.path) is the stack's, and nothing uses it",
      .apply("removes it, or uses it"))
  }

  /// True if another file is based on the one at `path`, as the overlay of a snapshot is.
  private func isBase(_ path: String) -> Bool {
    (state.pools + view.pools).contains { pool in
      pool.foreignBackingPaths.contains(path) || pool.volumes.contains { $0.backingPath == path }
    }
  }
}

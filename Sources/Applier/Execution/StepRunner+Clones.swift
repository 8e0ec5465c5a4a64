import FoundationEssentials
import Libvirt
import Planner
import SpecModel

extension StepRunner {
  /// Makes `wanted` a copy of `source`, an image in the same pool.
  ///
  /// A note beside it says that it is not whole, from before it is there until it is as large as it shall be. Another one
  /// stays and says what it was copied from.
  func copy(_ source: Volume, into wanted: Volume, in pool: StoragePool) async throws {
    let image = try await image(source, in: pool)
    try await checkSpace(for: ByteCount(rawValue: try await image.info(physical: true).allocation), in: pool)
    let note = Identity.copyingName(of: wanted.name)
    try await self.note(note, true, in: pool)
    do {
      let volume = try await pool.createVolume(VolumeDocument.definition(of: wanted), copying: image)
      // qemu-img, which libvirt has do this, gives it the size of its source.
      if try await volume.info().capacity < wanted.capacity.rawValue {
        try await volume.resize(bytes: wanted.capacity.rawValue)
      }
    } catch {
      // The note goes only after what it tells of.
      do {
        try await pool.volume(named: wanted.name)?.delete()
        try await pool.volume(named: note)?.delete()
      } catch {
        throw Failure(description: "the copy of '\(source.name)' failed and has to be made again: \(error)")
      }
      throw error
    }
    if let name = identity?.volume(named: source.name)?.base {
      try await self.note(Identity.copiedName(of: wanted.name, from: name), true, in: pool)
    }
    try await self.note(note, false, in: pool)
  }

  /// The volume of an image, once libvirt takes it for what it is: it looks into the file some time after the upload, and
  /// reads it as what it found there.
  private func image(_ wanted: Volume, in pool: StoragePool) async throws -> StorageVolume {
    var found = ""
    for isSecond in [false, true] {
      if isSecond { try await refresh(pool) }
      guard let volume = try await pool.volume(named: wanted.name) else {
        // Another host may have brought it.
        if !isSecond { continue }
        throw Failure(description: "the image '\(wanted.name)' is gone")
      }
      let document = try await volume.xml()
      found = document.at("target", "format")?[attribute: "type"] ?? ""
      // A raw image with a CD's file system in it is read as raw, too.
      let isExpected = found == wanted.format.rawValue || found == "iso" && wanted.format == .raw
      if isExpected, document.at("backingStore", "path") == nil { return volume }
    }
    throw Failure(
      description:
        "the image '\(wanted.name)' is no plain \(wanted.format.rawValue) file: libvirt takes it for \(found)"
    )
  }

  /// Deletes what a run that was cut off may have libvirt still making.
  func deleteUnfinished(_ volume: StorageVolume) async throws {
    for attempt in 1... {
      do {
        return try await volume.delete()
      } catch let error as LibvirtError where error.code == .operationInvalid && attempt < Self.longestCopy {
        try await Task.sleep(for: .seconds(1))
      }
    }
  }

  /// How many seconds are waited for a copy that libvirt goes on with.
  private static let longestCopy = 600

  /// Has libvirt look at the files of the pool, which it refuses while it makes one of them.
  func refresh(_ pool: StoragePool) async throws {
    for attempt in 1... {
      do {
        return try await pool.refresh()
      } catch let error as LibvirtError where error.code == .internalError {
        let isBusy = error.message.contains("asynchronous jobs")
        guard attempt < (isBusy ? Self.longestCopy * 10 : 20) else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// A volume of the pool, whoever made it, whose backing file is `volume`. libvirt is asked to look at the files first: a
  /// person may have made one beside it.
  func clone(of volume: StorageVolume, in pool: StoragePool) async throws -> String? {
    try await refresh(pool)
    let path = try await volume.path()
    for other in try await pool.volumes() {
      let document = try await present({ try await other.xml() }, unless: .noStorageVolume)
      if document?.at("backingStore", "path")?.text == path { return other.name }
    }
    return nil
  }

  /// The same, as far as libvirt knows, among what is not the stack's: the planner knows the stack's own.
  func foreignClone(of volume: StorageVolume, in pool: StoragePool, _ identity: Identity) async throws
    -> String?
  {
    let clones = try await recent.foreignClones(in: pool, identity)
    return clones.isEmpty ? nil : clones[try await volume.path()]
  }
}

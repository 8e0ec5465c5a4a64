import FoundationEssentials
import Glibc
import Libvirt
import Planner
import SpecModel

/// Images that are copied into the disks made from them.
extension StepRunner {
  /// Makes the volume and sends the image into it, as raw bytes. A note beside the volume says until the end that it is not
  /// whole, so that a run which is cut off leaves nothing that looks like a disk; another one stays and says what it was
  /// copied from.
  func copy(_ content: ImageContent, _ format: DiskFormat, _ name: String, into wanted: Volume) async throws {
    let pool = try await pool(named: wanted.pool)
    let note = Identity.copyingName(of: wanted.name)
    if let there = try await pool.volume(named: wanted.name) {
      // Without the note it is whole.
      if try await pool.volume(named: note) == nil { return }
      try await deleteUnfinished(there)
    }
    try await self.note(note, true, in: pool)
    let volume = try await pool.createVolume(VolumeDocument.definition(of: wanted))
    try await RawImage.withFile(of: content, format) { file, length in
      // A new volume of LVM has what was there before, so holes are sent, too.
      try await volume.upload(from: file, sparse: false) { sent in progress(sent, length) }
    }
    try await self.note(Identity.copiedName(of: wanted.name, from: name), true, in: pool)
    try await self.note(note, false, in: pool)
  }
}

import Libvirt
import Planner
import SpecModel

/// Which device of a document has which name. All that reads or edits devices goes by this.
///
/// A disk is known by its file: another one at its target is a person's. A CD-ROM drive, whose medium changes, is known by
/// its target, and an interface by its address.
extension DomainDocument {
  /// The disks and drives of `document` that have names, with the targets that they have there. What the mark remembers
  /// and the document lacks is left out, and one device has one name.
  ///
  /// - Parameter overlays: what lies over the files of disks, by the file.
  static func disks(
    of mark: Mark, in document: XMLElement, overlays: [String: Machine.Overlay] = [:]
  ) -> [Mark.DiskMark] {
    var devices = document.all(at: "devices", "disk")
    var found = [Mark.DiskMark?](repeating: nil, count: mark.disks.count)
    func find(_ index: Int, _ isDevice: (XMLElement) -> Bool) {
      guard let place = devices.firstIndex(where: isDevice) else { return }
      found[index] = mark.disks[index]
      found[index]?.target = target(of: devices.remove(at: place)) ?? ""
    }
    for index in mark.disks.indices {
      guard let file = mark.disks[index].file else { continue }
      find(index) { !isDrive($0) && path($0) == file }
      if found[index] == nil, let overlay = overlays[file] {
        find(index) { !isDrive($0) && path($0) == overlay.path }
      }
    }
    // The name that a device was given last counts.
    for index in mark.disks.indices.reversed() where mark.disks[index].file == nil {
      find(index) { device in
        target(of: device) == mark.disks[index].target
          && (isDrive(device) || isTagged(device, by: mark.stack))
      }
    }
    return found.compactMap { $0 }
  }

  /// The interfaces of `document` that have names; one has one name.
  static func nics(of mark: Mark, in document: XMLElement) -> [Mark.NICMark] {
    var addresses = Set(document.all(at: "devices", "interface").compactMap(macAddress))
    return mark.nics.reversed().filter { addresses.remove($0.mac) != nil }.reversed()
  }

  /// `mark` with the devices that the definition has, and beside them those that only the guest has.
  static func present(
    _ mark: Mark, in definition: XMLElement, guest: XMLElement?, overlays: [String: Machine.Overlay]
  ) -> Mark {
    var present = mark
    present.disks = disks(of: mark, in: definition, overlays: overlays)
    present.nics = nics(of: mark, in: definition)
    guard let guest else { return present }
    present.disks += disks(of: mark, in: guest, overlays: overlays).filter { disk in
      !present.disks.contains { $0.name == disk.name }
    }
    present.nics += nics(of: mark, in: guest).filter { nic in
      !present.nics.contains { $0.name == nic.name || $0.mac == nic.mac }
    }
    return present
  }

  /// The mark of a VM whose guest is started again with `document`, which it ran with before: what its host remembered last,
  /// but nothing waits for a restart any more.
  static func restored(_ mark: Mark, in document: XMLElement) -> Mark {
    var restored = mark
    (restored.staged, restored.unfinished) = ([], [])
    guard let started = MarkDocument.read(from: document) else { return restored }
    for path in mark.staged { restored.applied[path] = started.applied[path] }
    // What was to go with the restart has its name only there.
    restored.disks += disks(of: started, in: document).filter { disk in
      !mark.disks.contains { $0.name == disk.name || $0.file == disk.file && $0.target == disk.target }
        && !mark.disks.contains { $0.file != nil && $0.file == disk.file }
    }
    restored.nics += nics(of: started, in: document).filter { nic in
      !mark.nics.contains { $0.name == nic.name || $0.mac == nic.mac }
    }
    return restored
  }

  /// The disks that `document` has another file in the place of: each by its own file, and the device that is there.
  static func displacedDisks(
    of mark: Mark?, in document: XMLElement
  ) -> [(file: String, device: XMLElement)] {
    guard let mark else { return [] }
    let there = disks(of: mark, in: document)
    let targets = Set(there.map(\.target))
    return mark.disks.compactMap { disk in
      guard let file = disk.file, !there.contains(where: { $0.file == file }), !targets.contains(disk.target),
        let device = document.all(at: "devices", "disk").first(where: { target(of: $0) == disk.target }),
        !isDrive(device)
      else { return nil }
      return (file, device)
    }
  }

  /// The files below the one that a running guest has opened, from its live document.
  static func backingFiles(of disk: XMLElement) -> [String] {
    var files: [String] = []
    var level = disk.first("backingStore")
    while let store = level, let source = store.first("source") {
      if let file = source[attribute: "file"] ?? source[attribute: "dev"] { files.append(file) }
      level = store.first("backingStore")
    }
    return files
  }

  static func isDrive(_ disk: XMLElement) -> Bool { disk[attribute: "device"] == "cdrom" }

  static func target(of disk: XMLElement) -> String? { disk.first("target")?[attribute: "dev"] }

  /// True if the file's name says that the stack made it.
  private static func isTagged(_ disk: XMLElement, by stack: String) -> Bool {
    guard let stack = try? ResourceName(parsing: stack) else { return false }
    let name = path(disk)?.split(separator: "/").last.map(String.init)
    return name.flatMap { Identity(stack: stack).volume(named: $0) } != nil
  }
}

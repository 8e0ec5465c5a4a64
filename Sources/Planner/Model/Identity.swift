import Crypto
public import FoundationEssentials
public import SpecModel

/// The names that a stack's objects have on a host, computed so that a second run finds what the first made.
///
/// A UUID is an RFC 4122 version 5 UUID of the stack and the object's kind and name. It does not depend on the
/// host: a VM keeps it when it moves.
public struct Identity: Sendable {
  public enum Kind: String, Sendable {
    case machine, network, pool, filter
  }

  /// What a tagged volume holds.
  public enum VolumeKind: String, CaseIterable, Sendable {
    case machineDisk = "vm-disk"
    case sharedDisk = "disk"
    case image
    /// What a VM's cloud-init reads.
    case seed
    /// The config that a VM's Ignition reads.
    case ignition

    /// True for what has the digest of its content in its name, and is a copy of what is kept elsewhere.
    public var isCopy: Bool { self != .machineDisk && self != .sharedDisk }
  }

  /// A volume name taken apart.
  public struct TaggedVolume: Hashable, Sendable {
    public let kind: VolumeKind
    /// The name without tag and extension.
    public let base: String
  }

  public let stack: ResourceName

  public init(stack: ResourceName) { self.stack = stack }

  /// The namespace of virtform's UUIDs.
  private static let namespace: [UInt8] = [
    0x3b, 0x6e, 0x5a, 0x0c, 0x8f, 0x0d, 0x4c, 0x55, 0x9d, 0x1a, 0x6f, 0x1e, 0x52, 0x0b, 0x7c, 0x21,
  ]

  public func uuid(_ kind: Kind, _ name: String) -> UUID {
    var bytes = digest("\(kind.rawValue)/\(name)")
    bytes[6] = bytes[6] & 0x0f | 0x50
    bytes[8] = bytes[8] & 0x3f | 0x80
    return UUID(
      uuid: (
        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8], bytes[9],
        bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
      ))
  }

  /// A unicast, locally administered address that is the same on every run.
  public func mac(machine: String, nic: String) -> MACAddress {
    let bytes = [0x52, 0x54] + digest("nic/\(machine)/\(nic)").prefix(4)
    guard let mac = MACAddress(bytes: bytes) else { preconditionFailure("six bytes make a MAC address") }
    return mac
  }

  /// `virtform-shop-db`: network filters are for the whole host, whatever stack they belong to.
  public func filterName(_ name: ResourceName) -> String { "virtform-\(stack)-\(name)" }

  /// The name in the spec of the firewall that libvirt knows by `name`; nil if it is none of the stack's.
  public func firewall(named name: String) -> String? {
    let prefix = "virtform-\(stack)-"
    return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }

  /// `web-1.root-3fa2b1c0.qcow2`: the tag proves the stack's ownership from the name alone.
  public func volumeName(_ kind: VolumeKind, base: String, format: DiskFormat) -> String {
    "\(base)-\(tag(kind, base)).\(ending(kind, format))"
  }

  private func ending(_ kind: VolumeKind, _ format: DiskFormat) -> String {
    switch kind {
    case .seed: "iso"
    case .ignition: "ign"
    case .machineDisk, .sharedDisk, .image: format.rawValue
    }
  }

  // libvirt keeps no metadata for volumes, and no VM need have a disk: what has to be remembered of one that none has
  // stands in the name of an empty volume beside it.

  /// `data-5b9313d2.protected` says that nothing may delete the disk.
  public func protectionName(of kind: VolumeKind, _ base: String) -> String {
    "\(base)-\(tag(kind, base)).\(Self.protection)"
  }

  /// `web-1.root-3fa2b1c0.kept` says that the disk's content stays when its VM goes, and afterwards.
  public func keepName(of kind: VolumeKind, _ base: String) -> String {
    "\(base)-\(tag(kind, base)).\(Self.kept)"
  }

  /// `web-1.root-3fa2b1c0.deleting` says that a run with consent was about to delete the disk.
  public func deletionName(of kind: VolumeKind, _ base: String) -> String {
    "\(base)-\(tag(kind, base)).\(Self.deleting)"
  }

  /// `data-5b9313d2~store.renamed` says that the spec calls the disk `store`, `web-1.root-3fa2b1c0~front.root.renamed` that it
  /// is the disk `root` of the VM `front`. Its file keeps its name. What is no file cannot have a `~` in its name, and has
  /// `_`.
  public func renameName(of disk: TaggedVolume, to name: String, isFile: Bool) -> String {
    "\(disk.base)-\(tag(disk.kind, disk.base))\(isFile ? "~" : "_")\(name).\(Self.renamed)"
  }

  /// `web-1.root-3fa2b1c0.copying` says that the volume is a copy which is not whole.
  public static func copyingName(of volume: String) -> String { "\(stem(of: volume)).\(copying)" }

  /// `web-1.root-3fa2b1c0.debian-4c1f37e0a2b9.copied` says what the volume was copied from: an image with the start of its
  /// digest.
  public static func copiedName(of volume: String, from image: String) -> String {
    "\(stem(of: volume)).\(image).\(copied)"
  }

  /// `web-1.root-3fa2b1c0.moving` says that the disk is being copied to another host, or from one: where its VM is not, what
  /// lies here is worth nothing.
  public static func movingName(of volume: String) -> String { "\(stem(of: volume)).\(moving)" }

  /// `web-1.root-3fa2b1c0.rack2.lost` says that the VM was started elsewhere when its host rack2 was lost: what that host has
  /// of it counts no more.
  public static func lostName(of volume: String, on host: ResourceName) -> String {
    "\(stem(of: volume)).\(host).\(lost)"
  }

  /// The hosts that such notes beside the volume name.
  static func lostHosts(of volume: String, among names: Set<String>) -> [ResourceName] {
    let start = "\(stem(of: volume))."
    return names.filter { $0.hasPrefix(start) && $0.hasSuffix(".\(lost)") }.compactMap { name in
      try? ResourceName(parsing: String(name.dropFirst(start.count).dropLast(lost.rawValue.count + 1)))
    }.sorted()
  }

  /// The name without its ending of the volume that a note of the loss of `host` is about; nil for any other name.
  static func lostStem(of note: String, on host: ResourceName) -> String? {
    let end = ".\(host).\(lost)"
    return note.hasSuffix(end) && endsInTag(note.dropLast(end.count)) ? String(note.dropLast(end.count)) : nil
  }

  static func stem(ofPath path: String) -> String { String(stem(of: fileName(ofPath: path))) }

  /// What stands behind the last `/`.
  static func fileName(ofPath path: String) -> String {
    let bytes = path.utf8
    return bytes.lastIndex(of: UInt8(ascii: "/")).map { String(path[bytes.index(after: $0)...]) } ?? path
  }

  /// `rack2-5b9313d2.host` says that VMs of the stack on the host rack2 have disks in the pool, which other hosts see, too.
  public func hostNoteName(_ host: ResourceName) -> String { "\(host)-\(tag("host/\(host)")).\(Self.host)" }

  /// True for the name of such a note, of whatever stack.
  static func isHostNote(_ name: String) -> Bool { name.hasSuffix(".\(host)") }

  /// The host that such a note names; nil for any other name.
  public func host(noted name: String) -> ResourceName? {
    guard Self.isHostNote(name), let dash = name.lastIndex(of: "-"),
      let host = try? ResourceName(parsing: String(name[..<dash])), hostNoteName(host) == name
    else { return nil }
    return host
  }

  /// True if the volume called `note` says something of the one called `volume`, but that it is moving.
  public static func isNote(_ note: String, about volume: String) -> Bool {
    let stem = stem(of: volume)
    guard note.hasPrefix(stem), note != volume, note != movingName(of: volume),
      let next = note.dropFirst(stem.count).first
    else { return false }
    return [".", "~", "_"].contains(next) && endsInTag(stem)
  }

  /// The name of the volume that such a note is about, without its ending; nil for any other name.
  static func movedStem(of note: String) -> String? {
    note.hasSuffix(".\(moving)") && endsInTag(stem(of: note)) ? String(stem(of: note)) : nil
  }

  /// The images that volumes were copied from, as the names of the volumes beside them say, by the names of the volumes
  /// without their endings.
  static func copiedImages(among volumes: Set<String>) -> [Substring: Set<String>] {
    var images: [Substring: Set<String>] = [:]
    for volume in volumes where volume.hasSuffix(".\(copied)") {
      let text = volume.dropLast(copied.rawValue.count + 1)
      for dot in text.indices where text[dot] == "." && endsInTag(text[..<dot]) {
        images[text[..<dot], default: []].insert(String(text[text.index(after: dot)...]))
      }
    }
    return images
  }

  private static func endsInTag(_ name: Substring) -> Bool {
    name.dropLast(8).last == "-" && name.suffix(8).allSatisfy(\.isHexDigit)
  }

  static func stem(of volume: String) -> Substring {
    volume.lastIndex(of: ".").map { volume[..<$0] } ?? volume[...]
  }

  // The endings of notes.
  private static let moving = VolumeNote.Kind.moving
  private static let lost = VolumeNote.Kind.lost
  private static let host = VolumeNote.Kind.host
  private static let copying = VolumeNote.Kind.copying
  private static let copied = VolumeNote.Kind.copied
  private static let protection = VolumeNote.Kind.protected
  private static let kept = VolumeNote.Kind.kept
  private static let deleting = VolumeNote.Kind.deleting
  private static let renamed = VolumeNote.Kind.renamed

  /// The names that the spec last had for the disks that were renamed, or whose VM was, as the names of the volumes in their
  /// pool say.
  public func renamedDisks(among volumes: Set<String>) -> [TaggedVolume: Set<String>] {
    var names: [TaggedVolume: Set<String>] = [:]
    for volume in volumes where volume.hasSuffix(".\(Self.renamed)") {
      let text = volume.dropLast(Self.renamed.rawValue.count + 1)
      // A name may have the separator in it; the tag tells which one it is.
      for index in text.indices where text[index] == "~" || text[index] == "_" {
        guard let dash = text[..<index].lastIndex(of: "-") else { continue }
        let (base, name) = (String(text[..<dash]), String(text[text.index(after: index)...]))
        for kind in VolumeKind.allCases where !kind.isCopy {
          let disk = TaggedVolume(kind: kind, base: base)
          if renameName(of: disk, to: name, isFile: text[index] == "~") == volume {
            names[disk, default: []].insert(name)
          }
        }
      }
    }
    return names
  }

  /// What the volume is if its name carries a tag of this stack, else nil.
  public func volume(named name: String) -> TaggedVolume? {
    let bytes = name.utf8
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")),
      let dash = bytes[..<dot].lastIndex(of: UInt8(ascii: "-")), dash > bytes.startIndex
    else { return nil }
    let tag = name[bytes.index(after: dash)..<dot]
    guard tag.utf8.count == 8 else { return nil }
    let (base, ending) = (String(name[..<dash]), String(name[bytes.index(after: dot)...]))
    guard VolumeNote.Kind(rawValue: ending) == nil else { return nil }
    for kind in VolumeKind.allCases where self.tag(kind, base) == tag {
      // Another ending is another file, such as the overlay of a snapshot.
      let isOwn = DiskFormat.allCases.contains { self.ending(kind, $0) == ending }
      return isOwn ? TaggedVolume(kind: kind, base: base) : nil
    }
    return nil
  }

  private func tag(_ kind: VolumeKind, _ base: String) -> String { tag("volume/\(kind.rawValue)/\(base)") }

  private func tag(_ name: String) -> String {
    let bytes = digest(name)
    return String(unsafeUninitializedCapacity: 8) { text in
      for index in 0..<4 { (text[2 * index], text[2 * index + 1]) = bytes[index].hexDigits }
      return 8
    }
  }

  private func digest(_ name: String) -> [UInt8] {
    var bytes = Self.namespace
    bytes += stack.rawValue.utf8
    bytes.append(UInt8(ascii: "/"))
    bytes += name.utf8
    return Array(Insecure.SHA1.hash(data: bytes))
  }
}

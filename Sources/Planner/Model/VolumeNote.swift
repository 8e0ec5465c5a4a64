import SpecModel

/// What the name of an empty volume says of another one beside it, or of a host.
struct VolumeNote: Hashable {
  /// The raw value is the ending of the name; `Identity` says what each means.
  enum Kind: String, CaseIterable, CustomStringConvertible {
    case moving, lost, host, copying, copied, protected, kept, deleting, renamed

    var description: String { rawValue }
  }

  /// True if the name ends as that of a note does, of whatever stack.
  static func isNote(named name: String) -> Bool {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return Kind(rawValue: String(name[name.utf8.index(after: dot)...])) != nil
  }

  let kind: Kind
  /// The name without its ending of the volume that it is about; of a note about a host, the host.
  let subject: String
}

extension Identity {
  /// What the volume of this name says; nil for any other volume, and for notes of other stacks.
  func note(named name: String) -> VolumeNote? {
    guard let dot = name.lastIndex(of: "."),
      let kind = VolumeNote.Kind(rawValue: String(name[name.index(after: dot)...]))
    else { return nil }
    let text = name[..<dot]
    func note(_ stem: Substring) -> VolumeNote? {
      volume(stem: String(stem)) == nil ? nil : VolumeNote(kind: kind, subject: String(stem))
    }
    func note(before separators: Set<Character>) -> VolumeNote? {
      text.indices.lazy.filter { separators.contains(text[$0]) }.compactMap { note(text[..<$0]) }.first
    }
    switch kind {
    case .host: return host(noted: name).map { VolumeNote(kind: kind, subject: $0.rawValue) }
    case .moving, .copying, .protected, .kept, .deleting: return note(text)
    case .lost, .copied: return note(before: ["."])
    case .renamed: return note(before: ["~", "_"])
    }
  }

  /// What a volume of this name without its ending is; nil if it is none of the stack's.
  func volume(stem: String) -> TaggedVolume? {
    let endings = [DiskFormat.qcow2.rawValue, "iso", "ign"]
    return endings.lazy.compactMap { volume(named: "\(stem).\($0)") }.first
  }
}

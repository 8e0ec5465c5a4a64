public import SpecModel

/// Something on a host that no run of virtform leaves when it ends well, with what it means and what to do about it.
public struct Finding: Hashable, Sendable {
  /// The raw values are words of the JSON document, which programs may go by.
  public enum Kind: String, Sendable, CaseIterable {
    // Marks.
    case unreadableMark = "mark-unreadable"
    case otherFormat = "mark-other-format"
    case copiedMark = "mark-copied"
    case missingMark = "mark-missing"
    case otherStack = "mark-other-stack"
    case unfinishedChange = "change-unfinished"
    // What nothing asks for any more.
    case notInSpec = "not-in-spec"
    case notInUse = "not-in-use"
    case halfCopy = "copy-unfinished"
    case unfinishedMove = "move-unfinished"
    case unfinishedDeletion = "deletion-unfinished"
    case noteAlone = "note-alone"
    case parkedNetwork = "network-parked"
    case formerHost = "host-not-in-spec"
    // What is named and is not there.
    case missingFile = "file-missing"
    case missingBase = "backing-file-missing"
    case missingNetwork = "network-missing"
    case stoppedNetwork = "network-stopped"
    case missingFilter = "filter-missing"
    // What is there more than once.
    case machineTwice = "vm-twice"
    case uuidTwice = "uuid-twice"
    case addressTwice = "mac-twice"
    // Locks.
    case abandonedLock = "lock-abandoned"
    case unreadableLock = "lock-unreadable"
  }

  public enum Remedy: Hashable, Sendable {
    /// An apply does it, with these options if there are any; what it does, in words.
    case apply(String, options: String? = nil)
    /// `verify --fix` does it, and nothing is lost by that; what it does, in words.
    case fix(String, [Mend])
    /// A person does it: what, in words, and a command for a shell if there is one.
    case person(String, command: String? = nil)
  }

  /// One thing that `verify --fix` does.
  public enum Mend: Hashable, Sendable {
    case deleteNote(pool: String, name: String)
    case deleteVolume(pool: String, name: String)
    case breakLock
  }

  public let kind: Kind
  public let host: ResourceName
  /// What it is about: `vm.web` if it is the stack's, else what libvirt calls it: `domain web-clone`.
  public let object: String
  /// Where the spec has a word on it.
  public let path: SpecPath?
  /// What is the matter, as a sentence without a full stop.
  public let meaning: String
  public let remedy: Remedy

  /// What `verify --fix` does about it.
  public var mends: [Mend] {
    if case .fix(_, let mends) = remedy { mends } else { [] }
  }
}

extension Finding: Comparable {
  public static func < (a: Self, b: Self) -> Bool {
    if a.host != b.host { return a.host < b.host }
    if a.object != b.object { return a.object.isOrderedNaturally(before: b.object) }
    return (a.kind.rawValue, a.meaning) < (b.kind.rawValue, b.meaning)
  }
}

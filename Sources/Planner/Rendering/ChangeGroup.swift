public import SpecModel

/// Changes that a reader may take for one: the same is done to objects that differ in their names alone.
///
/// What differs with the name (a path, an address on the network) is told by the first and the last of them. A change that
/// destroys content stands alone: whoever consents to it has to have seen it.
public struct ChangeGroup: Sendable {
  /// In the order of the plan; at least one.
  public let changes: [Change]

  /// Fewer than this are told one by one.
  static let smallest = 4

  public var first: Change { changes[0] }
  public var host: ResourceName { first.address.host }

  /// `vm.web-1`, or `vm.web-1 … vm.web-40 (40 alike)`.
  public var title: String {
    guard changes.count > 1 else { return "\(first.address)" }
    return "\(Self.ranges(changes.map(\.address.name), kind: first.address.kind)) (\(changes.count) alike)"
  }

  /// The fields, where values that differ are those of the first and the last change: `10.0.0.11 … 10.0.0.50`.
  public var fields: [FieldChange] {
    guard let last = changes.last, changes.count > 1 else { return first.fields }
    return zip(first.fields, last.fields).map { first, last in
      FieldChange(
        first.path, from: Self.span(first.from, last.from), to: Self.span(first.to, last.to),
        effect: first.effect, cause: first.cause)
    }
  }

  private static func span(_ first: String?, _ last: String?) -> String? {
    guard let first, let last, first != last else { return first }
    return "\(first) … \(last)"
  }

  /// The changes of a plan, each in one group; a group stands where its first change stood.
  public static func groups(of changes: [Change]) -> [ChangeGroup] {
    var groups: [[Change]] = []
    // What two changes have in common is much to hash: once for each.
    var numbers: [Key: Int] = [:]
    let numbersOfChanges = changes.map { change in
      let key = change.effect == .dataLoss ? nil : Key(change)
      if let key, let number = numbers[key] {
        groups[number].append(change)
        return number
      }
      if let key { numbers[key] = groups.count }
      groups.append([change])
      return groups.count - 1
    }
    var told: Set<Int> = []
    return zip(changes, numbersOfChanges).compactMap { change, number in
      if groups[number].count < smallest { return ChangeGroup(changes: [change]) }
      return told.insert(number).inserted ? ChangeGroup(changes: groups[number]) : nil
    }
  }

  /// What two changes of one group have in common.
  private struct Key: Hashable {
    let host: ResourceName
    let kind: Address.Kind
    let action: Change.Action
    let effect: Effect
    let reason: String?
    let fields: [FieldChange]

    init(_ change: Change) {
      host = change.address.host
      kind = change.address.kind
      action = change.action
      effect = change.effect
      let name = change.address.name.prefix { $0 != "." }
      func anonymous(_ text: String?) -> String? { text.map { $0.anonymous(besides: name) } }
      reason = anonymous(change.reason)
      fields = change.fields.map { field in
        FieldChange(
          field.path, from: anonymous(field.from), to: anonymous(field.to), effect: field.effect,
          cause: field.cause)
      }
    }
  }

  // MARK: Names

  /// `vm.web-1 … vm.web-40, vm.web-42`: names that are counted are joined.
  static func ranges(_ names: [String], kind: Address.Kind) -> String {
    var ranges: [(first: String, last: String)] = []
    var previous: [Substring] = []
    for name in names {
      let parts = parts(of: name)
      if follows(parts, previous) {
        ranges[ranges.count - 1].last = name
      } else {
        ranges.append((name, name))
      }
      previous = parts
    }
    return ranges.map { first, last in
      first == last ? "\(kind.rawValue).\(first)" : "\(kind.rawValue).\(first) … \(kind.rawValue).\(last)"
    }.joined(separator: ", ")
  }

  /// True if the two names differ in one number, which is by one larger.
  private static func follows(_ name: [Substring], _ previous: [Substring]) -> Bool {
    guard name.count == previous.count else { return false }
    let differing = zip(previous, name).filter { $0 != $1 }
    guard differing.count == 1, let (old, new) = differing.first, let n = UInt64(old), let m = UInt64(new)
    else {
      return false
    }
    return m == n &+ 1
  }

  /// The runs of digits and of anything else.
  private static func parts(of name: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = name[...]
    while let first = rest.utf8.first {
      let run = rest.utf8.prefix { $0.isDigit == first.isDigit }
      parts.append(rest[..<run.endIndex])
      rest = rest[run.endIndex...]
    }
    return parts
  }
}

/// Notes that say the same of several objects of a host.
public struct NoteGroup: Sendable {
  private let addresses: [Address]
  public let text: String

  /// `vm.web-1 … vm.web-40 on rack1`
  public var title: String {
    let first = addresses[0]
    return "\(ChangeGroup.ranges(addresses.map(\.name), kind: first.kind)) on \(first.host)"
  }

  public static func groups(of notes: [Plan.Note]) -> [NoteGroup] {
    struct Key: Hashable {
      let text: String
      let kind: Address.Kind
      let host: ResourceName
    }
    func key(_ note: Plan.Note) -> Key {
      Key(text: note.text, kind: note.address.kind, host: note.address.host)
    }
    let groups = Dictionary(grouping: notes, by: key)
    var done: Set<Key> = []
    return notes.flatMap { note -> [NoteGroup] in
      guard let group = groups[key(note)], group.count >= ChangeGroup.smallest else {
        return [NoteGroup(addresses: [note.address], text: note.text)]
      }
      return done.insert(key(note)).inserted
        ? [NoteGroup(addresses: group.map(\.address), text: note.text)] : []
    }
  }
}
